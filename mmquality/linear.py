"""Linear models in closed form: principal components, regularised CCA, ridge regression.

The network starts at them, and the peers that it is measured against are built of them. Tensors in, tensors
out; every one is deterministic.
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def principal_components(vectors: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Mean (p,) and basis (p, ≤ k) of `vectors` (n, p) at unit length; total variance is one per component.

    Components are scaled by λ^-¼: halfway between plain PCA (the leading ones drown the rest) and whitening
    (the trailing ones, which are mostly noise, shout). Directions in which the catalogue does not vary become
    zero: scaled up, they would drown everything else in a new listing, which does vary in them.
    """
    x = torch.nn.functional.normalize(vectors, dim=1)
    mean = x.mean(dim=0)
    variance, directions = _leading_directions(x - mean, k)
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
    gram = x.T @ x
    regularised = gram + (ridge * gram.diagonal().mean()).clamp(min=1e-9) * torch.eye(len(gram))
    solution: Tensor = torch.linalg.solve(regularised, x.T @ y)
    return solution


def _leading_directions(centred: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k largest variances (≤ k,) of `centred` (n, p), and their directions (p, ≤ k), in double precision.

    From the smaller of the two matrices that tell them: a few hundred listings have far fewer directions than
    an embedding has dimensions. What does not vary has no direction, and gets zero there.
    """
    n, p = centred.shape
    wide = n < p
    gram = centred.double() @ centred.double().T / n if wide else torch.cov(centred.T, correction=0).double()
    values, vectors = torch.linalg.eigh(gram)
    top = torch.argsort(values, descending=True)[:k]
    if not wide:
        return values[top], vectors[:, top]
    towards = centred.double().T @ vectors[:, top]
    return values[top], torch.nn.functional.normalize(towards, dim=0)


def _inverse_root(covariance: Tensor, ridge: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    regularised = (values.clamp(min=0) + ridge * values.mean()).clamp(min=1e-12)
    root: Tensor = vectors * regularised.rsqrt() @ vectors.T
    return root
