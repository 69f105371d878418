"""Folds that nothing straddles: listings that must not be told apart stand in the same one."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmquality.training.data import Ints, TrainingData


def grouped_folds(data: TrainingData, folds: int, seed: int) -> Ints:
    """A fold number for each listing, (n,); listings that share a title, photo or product share a fold.

    Groups are dealt largest first to the smallest fold so far, in random order among equals. A group larger
    than a fold (half the catalogue shows one placeholder) is dealt listing by listing: the network without it
    would have too little left to learn from, and other folds would stand empty.
    """
    group = _broken_up(groups_of(data), largest=len(data) // folds)
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


def groups_of(data: TrainingData) -> Ints:
    """Connected components of "shares a title, photo or product": a number for each listing, (n,)."""
    n = len(data)
    rows, columns, offset = [], [], n
    for key in data.keys.T:
        _, dense = np.unique(key, return_inverse=True)
        rows.append(np.arange(n))
        columns.append(dense + offset)
        offset += int(dense.max(initial=-1)) + 1
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=(offset, offset))
    _, component = connected_components(graph, directed=False)
    _, group = np.unique(component[:n], return_inverse=True)
    return np.asarray(group, dtype=np.int64)
