"""How far co-clicked listings should pull each other: chosen on pairs that are held out for the purpose.

Where people buy together what neither title nor photo says, propagation finds half as much again; where
they click what looks alike, it only blurs. The catalogue's own pairs tell which. They are asked in the
standardised inputs, which never saw a pair: the learnt embedding has seen all of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmquality.graph import propagate
from mmquality.index import nearest_rows
from mmquality.rows import New, Rows, in_memory, kept
from mmquality.training.data import Bools, Ints

Doubles = npt.NDArray[np.float64]

WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.8)
MOST_QUERIES = 1_000
_HELD_SHARE = 0.2  # of the listings with a pair


def propagation_weight(
    vectors: Rows, pairs: Ints, product_key: Ints, seed: int, new: New = in_memory
) -> float:
    """The smallest of `WEIGHTS` whose recall is within one standard error of the best (Breiman et al. 1984).

    A share of the listings that have a pair lose all of theirs and ask for them, as listings do that are new;
    the pairs that are left are propagated. 0 where there are no pairs.

    :param vectors: unit vectors that were made without looking at pairs, (n, d)
    :param pairs: rows of co-clicked listings, (m, 2)
    :param product_key: (n,); partners of the same product are not asked for
    :param new: gives room for the vectors, as they are and propagated
    """
    held = _held_out(pairs, len(vectors), seed)
    touched = held[pairs].any(axis=1)
    wanted = _wanted(pairs[touched], held, product_key)
    if not wanted:
        return 0.0
    k = int(np.clip(len(vectors) // 50, 10, 100))  # of a small catalogue, 100 would be most of it
    own, moved, recalls = kept(vectors, new), new(vectors.shape, np.float32), []
    for weight in WEIGHTS:
        propagate(own, pairs[~touched], weight, moved)
        recalls.append(_recall(moved, wanted, k))
    best = max(recalls, key=lambda recall: float(recall.mean()))
    error = best.std() / len(best) ** 0.5
    return next(w for w, r in zip(WEIGHTS, recalls, strict=True) if r.mean() >= best.mean() - error)


def _held_out(pairs: Ints, n: int, seed: int) -> Bools:
    """(n,) listings whose pairs are taken away."""
    linked = np.unique(pairs)
    count = min(round(_HELD_SHARE * len(linked)), MOST_QUERIES)
    held = np.zeros(n, dtype=np.bool_)
    held[np.random.default_rng(seed).choice(linked, count, replace=False)] = True
    return held


def _wanted(pairs: Ints, held: Bools, product_key: Ints) -> dict[int, set[int]]:
    """Held-out listing → its partners of another product."""
    wanted: dict[int, set[int]] = {}
    for a, b in pairs[product_key[pairs[:, 0]] != product_key[pairs[:, 1]]].tolist():
        for one, other in ((a, b), (b, a)):
            if held[one]:
                wanted.setdefault(one, set()).add(other)
    return wanted


def _recall(vectors: Rows, wanted: dict[int, set[int]], k: int) -> Doubles:
    """Recall@k of each query, (queries,): hits / min(k, wanted)."""
    queries = np.array(list(wanted))
    rows, _ = nearest_rows(vectors, vectors[queries], k + 1)
    found = ([r for r in row if r != query][:k] for query, row in zip(queries, rows.tolist(), strict=True))
    shares = [len(w.intersection(f)) / min(k, len(w)) for f, w in zip(found, wanted.values(), strict=True)]
    return np.array(shares)
