"""Tables on their way from files into the workspace: kept on disk, read one by one, gone with the block."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd
import pyarrow as pa

from mmquality.files import room_for


class Spool:
    """Tables in the order in which they were added, of so many `rows` in all; memory holds one at a time.

    They lie in the system's folder for temporary files, in a file without a name. Use it in a `with` block.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self._ends = [0]
        self.rows = 0

    def add(self, table: pd.DataFrame) -> None:
        """Keep one more table."""
        kept = pa.Table.from_pandas(table, preserve_index=False)
        self._file.seek(self._ends[-1])
        with room_for(Path(tempfile.gettempdir())), pa.ipc.new_stream(self._file, kept.schema) as writer:
            writer.write_table(kept)
        self._ends.append(self._file.tell())
        self.rows += len(table)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for start, end in zip(self._ends, self._ends[1:], strict=False):
            self._file.seek(start)
            table: pd.DataFrame = pa.ipc.open_stream(self._file.read(end - start)).read_pandas()
            yield table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
