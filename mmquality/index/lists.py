"""Very many vectors in lists of such as are near each other: a search goes through the nearest few lists.

Kept only where it finds what going through everything finds. The inverted file of Jégou, Douze and Schmid,
"Product Quantization for Nearest Neighbor Search" (TPAMI 2011), section IV, with vectors of half precision
in place of their codes.

FAISS fills an inverted file in memory. A file of its own is therefore written around its header, list by list
and byte for byte as FAISS would: vectors are read twice, and no more than a block of them is in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from mmquality.rows import Rows, blocks

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ENOUGH = 0.99  # of the nearest that must be found; else everything is gone through, as where there are few
NEAREST = 10  # neighbours of a listing by which lists are judged
ASKED = 1_000  # listings by which they are judged
PER_ROOT = 4  # lists for each 1 of √n: then finding lists and going through them take about as long
_LEARNT_FROM = 40  # vectors for each list
_ROUNDS = 10  # of k-means
WIDTHS = (4, 8, 16, 32, 64, 128)  # lists that a search goes through
AS_FAR = 1e-6  # in cosine: copies of a vector are as good as each other


def write(path: Path, vectors: Rows, advance: Callable[[int], object]) -> float | None:
    """Put `vectors`, unit length (n, d), into lists in the file `path`, with the narrowest search that finds
    `ENOUGH`; the share of the `NEAREST` that it finds.

    None, and a file of no use, where none does. `advance` is told how many vectors more are in their lists.
    """
    rng = np.random.default_rng(0)
    lists = _learnt(vectors, rng)
    _write_filled(path, lists, vectors, advance)
    asked = rng.choice(len(vectors), min(ASKED, len(vectors)), replace=False)
    queries, filled = vectors[asked], _mapped(path)
    farthest = _farthest(vectors, queries, NEAREST + 1)  # with itself, or a copy of it, in front
    for width in WIDTHS:
        filled.nprobe = lists.nprobe = width
        recall = _recall(vectors, queries, search(filled, queries, NEAREST + 1)[1], farthest)
        if recall >= ENOUGH:
            with path.open("r+b") as file:  # the width is in the header
                file.write(_header(lists))
            return recall
    return None


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


def _mapped(path: Path) -> Any:
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def _learnt(vectors: Rows, rng: np.random.Generator) -> faiss.IndexIVF:
    """Empty lists around centres of the vectors."""
    n, d = vectors.shape
    count = min(round(PER_ROOT * n**0.5), n)
    lists = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(d), d, count, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
    )
    lists.cp.niter, lists.cp.spherical, lists.cp.min_points_per_centroid = _ROUNDS, True, 1
    some = rng.choice(n, min(n, count * _LEARNT_FROM), replace=False)
    lists.train(vectors[np.sort(some)])
    return lists


@dataclass(frozen=True)
class Sorted:
    """Rows by the list that each belongs to, in their own order within it."""

    order: Ints  # (n,) rows, list by list
    begin: Ints  # (lists + 1,) where each list begins in that order

    @classmethod
    def by(cls, centres: faiss.Index, vectors: Rows) -> Sorted:
        """Every row belongs to the list of its nearest centre."""
        nearest = np.concatenate([centres.search(vectors[b], 1)[1][:, 0] for b in blocks(len(vectors))])
        order = np.argsort(nearest, kind="stable")
        return cls(order, np.searchsorted(nearest[order], np.arange(centres.ntotal + 1)))


def _write_filled(path: Path, lists: faiss.IndexIVF, vectors: Rows, advance: Callable[[int], object]) -> None:
    """Write `lists` with the vectors in them, which they name from then on, and do not hold."""
    held = Sorted.by(lists.quantizer, vectors)
    sizes, lists.ntotal = np.diff(held.begin), len(vectors)
    number = np.repeat(np.arange(lists.nlist), sizes)
    places = np.empty(len(vectors), np.int64)  # from a row to its list and its place there
    places[held.order] = (number << 32) | (np.arange(len(vectors)) - held.begin[number])
    faiss.copy_array_to_vector(places, lists.direct_map.array)
    direct_map: Any = faiss
    lists.direct_map.type = direct_map.DirectMap.Array
    rounding = faiss.IndexScalarQuantizer(lists.d, faiss.ScalarQuantizer.QT_fp16)
    with path.open("wb") as file:
        file.write(_header(lists))
        for part in (b"ilar", [lists.nlist, lists.code_size], b"full", [lists.nlist, *sizes]):
            file.write(part if isinstance(part, bytes) else np.array(part, np.uint64).tobytes())
        for rows in np.split(held.order, held.begin[1:-1]):
            if len(rows):
                file.write(rounding.sa_encode(vectors[rows]).tobytes() + rows.tobytes())
                advance(len(rows))


def _header(lists: faiss.IndexIVF) -> bytes:
    """What FAISS writes of an index before its lists.

    Those are empty here, and what it writes of them is taken away: their kind, how many there are, bytes of a
    vector, and that none is filled.
    """
    empty = b"ilar" + np.array([lists.nlist, lists.code_size], np.uint64).tobytes() + b"sprs" + bytes(8)
    return faiss.serialize_index(lists).tobytes().removesuffix(empty)


def _farthest(vectors: Rows, queries: Vectors, k: int) -> Vectors:
    """The cosine of the k-th nearest of all `vectors` to each query, (queries, 1)."""
    best = np.empty((len(queries), 0), np.float32)
    for block in blocks(len(vectors)):
        best = -np.sort(-np.concatenate([best, queries @ vectors[block].T], axis=1), axis=1)[:, :k]
    return best[:, -1:]


def _recall(vectors: Rows, queries: Vectors, found: Ints, farthest: Vectors) -> float:
    """The share of what was found, itself apart, that is no farther than the last of the nearest."""
    near = vectors[np.maximum(found, 0).ravel()].reshape(*found.shape, -1)
    cosines = np.where(found < 0, -np.inf, np.einsum("qkd,qd->qk", near, queries))
    hits = np.sort(cosines, axis=1)[:, :-1] >= farthest - AS_FAR
    return float(hits.mean())
