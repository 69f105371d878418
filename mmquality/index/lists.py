"""Very many vectors in lists of such as are near each other: a search goes through the nearest few lists.

Kept only where it finds what going through everything finds. The inverted file of Jégou, Douze and Schmid,
"Product Quantization for Nearest Neighbor Search" (TPAMI 2011), section IV, with vectors of half precision
in place of their codes. Which list is near is told by the vectors' leading principal components: learning
lists and finding them costs that many numbers a vector, not all of them.

FAISS fills an inverted file in memory. A file of its own is therefore written around its header, byte for
byte as FAISS would: vectors are read twice, and no more than a block of them is in memory.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from mmquality.cores import ahead
from mmquality.rows import Rows, blocks

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ENOUGH = 0.99  # of the nearest that must be found; else everything is gone through, as where there are few
NEAREST = 10  # neighbours of a listing by which lists are judged
ASKED = 300  # listings by which they are judged: the share found is known to ± 0.007
PER_ROOT = 4  # lists for each 1 of √n: then finding lists and going through them take about as long
WIDTHS = (4, 8, 16, 32, 64, 128)  # lists that a search goes through
_COMPONENTS = 64  # by which lists are told from each other
_ROTATED_BY = 1_000  # vectors that the components are those of
_LEARNT_FROM, _ROUNDS = 20, 6  # vectors for each list; of k-means
_AT_ONCE = 4_096  # vectors that a core reads at a time: more leave the processor's caches


def write(path: Path, vectors: Rows, advance: Callable[[int], object]) -> float | None:
    """Put `vectors`, unit length (n, d), into lists in the file `path`, with the narrowest search that finds
    `ENOUGH`; the share of the `NEAREST` that it finds.

    None, and no file, where none does. `advance` is told how many vectors more are in their lists.
    """
    rng = np.random.default_rng(0)
    lists = _learnt(vectors, rng)
    queries = vectors[np.sort(rng.choice(len(vectors), min(ASKED, len(vectors)), replace=False))]
    belongs, nearest = _gone_through(vectors, lists.quantizer, queries)
    lists.nprobe, recall = _width(lists.quantizer, queries, belongs[nearest])
    if recall < ENOUGH:
        return None
    _write_filled(path, lists, vectors, belongs, advance)
    return recall


def search(index: faiss.IndexIVF, queries: Vectors, k: int) -> tuple[Any, Any]:
    """Cosines and rows of the k nearest; the more are asked for, the more lists are gone through."""
    # The nearest lie together: ten times as many of them are in about three times as many lists.
    width = math.ceil(index.nprobe * max(1, k / (NEAREST + 1)) ** 0.5)
    cosines, rows = _search(index, queries, k, width)
    lost = (rows < 0).any(axis=1)  # these lists together hold fewer
    if lost.any():
        cosines[lost], rows[lost] = search_all(index, queries[lost], k)
    return cosines, rows


def search_all(index: faiss.IndexIVF, queries: Vectors, k: int) -> tuple[Any, Any]:
    """Cosines and rows of the k nearest, whatever list they are in."""
    return _search(index, queries, k, index.nlist)


def _search(index: faiss.IndexIVF, queries: Vectors, k: int, width: int) -> tuple[Any, Any]:
    parameters: Any = faiss.SearchParametersIVF
    cosines, rows = index.search(queries, k, params=parameters(nprobe=min(width, index.nlist)))
    return cosines, rows


def _learnt(vectors: Rows, rng: np.random.Generator) -> faiss.IndexIVF:
    """Empty lists around centres of the vectors."""
    n, d = vectors.shape
    count = min(round(PER_ROOT * n**0.5), n)
    rotation = _components(vectors, rng)
    some = np.sort(rng.choice(n, min(n, count * _LEARNT_FROM), replace=False))
    rotated = np.concatenate([rotation.apply(vectors[some[block]]) for block in blocks(len(some), _AT_ONCE)])
    clusters = faiss.Kmeans(rotation.d_out, count, niter=_ROUNDS, min_points_per_centroid=1, seed=0)
    clusters.train(rotated)
    centres, half = faiss.IndexPreTransform(rotation, clusters.index), faiss.ScalarQuantizer.QT_fp16
    lists = faiss.IndexIVFScalarQuantizer(centres, d, count, half, faiss.METRIC_INNER_PRODUCT, False)
    lists.is_trained = True  # centres are there, and half precision has nothing to learn
    return lists


def _components(vectors: Rows, rng: np.random.Generator) -> faiss.PCAMatrix:
    """From a vector to its leading principal components."""
    n, d = vectors.shape
    some = vectors[np.sort(rng.choice(n, min(n, _ROTATED_BY), replace=False))]
    rotation = faiss.PCAMatrix(d, min(d, len(some), _COMPONENTS))
    rotation.train(some)
    rotation.PCAMat.clear()  # all the others: `apply` has no use for them
    return rotation


def _gone_through(vectors: Rows, centres: faiss.Index, queries: Vectors) -> tuple[Ints, Ints]:
    """The list of every vector, (n,), and the rows nearest to each query, nearest first, without the first:
    itself, or a copy of it, (queries, min(n - 1, `NEAREST`))."""
    belongs = np.empty(len(vectors), np.int64)
    best = faiss.ResultHeap(len(queries), min(len(vectors), NEAREST + 1), keep_max=True)

    def gone_through(block: slice) -> tuple[slice, Ints, Vectors, Ints]:
        faiss.omp_set_num_threads(1)  # of this thread: the other cores have blocks of their own
        here = vectors[block]
        near = faiss.knn(queries, here, min(best.k, len(here)), faiss.METRIC_INNER_PRODUCT)
        return block, centres.search(here, 1)[1][:, 0], *near

    for block, own, cosines, rows in ahead(
        gone_through, blocks(len(vectors), _AT_ONCE), faiss.omp_get_max_threads()
    ):
        belongs[block] = own
        best.add_result(cosines, rows + block.start)
    best.finalize()
    return belongs, best.I[:, 1:]


def _width(centres: faiss.Index, queries: Vectors, belong: Ints) -> tuple[int, float]:
    """The narrowest search that finds `ENOUGH`, else the widest, and the share that it finds of the rows that
    are in the lists `belong` (queries, k). It finds those in the lists that it goes through."""
    for width in WIDTHS:
        gone_through = centres.search(queries, min(width, centres.ntotal))[1]
        recall = float((belong[:, :, None] == gone_through[:, None]).any(axis=2).mean())
        if recall >= ENOUGH:
            break
    return width, recall


@dataclass(frozen=True)
class Sorted:
    """Rows by the list that each belongs to, in their own order within it."""

    order: Ints  # (n,) rows, list by list
    begin: Ints  # (lists + 1,) where each list begins in that order

    @classmethod
    def by(cls, centres: faiss.Index, vectors: Rows) -> Sorted:
        """Every row belongs to the list of its nearest centre."""
        nearest = [centres.search(vectors[b], 1)[1][:, 0] for b in blocks(len(vectors))]
        return cls.of(np.concatenate(nearest), centres.ntotal)

    @classmethod
    def of(cls, belongs: Ints, lists: int) -> Sorted:
        """`belongs` (n,) names the list of every row."""
        order = np.argsort(belongs, kind="stable")
        return cls(order, np.searchsorted(belongs[order], np.arange(lists + 1)))


def _write_filled(
    path: Path, lists: faiss.IndexIVF, vectors: Rows, belongs: Ints, advance: Callable[[int], object]
) -> None:
    """Write `lists` with the vectors in them, which they name from then on, and do not hold."""
    held = Sorted.of(belongs, lists.nlist)
    sizes, lists.ntotal = np.diff(held.begin), len(vectors)
    places = np.empty(len(vectors), np.int64)  # from a row to its list and its place there
    places[held.order] = np.arange(len(vectors)) - np.repeat(held.begin[:-1], sizes)
    faiss.copy_array_to_vector((belongs << 32) | places, lists.direct_map.array)
    direct_map: Any = faiss
    lists.direct_map.type = direct_map.DirectMap.Array
    with path.open("wb") as file:
        file.write(_header(lists))
        for part in (b"ilar", [lists.nlist, lists.code_size], b"full", [lists.nlist, *sizes]):
            file.write(part if isinstance(part, bytes) else np.array(part, np.uint64).tobytes())
        begin = file.tell() + held.begin * (lists.code_size + held.order.itemsize)
        os.posix_fallocate(file.fileno(), 0, int(begin[-1]))
        _write_vectors(path, begin[belongs] + places * lists.code_size, vectors, advance)
        for at, rows in zip(begin[1:], np.split(held.order, held.begin[1:-1]), strict=True):
            os.pwrite(file.fileno(), rows.tobytes(), int(at) - rows.nbytes)  # behind its vectors


def _write_vectors(path: Path, places: Ints, vectors: Rows, advance: Callable[[int], object]) -> None:
    """Write every vector to its place in the file, (n,) bytes from its begin."""
    rounding = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16)

    def write(block: slice) -> int:
        faiss.omp_set_num_threads(1)
        order = np.argsort(places[block])
        there = places[block][order]
        apart = np.flatnonzero(np.diff(there) != rounding.code_size) + 1
        runs: list[Any] = np.split(rounding.sa_encode(vectors[block])[order], apart)
        with path.open("r+b") as file:  # its own: where the work is stopped, others may end before this one
            for place, run in zip(there[np.append(0, apart)].tolist(), runs, strict=True):
                os.pwrite(file.fileno(), run, place)
        return len(order)

    for done in ahead(write, blocks(len(vectors), _AT_ONCE), faiss.omp_get_max_threads()):
        advance(done)


def _header(lists: faiss.IndexIVF) -> bytes:
    """What FAISS writes of an index before its lists.

    Those are empty here, and what it writes of them is taken away: their kind, how many there are, bytes of a
    vector, and that none is filled.
    """
    empty = b"ilar" + np.array([lists.nlist, lists.code_size], np.uint64).tobytes() + b"sprs" + bytes(8)
    return faiss.serialize_index(lists).tobytes().removesuffix(empty)
