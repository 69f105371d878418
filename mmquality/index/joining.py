"""The nearest others of every row of very many, looked up together.

A search for one row goes through lists vector by vector. Where every row asks, all that want a list meet it
in one matrix product, which is many times as quick. Lists are made as in `lists.py`, but are of one size
however many rows there are: then the work for each row stays the same. Which list is near is told by going
through all centres while they are few; of many by a graph of them (HNSW; Malkov and Yashunin, TPAMI 2020):
learning so many, and finding each row's own, would grow with the square of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from mmquality.cores import ahead
from mmquality.index.lists import Sorted
from mmquality.index.neighbours import nearest_rows
from mmquality.rows import New, Rows, Writable, blocks

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ENOUGH = 0.99  # of the nearest that must be found, where the widest look finds as many
_PER_LIST = 250  # rows
_LEARNT_FROM, _ROUNDS = 20, 6  # rows for each list; of k-means
_MANY = 16_384  # lists, of four million rows: from here on a graph tells which are near
_LINKS, _LOOKED_AT = 32, 128  # of a centre in the graph, to others; centres that a look-up keeps in mind
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
    lost = []  # rows whose lists together hold too few

    def looked_up(block: slice) -> tuple[Ints, Ints, Vectors]:
        own = lists.held.order[block]  # rows that lie together want the same lists
        return own, *lists.search(vectors[own], k + 1, width)

    with threadpool_limits(1):  # a core for each block, not all of them for each small product
        for own, rows, cosine in ahead(looked_up, blocks(n, _AT_ONCE)):
            lost.append(own[(rows < 0).any(axis=1)])
            joined.rows[own], joined.cosine[own] = _others(rows, cosine, own)
    if len(own := np.sort(np.concatenate(lost))):
        joined.rows[own], joined.cosine[own] = _others(*nearest_rows(vectors, vectors[own], k + 1), own)
    return joined


@dataclass(frozen=True)
class _Lists:
    centres: faiss.Index
    held: Sorted
    vectors: Rows  # (n, d) in the order of `held`, half precision

    @classmethod
    def of(cls, vectors: Rows, rng: np.random.Generator, new: New) -> _Lists:
        n, d = vectors.shape
        count = max(n // _PER_LIST, 1)
        some = np.sort(rng.choice(n, min(n, count * _LEARNT_FROM), replace=False))
        centres = _learnt(vectors[some], count)
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
        halves = faiss.IndexScalarQuantizer(queries.shape[1], faiss.ScalarQuantizer.QT_fp16)
        with _heaps_on_one_core():
            for number, who in zip(named, np.split(by_list // wanted.shape[1], first[1:]), strict=True):
                if number < 0:  # for these the graph found no more
                    continue
                for start in range(self.held.begin[number], self.held.begin[number + 1], _PIECE):
                    some = slice(start, min(start + _PIECE, self.held.begin[number + 1]))
                    held = halves.sa_decode(self.vectors[some].view(np.uint8))
                    best.add_result_subset(who, queries[who] @ held.T, np.arange(some.start, some.stop))
        best.finalize()
        return np.where(best.I < 0, -1, self.held.order[best.I]), best.D


def _learnt(vectors: Vectors, count: int) -> faiss.Index:
    """`count` centres of the vectors, unit length.

    Near ones have near numbers: rows that are looked up together then want the same lists.
    """
    d = vectors.shape[1]
    clusters = faiss.Clustering(d, count)
    clusters.niter, clusters.spherical, clusters.seed = _ROUNDS, True, 0
    clusters.min_points_per_centroid = 1
    clusters.train(vectors, _found_by(d, count))
    centres = faiss.vector_to_array(clusters.centroids).reshape(count, d)
    groups = faiss.Kmeans(d, math.isqrt(count), spherical=True, min_points_per_centroid=1, seed=0)
    groups.train(centres)
    found = _found_by(d, count)
    found.add(centres[np.argsort(groups.assign(centres)[1], kind="stable")])
    return found


def _found_by(d: int, count: int) -> faiss.Index:
    """What is to tell which of `count` centres are near."""
    if count < _MANY:
        return faiss.IndexFlatIP(d)
    graph = faiss.IndexHNSWFlat(d, _LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efSearch = _LOOKED_AT
    return graph


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
