"""How well vectors bring co-clicked listings together: recall of held-out pairs, and their AUC."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmquality.index import NeighbourIndex, unit

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_DRAWS = 10_000  # random pairs against which co-clicked ones are held


def positives_of(pairs: Ints, product: Ints, queries: Ints) -> list[Ints]:
    """The rows co-clicked with each query (len(queries),): other rows, of another product, each once.

    :param pairs: (m, 2) rows; product: (n,) key of each row's product
    """
    pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & (product[pairs[:, 0]] != product[pairs[:, 1]])]
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0) if len(pairs) else pairs
    starts = np.searchsorted(both[:, 0], queries)
    ends = np.searchsorted(both[:, 0], queries, side="right")
    return [both[a:b, 1] for a, b in zip(starts, ends, strict=True)]


def recall_of_queries(
    queries: Floats, candidates: Floats, rows: Ints, positives: list[Ints], at: tuple[int, ...]
) -> dict[int, Doubles]:
    """k → recall of each query: hits among its k nearest candidates / min(k, positives), (len(rows),).

    :param queries: vector of each query, (m, d); candidates: of every listing, (n, d); cosine
    :param rows: (m,) which candidate each query is itself; never a hit
    :param positives: rows of each query, at least one
    """
    index = NeighbourIndex.build(candidates, [""] * len(candidates))
    found, _ = index.search_others(queries, rows, max(at))
    return recall_of_lists(found, positives, at)


def recall_of_lists(found: Ints, positives: list[Ints], at: tuple[int, ...]) -> dict[int, Doubles]:
    """k → hits among the first k rows found for each query / min(k, positives), (m,).

    :param found: (m, depth) rows, nearest first; positives: rows of each query, at least one
    """
    hits = [np.isin(near, wanted) for near, wanted in zip(found, positives, strict=True)]
    counts = np.array([len(wanted) for wanted in positives])
    return {k: np.array([hit[:k].sum() for hit in hits]) / np.minimum(k, counts) for k in at}


def co_click_auc(vectors: Floats, pairs: Ints, others: Ints, seed: int) -> float | None:
    """The probability that a co-clicked pair is nearer than a random one; None without pairs.

    A random pair is one end of a co-clicked pair with a listing drawn from `others` that it was never
    co-clicked with. Cosine of `vectors` (n, d); ties count half.
    """
    from sklearn.metrics import roc_auc_score

    if not len(pairs) or len(np.unique(others)) < 2:
        return None
    rng = np.random.default_rng(seed)
    anchors = pairs[rng.integers(0, len(pairs), _DRAWS), 0]
    drawn = rng.choice(others, _DRAWS)
    known = set(map(tuple, np.concatenate([pairs, pairs[:, ::-1]]).tolist()))
    apart = [
        (a, b)
        for a, b in zip(anchors.tolist(), drawn.tolist(), strict=True)
        if a != b and (a, b) not in known
    ]
    if not apart:
        return None
    directions = unit(vectors)
    ends = np.concatenate([pairs, np.array(apart, dtype=np.int64)])
    near = (directions[ends[:, 0]] * directions[ends[:, 1]]).sum(axis=1)
    return float(roc_auc_score(np.arange(len(ends)) < len(pairs), near))
