"""The nearest of the listings that are wanted: looked up among all, or compared where they are few.

Neighbours are fetched nearest first until enough of them are wanted. Where hardly any is, that would go
through the whole index, so the wanted ones are read from the database and all of them are compared: as many
as were asked for are found wherever there are so many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmquality.index import VectorIndex, Vectors, distance_of
from mmquality.recall.snapshot import FEW, Doubles, Ints, Matching, Snapshot
from mmquality.records import Space
from mmquality.rows import blocks
from mmquality.store import RankingQuery

_SPARE, _WIDER = 16, 4  # neighbours more than asked for; times as many when too few of them are wanted
_BLOCK = 4_096  # vectors compared at a time


@dataclass(frozen=True)
class Hits:
    """Listings by their rows, with distance and mismatch score, nearest first, each (n,)."""

    rows: Ints
    distances: Vectors
    scores: Doubles

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: slice | npt.NDArray[np.int64]) -> Hits:
        return Hits(self.rows[which], self.distances[which], self.scores[which])


@dataclass(frozen=True)
class Wanted:
    """Which listings: those of `query` with a score less than `below`, without some rows."""

    query: RankingQuery
    below: float
    without: Ints


def nearest(snapshot: Snapshot, space: Space, vector: Vectors, k: int, wanted: Wanted) -> Hits:
    """The k nearest to `vector` (d,) of the wanted listings; all of them where there are fewer."""
    index, filtered = snapshot.spaces[space], bool(wanted.query.category or wanted.query.attributes)
    if filtered and (few := snapshot.few(wanted.query)) is not None:
        return _compared(index, vector, k, wanted, few)
    asked = min(k + len(wanted.without) + _SPARE, len(index))
    known: dict[int, float] = {}  # rows seen so far, those that are not ranked or not wanted with infinity
    while True:
        rows, distances = (found[0] for found in index.search(vector[None], asked))
        new = [row for row in rows.tolist() if row not in known]
        ids = [index.ids[row] for row in new]
        scored = snapshot.store.scores_among(ids, wanted.query)
        known |= {row: scored.get(listing_id, np.inf) for row, listing_id in zip(new, ids, strict=True)}
        scores = np.array([known[row] for row in rows.tolist()], np.float64)
        fit = _fit(rows, scores, wanted)
        if fit.sum() >= k or asked == len(index):
            return Hits(rows, distances, scores)[np.flatnonzero(fit)[:k]]
        if asked == FEW:
            every = snapshot.matching(snapshot.store.scores_where(wanted.query, below=wanted.below))
            return _compared(index, vector, k, wanted, every)
        asked = min(_WIDER * asked, FEW, len(index))


def _compared(index: VectorIndex, vector: Vectors, k: int, wanted: Wanted, among: Matching) -> Hits:
    """The k nearest among these, each of which is compared."""
    fit = _fit(among.rows, among.scores, wanted)
    rows, scores = among.rows[fit], among.scores[fit]
    best = Hits(rows[:0], np.empty(0, np.float32), scores[:0])
    for block in blocks(len(rows), _BLOCK):
        distances = distance_of(np.einsum("nd,d->n", index.vectors_at(rows[block]), vector))
        both = Hits(
            np.concatenate([best.rows, rows[block]]),
            np.concatenate([best.distances, distances]),
            np.concatenate([best.scores, scores[block]]),
        )
        best = both[np.argsort(both.distances, kind="stable")[:k]]
    return best


def _fit(rows: Ints, scores: Doubles, wanted: Wanted) -> npt.NDArray[np.bool_]:
    fit: npt.NDArray[np.bool_] = (scores < wanted.below) & ~np.isin(rows, wanted.without)
    return fit
