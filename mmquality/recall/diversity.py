"""Neighbours that are not all the same: maximal marginal relevance.

Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
Summaries" (SIGIR 1998).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmquality.index import Vectors

POOL = 5  # candidates for each one that is wanted


def diverse(relevance: Vectors, candidates: Vectors, k: int, diversity: float) -> npt.NDArray[np.int64]:
    """Which k of the candidates to take, in this order: each time
    `argmax_i λ r_i − (1 − λ) max_j∈taken x_iᵀx_j`, λ = 1 − diversity; ties go to the one in front.

    :param relevance: how well each candidate answers, a cosine, (n,)
    :param candidates: unit vectors, (n, d)
    """
    k = min(k, len(candidates))
    taken = np.empty(k, np.int64)
    left, likeness = np.ones(len(candidates), np.bool_), np.full(len(candidates), -1.0, np.float32)
    for place in range(k):
        worth = (1 - diversity) * relevance - (diversity * likeness if place else 0)
        best = int(np.argmax(np.where(left, worth, -np.inf)))
        taken[place], left[best] = best, False
        likeness = np.maximum(likeness, candidates @ candidates[best])
    return taken
