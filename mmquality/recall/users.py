"""What a visit's clicks say of its visitor, as a vector; nothing of it is kept."""

from __future__ import annotations

import numpy as np

from mmquality.index import Vectors, unit


def user_vector(clicks: Vectors, half_life: float) -> Vectors:
    """`u = Σ_i h_i e_i / Σ_i h_i` with `h_i = 2^(−i / half_life)`, i = 0 for the newest click, (d,).

    :param clicks: embeddings of the listings that were clicked, the newest last, (m, d), m ≥ 1
    :param half_life: after so many further clicks one counts half; infinity: all count the same
    """
    age = np.arange(len(clicks))[::-1]
    counts = np.exp2(-age / half_life).astype(np.float32)
    mean: Vectors = counts @ clicks / counts.sum()
    return mean


def mixed(query: Vectors, user: Vectors, weight: float) -> Vectors:
    """`normalise((1 − w) q + w u)`, (d,): whose order is that of `(1 − w) qᵀx + w uᵀx`."""
    both: Vectors = unit((1 - weight) * query[None] + weight * user[None])[0]
    return both
