"""Closed-form starting point: PCA of each input, regularised CCA between them, PCA of both for recall.

Trained from random weights, the encoders overfit a catalogue of ten thousand and lose to plain concatenation.
Started here, the network is already a good linear model before the first step, and training only refines it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mmquality.config import NetworkConfig
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.network.towers import Standardise


@torch.no_grad()
def fit_standardise(layer: Standardise, vectors: Tensor) -> None:
    """Fit mean and principal components to `vectors` (n, input_dim), leaving unit total variance per entry.

    Components are scaled by λ^-¼: halfway between plain PCA (the leading ones drown the rest) and whitening
    (the trailing ones, which are mostly noise, shout). Directions in which the catalogue does not vary become
    zero: scaled up, they would drown everything else in a new listing, which does vary in them.
    """
    x = torch.nn.functional.normalize(vectors, dim=1)
    mean = x.mean(dim=0)
    covariance = torch.cov((x - mean).T, correction=0)
    values, directions = torch.linalg.eigh(covariance.double())
    top = torch.argsort(values, descending=True)[: layer.basis.shape[1]]
    variance = values[top]
    varies = variance > max(1e-6 * float(variance[0]), 1e-9)
    scale = torch.zeros_like(variance)
    spread = variance[varies].sqrt().mean().sqrt()  # λ λ^-½ = λ^½ is the variance of a scaled component
    scale[varies] = variance[varies].pow(-0.25) / spread
    layer.mean.copy_(mean)
    layer.basis.copy_((directions[:, top] * scale).float())


@torch.no_grad()
def regularised_cca(
    x: Tensor, y: Tensor, d: int, ridge: float, power: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Canonical directions of centred `x` (n, p) and `y` (n, q).

    With `K = (Cxx + rI)^-½ Cxy (Cyy + rI)^-½ = U S Vᵀ`, returns `A = (Cxx + rI)^-½ U_d S^power` (p, d),
    `B` likewise (q, d), and the canonical correlations S (d,).
    """
    x, y = x.double(), y.double()
    n = len(x)
    cxx, cyy, cxy = x.T @ x / n, y.T @ y / n, x.T @ y / n
    wx, wy = _inverse_root(cxx, ridge), _inverse_root(cyy, ridge)
    u, s, vt = torch.linalg.svd(wx @ cxy @ wy)
    d = min(d, len(s))
    weight = s[:d].clamp(min=1e-6).pow(power)
    return (wx @ u[:, :d] * weight).float(), (wy @ vt.T[:, :d] * weight).float(), s[:d].float()


def _inverse_root(covariance: Tensor, ridge: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    regularised = (values.clamp(min=0) + ridge * values.mean()).clamp(min=1e-12)
    root: Tensor = vectors * regularised.rsqrt() @ vectors.T
    return root


@torch.no_grad()
def fit_inputs(config: NetworkConfig, titles: Tensor, photos: Tensor) -> Inputs:
    """Standardisation of both embeddings, (n, title_dim) and (n, photo_dim)."""
    inputs = Inputs(config)
    fit_standardise(inputs.title, titles)
    fit_standardise(inputs.photo, photos)
    return inputs


@torch.no_grad()
def warm_start(
    network: SiameseNetwork,
    titles: Tensor,
    photos: Tensor,
    owned: Tensor,
    *,
    ridge: float,
    power: float,
    title_weight: float = 0.5,
) -> None:
    """Set every linear path of `network`, whose inputs are fitted already, in closed form.

    :param titles: pretrained embeddings, (n, title_dim)
    :param photos: (n, photo_dim)
    :param owned: (n,) bool; only listings whose photo is believed to be their own shape the CCA (all of them
        where that is believed of none)
    """
    x, y = network.standardised(titles, photos)
    owned = owned if owned.any() else torch.ones_like(owned)
    a, b, _ = regularised_cca(x[owned], y[owned], network.config.d, ridge, power)
    _set_linear(network.f_t.linear, a)
    _set_linear(network.f_v.linear, b)
    network.eval()
    p = network.project(x, y)
    both = torch.cat([p.u, p.v], dim=1) * network.config.d**0.5
    target = _joint_components(titles, photos, network.config.d_z, title_weight)
    _set_linear(network.g.linear, _ridge_regression(both, target))


def _set_linear(layer: torch.nn.Linear, matrix: Tensor) -> None:
    """Put `matrix` (in, d) into the layer; directions beyond those found stay zero."""
    layer.weight.zero_()
    layer.weight[: matrix.shape[1]] = matrix.T
    layer.bias.zero_()


def _joint_components(titles: Tensor, photos: Tensor, k: int, title_weight: float) -> Tensor:
    """The k leading principal components of both unit embeddings side by side, (n, ≤ k)."""
    both = [
        w**0.5 * torch.nn.functional.normalize(e, dim=1)
        for w, e in ((title_weight, titles), (1 - title_weight, photos))
    ]
    joint = torch.cat([e - e.mean(dim=0) for e in both], dim=1)
    values, vectors = torch.linalg.eigh(joint.T @ joint)
    top = torch.argsort(values, descending=True)[:k]
    components: Tensor = joint @ vectors[:, top]
    return components


def _ridge_regression(x: Tensor, y: Tensor, ridge: float = 1e-2) -> Tensor:
    """`(XᵀX + rI)⁻¹ Xᵀ Y`, (p, k); `r` is `ridge` times the mean of the diagonal of `XᵀX`."""
    gram = x.T @ x
    regularised = gram + (ridge * gram.diagonal().mean()).clamp(min=1e-9) * torch.eye(len(gram))
    solution: Tensor = torch.linalg.solve(regularised, x.T @ y)
    return solution
