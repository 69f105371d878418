"""Listings on their way from files to the store: kept on disk, read part by part, gone with the block."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType

import orjson
import pandas as pd
import pyarrow as pa


class Spool:
    """Tables of listings in the order in which they were added; memory holds one. Use it in a `with` block.

    They lie in the system's folder for temporary files, in a file without a name: nobody else writes to it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self._ends = [0]

    def add(self, table: pd.DataFrame) -> None:
        """Keep one more table."""
        written = table.assign(attributes=[orjson.dumps(each).decode() for each in table["attributes"]])
        columns = pa.Table.from_pandas(written, preserve_index=False)
        self._file.seek(self._ends[-1])
        with pa.ipc.new_stream(self._file, columns.schema) as stream:
            stream.write_table(columns)
        self._ends.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for start in self._ends[:-1]:
            self._file.seek(start)
            table: pd.DataFrame = pa.ipc.open_stream(self._file).read_all().to_pandas()
            yield table.assign(attributes=pd.Series(map(orjson.loads, table["attributes"]), dtype=object))

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
