"""The nearest others of every row of very many, looked up together.

A search for one row goes through lists vector by vector. Where every row asks, all that want a list meet it
in one matrix product, which is many times as quick. Lists are made as in `lists.py`, but are of one size
however many rows there are: then the work for each row stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt

from mmquality.index.lists import Sorted
from mmquality.index.neighbours import nearest_rows
from mmquality.rows import New, Rows, Writable, blocks

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ENOUGH = 0.99  # of the nearest that must be found, where the widest look finds as many
_PER_LIST = 250  # rows
_LEARNT_FROM, _ROUNDS = 40, 10  # rows for each list; of k-means
_ASKED = 1_000  # rows by which the width is chosen
_AS_FAR = 2e-4  # in cosine: what half precision may be off by
_WIDTHS = (4, 8, 16, 24, 32, 48, 64)  # lists that a row meets
_AT_ONCE, _PIECE = 8_192, 2_048  # rows that are looked up together; rows of one list that they meet at a time


@dataclass(frozen=True)
class Joined:
    """The k nearest others of every row, nearest first."""

    rows: Writable  # (n, k) int32
    cosine: Writable  # (n, k) float32
    recall: float  # the share of them that was found, measured on a sample
    together: Ints  # (n,) every row, list by list


def nearest_of_all(vectors: Rows, k: int, new: New) -> Joined:
    """The k nearest others of each of `vectors`, unit length (n, d), n > k; some may be missed.

    `new` gives room for the answer, and for a copy of the vectors in half precision.
    """
    n, rng = len(vectors), np.random.default_rng(0)
    lists = _Lists.of(vectors, rng, new)
    asked = np.sort(rng.choice(n, min(_ASKED, n), replace=False))
    width, recall = _width(vectors, lists, asked, k)
    joined = Joined(new((n, k), np.int32), new((n, k), np.float32), recall, lists.held.order)
    for block in blocks(n, _AT_ONCE):
        own = lists.held.order[block]  # rows that lie together want the same lists
        rows, cosine = lists.search(vectors[own], k + 1, width)
        lost = (rows < 0).any(axis=1)  # these lists together hold fewer
        if lost.any():
            rows[lost], cosine[lost] = lists.search(vectors[own[lost]], k + 1, lists.centres.ntotal)
        rows, cosine = _others(rows, cosine, own)
        joined.rows[own], joined.cosine[own] = rows, cosine
    return joined


@dataclass(frozen=True)
class _Lists:
    centres: faiss.IndexFlatIP
    held: Sorted
    vectors: Rows  # (n, d) in the order of `held`, half precision

    @classmethod
    def of(cls, vectors: Rows, rng: np.random.Generator, new: New) -> _Lists:
        n, d = vectors.shape
        count = max(n // _PER_LIST, 1)
        some = np.sort(rng.choice(n, min(n, count * _LEARNT_FROM), replace=False))
        clusters = faiss.Kmeans(d, count, niter=_ROUNDS, spherical=True, min_points_per_centroid=1, seed=0)
        clusters.train(vectors[some])
        centres = faiss.IndexFlatIP(d)
        centres.add(np.asarray(clusters.centroids))
        held, together = Sorted.by(centres, vectors), new((n, d), np.float16)
        for block in blocks(n):
            together[block] = vectors[held.order[block]]
        return cls(centres, held, together)

    def search(self, queries: Vectors, k: int, width: int) -> tuple[Ints, Vectors]:
        """Rows and cosines of the k nearest in the `width` nearest lists, nearest first, (queries, k) each;
        -1 where these hold fewer."""
        wanted = self.centres.search(queries, min(width, self.centres.ntotal))[1]
        by_list = np.argsort(wanted, axis=None, kind="stable")
        named, first = np.unique(wanted.ravel()[by_list], return_index=True)
        best = faiss.ResultHeap(len(queries), k, keep_max=True)
        with _heaps_on_one_core():
            for number, who in zip(named, np.split(by_list // wanted.shape[1], first[1:]), strict=True):
                for start in range(self.held.begin[number], self.held.begin[number + 1], _PIECE):
                    some = slice(start, min(start + _PIECE, self.held.begin[number + 1]))
                    met = queries[who] @ self.vectors[some].astype(np.float32).T
                    best.add_result_subset(who, met, np.arange(some.start, some.stop))
        best.finalize()
        return np.where(best.I < 0, -1, self.held.order[best.I]), best.D


@contextmanager
def _heaps_on_one_core() -> Iterator[None]:
    """Threads of FAISS that have done their share wait for more at full speed, on a core that NumPy wants."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _width(vectors: Rows, lists: _Lists, asked: Ints, k: int) -> tuple[int, float]:
    """The narrowest of `_WIDTHS` that finds `ENOUGH` of the rows `asked`, else the widest; what it finds."""
    queries = vectors[asked]
    enough = nearest_rows(vectors, queries, k + 1)[1][:, -1:] - _AS_FAR
    for width in _WIDTHS:
        _, cosine = lists.search(queries, k + 1, width)
        recall = float((cosine[:, 1:] >= enough).mean())
        if recall >= ENOUGH:
            break
    return width, recall


def _others(rows: Ints, cosine: Vectors, own: Ints) -> tuple[Ints, Vectors]:
    """Without the row itself, or, among its many copies, without the last one found."""
    itself_last = np.argsort(rows == own[:, None], axis=1, kind="stable")[:, :-1]
    return np.take_along_axis(rows, itself_last, 1), np.take_along_axis(cosine, itself_last, 1)
