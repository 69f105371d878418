"""LEMoN: what a listing's neighbours by photo are titled, and what its neighbours by title show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmquality.evaluation.peers.aligned import cca_maps
from mmquality.evaluation.peers.catalogue import Doubles, Floats, PeerCatalogue, cosines
from mmquality.index import unit
from mmquality.suspicion.neighbours import nearest_others

_BLOCK = 1_024  # listings whose neighbours' vectors are held at a time


@dataclass(frozen=True)
class Constants:
    """The constants of LEMoN's formula."""

    k: int  # neighbours
    beta: float  # weight of the neighbours by photo
    gamma: float  # weight of the neighbours by title
    tau_1: float  # how fast neighbours count less by their distance, …
    tau_2: float  # … and by the mismatch of their own title and photo


PUBLISHED = Constants(k=30, beta=5, gamma=5, tau_1=0.1, tau_2=5)  # the authors', for CLIP's space
# The authors tune on a labelled part of the catalogue where there is one. So were these: on the truth of the
# train and valid listings of the three benchmark catalogues, as all of our own constants.
TUNED = Constants(k=15, beta=2, gamma=3, tau_1=2, tau_2=1)


def lemon(data: PeerCatalogue, constants: Constants = PUBLISHED) -> Doubles:
    """`d_mm(x, y) + β s_n(x, y) + γ s_m(x, y)` (Zhang et al., ICML 2025, "LEMoN"), x a photo and y its title.

    `s_n = 1/k Σ_j d_Y(y, y_j) exp(−τ₁ d_X(x, x_j)) exp(−τ₂ d_mm(x_j, y_j))` over the k photos x_j nearest to
    x, y_j their titles; `s_m` is its mirror image over the k nearest titles:
    `1/k Σ_j d_X(x, x_j) exp(−τ₁ d_Y(y, y_j)) exp(−τ₂ d_mm(x_j, y_j))`. All distances are 1 − cosine.
    CLIP gives the authors one space for `d_mm`; here it is that of a CCA outside the listing's fold. As
    published, the neighbours are any other listings of the catalogue: nothing is fitted to them.
    """
    x, y = data.x, data.y
    d_mm = np.empty(len(data))
    for number in np.unique(data.fold):
        held, train = np.flatnonzero(data.fold == number), np.flatnonzero(data.fold != number)
        a, b = cca_maps(x[train], y[train])
        d_mm[held] = 1 - cosines(x[held] @ a, y[held] @ b)
    photos, titles = unit(data.photos), unit(data.titles)
    by_photo = disagreement(photos, titles, d_mm, constants)
    by_title = disagreement(titles, photos, d_mm, constants)
    return d_mm + constants.beta * by_photo + constants.gamma * by_title


def lemon_tuned(data: PeerCatalogue) -> Doubles:
    """`lemon` with constants that were tuned for the embeddings of this project."""
    return lemon(data, TUNED)


def disagreement(near: Floats, other: Floats, d_mm: Doubles, constants: Constants) -> Doubles:
    """A neighbour term, (n,): neighbours by the unit vectors `near`, judged by `other`, both (n, ·)."""
    found, term = nearest_others(near, constants.k), np.empty(len(near))
    for start in range(0, len(near), _BLOCK):
        block = slice(start, start + _BLOCK)
        rows = found.rows[block]
        d_near = 1 - found.cosine[block]
        d_other = 1 - np.einsum("nd,nkd->nk", other[block], other[rows])
        weight = np.exp(-constants.tau_1 * d_near) * np.exp(-constants.tau_2 * d_mm[rows])
        term[block] = (d_other * weight).mean(axis=1)
    return term
