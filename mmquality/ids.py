"""Listing ids in the order of some rows, as a file that is mapped, not read.

A million of them cost no time to open and no memory of their own; an id is found by halving.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmquality.files import whole_file

# Letters and marks that show nothing and still count as printable: fillers, joiners, selectors of a variant.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_IDS, _ORDER = ("listing_id", pa.large_string()), ("order", pa.uint64())


def same_id(written: str) -> str:
    """An id as it is kept and compared: without white space around it, in Unicode's composed form (NFC).

    So the two ways in which computers write "é" are one id, in whatever file it stands.
    """
    text = written.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def bare_id(listing_id: str) -> str:
    """An id without what programs that take it for a number lose or add: zeros before it, ".0" behind it."""
    return listing_id.removesuffix(".0").lstrip("0") or "0"


def is_seen(listing_id: str) -> bool:
    """Whether each character of an id shows: two ids that look the same would be two listings otherwise."""
    return listing_id.isprintable() and (listing_id.isascii() or not _BLANK.search(listing_id))


class Ids(Sequence[str]):
    """Ids by row, and the row of each id."""

    def __init__(self, ids: Iterable[str]) -> None:
        names = pa.array(ids, pa.large_string())
        if isinstance(names, pa.ChunkedArray):  # of a pandas column that was read or put together in pieces
            names = _piece(names)
        self._hold(names, pc.array_sort_indices(names))

    @classmethod
    def of(cls, table: Any) -> Ids:
        """The ids in an Arrow table that holds their `columns`. Raises `ValueError` for another table."""
        if not all(name in table.column_names and table[name].type == kind for name, kind in (_IDS, _ORDER)):
            raise ValueError("there are no ids in it")
        table.validate(full=True)  # what is damaged would be read beyond its end
        order = table[_ORDER[0]]
        if len(order) and pc.max(order).as_py() >= len(order):
            raise ValueError("its order is not that of its ids")
        found = cls.__new__(cls)
        found._hold(*(_piece(table[name]) for name, _ in (_IDS, _ORDER)))
        return found

    def columns(self) -> dict[str, Any]:
        """What `of` wants to find in a table."""
        return {_IDS[0]: self._names, _ORDER[0]: self._order}

    def row(self, listing_id: str) -> int | None:
        """Where the id stands; None where it is none of these."""
        wanted = listing_id.encode("utf-8", "surrogatepass")
        place = bisect_left(self._rows, wanted, key=self._encoded)
        row = int(self._rows[place]) if place < len(self._rows) else None
        return row if row is not None and self._encoded(row) == wanted else None

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.to_pylist())

    def __contains__(self, listing_id: object) -> bool:
        return isinstance(listing_id, str) and self.row(listing_id) is not None

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        found: str | list[str] = (
            self._names[at].to_pylist() if isinstance(at, slice) else self._names[int(at)].as_py()
        )
        return found

    def _hold(self, names: Any, order: Any) -> None:
        self._names, self._order = names, order
        self._rows = order.to_numpy()  # in the order of their ids' UTF-8, which is that of their code points
        _, ends, letters = names.buffers()
        self._ends = np.frombuffer(ends, np.int64) if len(names) else np.zeros(1, np.int64)
        self._letters = memoryview(letters if letters is not None else b"")

    def _encoded(self, row: int | np.integer[Any]) -> bytes:
        return bytes(self._letters[self._ends[row] : self._ends[row + 1]])


def save_table(path: Path, columns: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Write columns of equal length as one piece of an Arrow file, which is never written over: somebody may
    have mapped the one before."""
    table = pa.table(columns).replace_schema_metadata(metadata)
    with (
        whole_file(path) as part,
        pa.OSFile(str(part), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table, max_chunksize=max(table.num_rows, 1))


def map_table(path: Path) -> Any:
    """The Arrow table that `save_table` wrote, mapped. Raises `OSError` or `ValueError`."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _piece(column: Any) -> Any:
    """A column as one array, which `save_table` made it; where it has rows, nothing is copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
