"""Tables on their way from files to the store: kept on disk, read again one by one, gone with the block."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType

import pandas as pd


class Spool:
    """Tables in the order in which they were added; memory holds one at a time. Use it in a `with` block.

    They lie in the system's folder for temporary files, in a file without a name: nobody else writes to it.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self._ends = [0]

    def add(self, table: pd.DataFrame) -> None:
        """Keep one more table."""
        self._file.seek(self._ends[-1])
        pickle.dump(table, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self._ends.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for start in self._ends[:-1]:
            self._file.seek(start)
            table: pd.DataFrame = pickle.load(self._file)
            yield table

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
