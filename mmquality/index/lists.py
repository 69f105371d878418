"""Very many vectors in lists of such as are near each other: a search goes through the nearest few lists.

Kept only where it finds what going through everything finds. The inverted file of Jégou, Douze and Schmid,
"Product Quantization for Nearest Neighbor Search" (TPAMI 2011), section IV, with vectors of half precision
in place of their codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

ENOUGH = 0.99  # of the nearest that must be found; else everything is gone through, as where there are few
NEAREST = 10  # neighbours of a listing by which lists are judged
ASKED = 1_000  # listings by which they are judged
PER_ROOT = 4  # lists for each 1 of √n: then finding lists and going through them take about as long
_LEARNT_FROM = 40  # vectors for each list
_ROUNDS = 10  # of k-means
WIDTHS = (4, 8, 16, 32, 64, 128)  # lists that a search goes through
_AT_ONCE = 50_000  # vectors copied at a time
AS_FAR = 1e-6  # in cosine: copies of a vector are as good as each other


@dataclass(frozen=True)
class Lists:
    """An index of lists, and the share of the `NEAREST` that a search of it finds."""

    index: faiss.IndexIVF
    recall: float


def lists_of(exact: faiss.Index, advance: Callable[[int], object]) -> Lists | None:
    """Put the vectors of `exact` into lists, and choose the narrowest search that finds `ENOUGH`.

    None where none does. `advance` is told how many vectors more are in their lists.
    """
    rng = np.random.default_rng(0)
    lists = _learnt(exact, rng)
    fill(lists, exact, advance)
    lists.make_direct_map()  # from a row to its place in a list
    asked = rng.choice(exact.ntotal, min(ASKED, exact.ntotal), replace=False)
    queries = exact.reconstruct_batch(asked)
    farthest = exact.search(queries, NEAREST + 1)[0][:, -1:]  # with itself, or a copy of it, in front
    for width in WIDTHS:
        lists.nprobe = width
        recall = _recall(exact, queries, search(lists, queries, NEAREST + 1)[1], farthest)
        if recall >= ENOUGH:
            return Lists(lists, recall)
    return None


def fill(index: faiss.Index, exact: faiss.Index, advance: Callable[[int], object]) -> None:
    """Add the vectors of `exact`, in their order; `advance` is told how many more there are."""
    for start in range(0, exact.ntotal, _AT_ONCE):
        some = exact.reconstruct_n(start, min(_AT_ONCE, exact.ntotal - start))
        index.add(some)
        advance(len(some))


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


def _learnt(exact: faiss.Index, rng: np.random.Generator) -> faiss.IndexIVF:
    """Empty lists around centres of the vectors."""
    count = min(round(PER_ROOT * exact.ntotal**0.5), exact.ntotal)
    lists = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(exact.d), exact.d, count, faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT, False,
    )  # fmt: skip
    lists.cp.niter, lists.cp.spherical, lists.cp.min_points_per_centroid = _ROUNDS, True, 1
    some = rng.choice(exact.ntotal, min(exact.ntotal, count * _LEARNT_FROM), replace=False)
    lists.train(exact.reconstruct_batch(np.sort(some)))
    return lists


def _recall(
    exact: faiss.Index,
    queries: Vectors,
    found: npt.NDArray[np.int64],
    farthest: Vectors,
) -> float:
    """The share of what was found, itself apart, that is no farther than the last of the nearest."""
    near = exact.reconstruct_batch(np.maximum(found, 0).ravel()).reshape(*found.shape, -1)
    cosines = np.where(found < 0, -np.inf, np.einsum("qkd,qd->qk", near, queries))
    hits = np.sort(cosines, axis=1)[:, :-1] >= farthest - AS_FAR
    return float(hits.mean())
