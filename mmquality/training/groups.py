"""Which listings must not be told apart: folds that nothing straddles, and photos that nobody owns."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmquality.config import TrainingConfig
from mmquality.index import NeighbourIndex, unit
from mmquality.training.data import Bools, Floats, Ints, TrainingData

_BLOCK = 4096  # listings looked up at a time
_NEIGHBOURS = 20  # photos nearest to each that are looked at


def grouped_folds(data: TrainingData, folds: int, seed: int) -> Ints:
    """A fold number for each listing, (n,); listings that share a title, photo or product share a fold.

    Groups are dealt largest first to the smallest fold so far, in random order among equals. A group larger
    than a fold (half the catalogue shows one placeholder) is dealt listing by listing: the network without it
    would have too little left to learn from, and other folds would stand empty.
    """
    group = _broken_up(_components(data), largest=len(data) // folds)
    sizes = np.bincount(group)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of_group = np.zeros(len(sizes), dtype=np.int64)
    load = np.zeros(folds, dtype=np.int64)
    for g in order:
        smallest = int(load.argmin())
        fold_of_group[g] = smallest
        load[smallest] += sizes[g]
    return fold_of_group[group]


def _broken_up(group: Ints, largest: int) -> Ints:
    """`group` (n,) in which each listing of a group larger than `largest` stands alone."""
    alone = np.bincount(group)[group] > largest
    separate = np.where(alone, group.max(initial=-1) + 1 + np.arange(len(group)), group)
    _, dense = np.unique(separate, return_inverse=True)
    return np.asarray(dense, dtype=np.int64)


def _components(data: TrainingData) -> Ints:
    """Connected components of "shares a title, photo or product", (n,)."""
    n = len(data)
    keys = [data.title_key, data.photo_key, data.product_key]
    rows, columns, offset = [], [], n
    for key in keys:
        _, dense = np.unique(key, return_inverse=True)
        rows.append(np.arange(n))
        columns.append(dense + offset)
        offset += int(dense.max(initial=-1)) + 1
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=(offset, offset))
    _, component = connected_components(graph, directed=False)
    _, group = np.unique(component[:n], return_inverse=True)
    return np.asarray(group, dtype=np.int64)


def owned_photos(data: TrainingData, config: TrainingConfig) -> Bools:
    """(n,) whether a listing's photo may serve as a positive example of its title.

    Not where an analyst called it a mismatch, and not where listings with unrelated titles show the same
    photo (to the eye: nearly the same embedding): then it is nobody's, be it a placeholder or a copy. Two
    titles are unrelated when they are less alike than `config.unrelated_quantile` of random pairs are.
    """
    owned = ~(data.verdict == 1)
    index = NeighbourIndex.build(data.photos, [str(row) for row in range(len(data))])
    titles = unit(data.titles)
    limit = _random_similarity(titles, config)
    for start in range(0, len(data), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(data)))
        near, distance = index.search(data.photos[rows], _NEIGHBOURS)
        alike = (distance**2 <= 2 * (1 - config.same_photo_cosine)) & (near != rows[:, None])
        similarity = np.einsum("nd,nkd->nk", titles[rows], titles[near])
        unrelated = (similarity < limit) & (data.title_key[rows][:, None] != data.title_key[near])
        owned[rows] &= ~(alike & unrelated).any(axis=1)
    return np.asarray(owned, dtype=np.bool_)


def _random_similarity(titles: Floats, config: TrainingConfig) -> float:
    """The quantile of title similarity over random pairs of listings."""
    rng = np.random.default_rng(config.seed)
    a, b = rng.integers(0, len(titles), size=(2, 20_000))
    return float(np.quantile((titles[a] * titles[b]).sum(axis=1)[a != b], config.unrelated_quantile))
