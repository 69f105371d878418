"""Peers that compare title and photo in one space: by chance, as they are, by ridge regression, by CCA."""

from __future__ import annotations

import numpy as np

from mmquality.evaluation.peers.catalogue import (
    Doubles,
    Floats,
    Ints,
    PeerCatalogue,
    cosines,
    out_of_fold,
)

CCA_DIMENSIONS, CCA_RIDGE, CCA_POWER = 128, 1.0, 1.0  # where our network starts
RIDGE = 10.0  # times the mean variance of a photo's entries; of 0.3 … 10 the best for this peer


def random(data: PeerCatalogue) -> Doubles:
    """A number drawn for each listing."""
    return np.random.default_rng(data.seed).random(len(data))


def cosine(data: PeerCatalogue) -> Doubles:
    """`−cos(x, y)` of the embeddings as they are, which must be of one dimension; nothing is learnt."""
    return -cosines(data.titles, data.photos)


def ridge_cosine(data: PeerCatalogue) -> Doubles:
    """`−cos(x, W y)` with `W` the ridge regression from photo to title, outside the listing's fold."""
    x, y = data.x, data.y

    def score(train: Ints, held: Ints) -> Doubles:
        return -cosines(x[held], y[held] @ ridge_map(y[train], x[train]))

    return out_of_fold(data, score)


def cca_cosine(data: PeerCatalogue) -> Doubles:
    """`−cos(A x, B y)` with `A`, `B` the regularised canonical directions outside the listing's fold."""
    x, y = data.x, data.y

    def score(train: Ints, held: Ints) -> Doubles:
        a, b = cca_maps(x[train], y[train])
        return -cosines(x[held] @ a, y[held] @ b)

    return out_of_fold(data, score)


def ridge_map(y: Floats, x: Floats, ridge: float = RIDGE) -> Floats:
    """`(YᵀY + rI)⁻¹ YᵀX`, (q, p)."""
    import torch

    from mmquality.linear import ridge_regression

    found: Floats = ridge_regression(torch.from_numpy(y), torch.from_numpy(x), ridge).numpy()
    return found


def cca_maps(x: Floats, y: Floats, d: int = CCA_DIMENSIONS) -> tuple[Floats, Floats]:
    """Regularised canonical directions of `x` (n, p) and `y` (n, q): (p, ≤ d) and (q, ≤ d)."""
    import torch

    from mmquality.linear import regularised_cca

    a, b, _ = regularised_cca(torch.from_numpy(x), torch.from_numpy(y), d, CCA_RIDGE, CCA_POWER)
    return a.numpy(), b.numpy()
