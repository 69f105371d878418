"""An index with small ones beside it: listings that arrived since, without those that have gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import overload

import numpy as np
import numpy.typing as npt

from mmquality.index.lists import Vectors
from mmquality.index.seam import VectorIndex

Ints = npt.NDArray[np.int64]


class GrownIndex(VectorIndex):
    """Several indexes as one: rows of the first, then of the next; what has gone keeps its row, unfound.

    A listing may have gone from one and stand in a later one, with another title or photo.

    :param parts: each with the ids that are found in it no more
    """

    def __init__(self, *parts: tuple[VectorIndex, Collection[str]]) -> None:
        starts = accumulate((len(index.ids) for index, _ in parts), initial=0)
        self._parts = [_Part(index, gone, start) for (index, gone), start in zip(parts, starts, strict=False)]
        self.recall = min(index.recall for index, _ in parts)  # of all of them together it is no less
        self.ids: _Ids = _Ids(self._parts)  # type: ignore[assignment]  # of all rows

    @property
    def gone(self) -> frozenset[str]:
        lost = (part.index.ids[row] for part in self._parts for row in part.gone)
        return frozenset(listing_id for listing_id in lost if listing_id not in self.ids)

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    def vectors_at(self, rows: Ints) -> Vectors:
        found = [part.vectors_at(rows) for part in self._parts]
        vectors = np.empty((len(rows), found[0][1].shape[1]), np.float32)
        for mine, part in found:
            vectors[mine] = part
        return vectors

    def search(self, queries: Vectors, k: int) -> tuple[Ints, Vectors]:
        k = min(k, len(self))
        found = [part.search(queries, min(k, len(part))) for part in self._parts if len(part)]
        if not found:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        rows, distances = (np.concatenate(both, axis=1) for both in zip(*found, strict=True))
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rows, nearest, axis=1), np.take_along_axis(distances, nearest, axis=1)

    def read_ahead(self) -> None:
        for part in self._parts:
            part.index.read_ahead()


class _Part:
    """One of them, its rows counted from `start`."""

    def __init__(self, index: VectorIndex, gone: Iterable[str], start: int) -> None:
        self.index, self.start, self.rows = index, start, len(index.ids)
        lost = (index.ids.row(listing_id) for listing_id in gone)
        self.gone = np.array(sorted(row for row in lost if row is not None), dtype=np.int64)

    def __len__(self) -> int:
        return self.rows - len(self.gone)

    def row(self, listing_id: str) -> int | None:
        row = self.index.ids.row(listing_id)
        return None if row is None or self._has_gone(np.array([row]))[0] else row + self.start

    def vectors_at(self, rows: Ints) -> tuple[npt.NDArray[np.bool_], Vectors]:
        """Which of these rows are of this part, and their vectors."""
        mine = (rows >= self.start) & (rows < self.start + self.rows)
        return mine, self.index.vectors_at(rows[mine] - self.start)

    def search(self, queries: Vectors, k: int) -> tuple[Ints, Vectors]:
        """The k nearest that have not gone; there are so many."""
        asked = k
        while True:
            rows, distances = self.index.search(queries, asked)
            gone = self._has_gone(rows)
            if (~gone).sum(axis=1).min(initial=k) >= k:
                break
            asked = 2 * asked + 1  # seldom: only where those who have gone lie together
        stand = np.argsort(gone, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rows, stand, 1) + self.start, np.take_along_axis(distances, stand, 1)

    def _has_gone(self, rows: Ints) -> npt.NDArray[np.bool_]:
        if not len(self.gone):
            return np.zeros(rows.shape, np.bool_)
        at = np.minimum(np.searchsorted(self.gone, rows), len(self.gone) - 1)
        return np.asarray(self.gone[at] == rows)


class _Ids(Sequence[str]):
    """The ids of all rows of all parts; what has gone has its id there, but is not in it."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts

    def row(self, listing_id: str) -> int | None:
        """Where the id stands; None where it is none of these, or has gone."""
        found = (part.row(listing_id) for part in self._parts)
        return next((row for row in found if row is not None), None)

    def __contains__(self, listing_id: object) -> bool:
        return isinstance(listing_id, str) and self.row(listing_id) is not None

    def __len__(self) -> int:
        return sum(part.rows for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        for part in self._parts:
            yield from part.index.ids

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        part = next(part for part in reversed(self._parts) if at >= part.start)
        return part.index.ids[int(at) - part.start]
