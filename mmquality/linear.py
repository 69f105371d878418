"""Linear models in closed form: principal components, regularised CCA, ridge regression.

The network starts at them, and the peers that it is measured against are built of them. Tensors in, tensors
out; every one is deterministic. What is summed over a catalogue is summed over blocks of it; of a catalogue
that is one block the sums are those of its matrices, to the last bit.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mmquality.rows import Ints, Rows, blocks


def block_of(vectors: Rows, rows: slice | Ints) -> Tensor:
    """Some rows as a tensor; copied where they may not be written to, as torch asks for."""
    found = vectors[rows]
    return found if isinstance(found, Tensor) else torch.from_numpy(np.require(found, requirements="W"))


@torch.no_grad()
def principal_components(vectors: Rows, k: int) -> tuple[Tensor, Tensor]:
    """Mean (p,) and basis (p, ≤ k) of `vectors` (n, p) at unit length; total variance is one per component.

    Components are scaled by λ^-¼: halfway between plain PCA (the leading ones drown the rest) and whitening
    (the trailing ones, which are mostly noise, shout). Directions in which the catalogue does not vary become
    zero: scaled up, they would drown everything else in a new listing, which does vary in them.
    """
    n, p = vectors.shape
    mean, variance, directions = (_directions_of_few if n < p else _directions_of_many)(vectors, k)
    varies = variance > max(1e-6 * float(variance[0]), 1e-9)
    scale = torch.zeros_like(variance)
    spread = variance[varies].sqrt().mean().sqrt()  # λ λ^-½ = λ^½ is the variance of a scaled component
    scale[varies] = variance[varies].pow(-0.25) / spread
    return mean, (directions * scale).float()


@torch.no_grad()
def regularised_cca(
    x: Tensor, y: Tensor, d: int, ridge: float, power: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Canonical directions of centred `x` (n, p) and `y` (n, q).

    With `K = (Cxx + rI)^-½ Cxy (Cyy + rI)^-½ = U S Vᵀ`, returns `A = (Cxx + rI)^-½ U_d S^power` (p, d),
    `B` likewise (q, d), and the canonical correlations S (d,). `r` is `ridge` times the mean variance.
    """
    return cca_of_moments(second_moments(x, y) / len(x), x.shape[1], d, ridge, power)


@torch.no_grad()
def second_moments(x: Tensor, y: Tensor) -> Tensor:
    """`[x y]ᵀ [x y]` of `x` (n, p) and `y` (n, q), (p + q, p + q), in double precision.

    That of several parts is the sum of theirs.
    """
    both = torch.cat([x, y], dim=1).double()
    return both.T @ both


@torch.no_grad()
def cca_of_moments(
    moments: Tensor, p: int, d: int, ridge: float, power: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`regularised_cca` of centred data with these mean second moments, (p + q, p + q)."""
    cxx, cyy, cxy = moments[:p, :p], moments[p:, p:], moments[:p, p:]
    wx, wy = _inverse_root(cxx, ridge), _inverse_root(cyy, ridge)
    u, s, vt = torch.linalg.svd(wx @ cxy @ wy)
    d = min(d, len(s))
    weight = s[:d].clamp(min=1e-6).pow(power)
    return (wx @ u[:, :d] * weight).float(), (wy @ vt.T[:, :d] * weight).float(), s[:d].float()


@torch.no_grad()
def ridge_regression(x: Tensor, y: Tensor, ridge: float = 1e-2) -> Tensor:
    """`(XᵀX + rI)⁻¹ Xᵀ Y`, (p, k), of `x` (n, p) and `y` (n, k); `r` is `ridge` times the mean of the
    diagonal of `XᵀX`."""
    return ridge_of_products(x.T @ x, x.T @ y, ridge)


@torch.no_grad()
def ridge_of_products(gram: Tensor, cross: Tensor, ridge: float = 1e-2) -> Tensor:
    """`ridge_regression` from `XᵀX` (p, p) and `XᵀY` (p, k)."""
    regularised = gram + (ridge * gram.diagonal().mean()).clamp(min=1e-9) * torch.eye(len(gram))
    solution: Tensor = torch.linalg.solve(regularised, cross)
    return solution


def _directions_of_few(vectors: Rows, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (p,) of `vectors` (n, p) at unit length, k largest variances (≤ k,) and their directions (p, ≤ k).

    From the likeness of each to each: a few hundred listings have far fewer directions than an embedding has
    dimensions. What does not vary has no direction, and gets zero there.
    """
    x = torch.nn.functional.normalize(block_of(vectors, slice(None)), dim=1)
    mean = x.mean(dim=0)
    centred = (x - mean).double()
    values, vectors_of = torch.linalg.eigh(centred @ centred.T / len(centred))
    top = torch.argsort(values, descending=True)[:k]
    return mean, values[top], torch.nn.functional.normalize(centred.T @ vectors_of[:, top], dim=0)


def _directions_of_many(vectors: Rows, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """As `_directions_of_few`, from the covariance; variances and directions in double precision."""
    mean, covariance = _mean_and_covariance(vectors)
    values, directions = torch.linalg.eigh(covariance)
    top = torch.argsort(values, descending=True)[:k]
    return mean, values[top], directions[:, top]


def _mean_and_covariance(vectors: Rows) -> tuple[Tensor, Tensor]:
    """Of `vectors` (n, p) at unit length, (p,) and (p, p), gone through once.

    `C = Σ_b n_b/n (C_b + (m_b − m)(m_b − m)ᵀ)` over blocks b: the variance within them and between them.
    """
    means, shares = [], []
    covariance = torch.zeros(())
    for rows in blocks(len(vectors)):
        x = torch.nn.functional.normalize(block_of(vectors, rows), dim=1)
        means.append(x.mean(dim=0))
        shares.append(len(x) / len(vectors))
        covariance = covariance + shares[-1] * torch.cov(x.sub_(means[-1]).T, correction=0).double()
    of_blocks, share = torch.stack(means).double(), torch.tensor(shares).double()
    mean = share @ of_blocks
    apart = of_blocks - mean
    return mean.float(), covariance + (share[:, None] * apart).T @ apart


def _inverse_root(covariance: Tensor, ridge: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    regularised = (values.clamp(min=0) + ridge * values.mean()).clamp(min=1e-12)
    root: Tensor = vectors * regularised.rsqrt() @ vectors.T
    return root
