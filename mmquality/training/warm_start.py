"""Closed-form starting point: PCA of each input, regularised CCA between them, PCA of both for recall.

Trained from random weights, the encoders overfit a catalogue of ten thousand and lose to plain concatenation.
Started here, the network is already a good linear model before the first step, and training only refines it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmquality.config import NetworkConfig
from mmquality.linear import principal_components, regularised_cca, ridge_regression
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.network.towers import Standardise


@torch.no_grad()
def fit_standardise(layer: Standardise, vectors: Tensor) -> None:
    """Fit mean and scaled principal components to `vectors` (n, input_dim)."""
    mean, basis = principal_components(vectors, layer.basis.shape[1])
    layer.mean.copy_(mean)
    layer.basis.copy_(basis)


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
    x: Tensor,
    y: Tensor,
    owned: Tensor,
    *,
    ridge: float,
    power: float,
    title_weight: float = 0.5,
) -> None:
    """Set every linear path of `network` in closed form.

    :param x: standardised titles, (n, title_components)
    :param y: standardised photos, (n, photo_components)
    :param owned: (n,) bool; only listings whose photo is believed to be their own shape the CCA (all of them
        where that is believed of none)
    """
    owned = owned if owned.any() else torch.ones_like(owned)
    a, b, _ = regularised_cca(x[owned], y[owned], network.config.d, ridge, power)
    _set_linear(network.f_t.linear, a)
    _set_linear(network.f_v.linear, b)
    network.eval()
    p = network.project(x, y)
    both = torch.cat([p.u, p.v], dim=1) * network.config.d**0.5
    target = _joint_components(x, y, network.config.d_z, title_weight)
    _set_linear(network.g.linear, ridge_regression(both, target))


def _set_linear(layer: torch.nn.Linear, matrix: Tensor) -> None:
    """Put `matrix` (in, d) into the layer; directions beyond those found stay zero."""
    layer.weight.zero_()
    layer.weight[: matrix.shape[1]] = matrix.T
    layer.bias.zero_()


def _joint_components(x: Tensor, y: Tensor, k: int, title_weight: float) -> Tensor:
    """The k leading principal components of both standardised inputs side by side, (n, ≤ k)."""
    both = [w**0.5 * normalize(e, dim=1) for w, e in ((title_weight, x), (1 - title_weight, y))]
    # In double precision: in single, photos that are all the same have been seen to yield no number at all.
    joint = torch.cat([e - e.mean(dim=0) for e in both], dim=1).double()
    values, vectors = torch.linalg.eigh(joint.T @ joint)
    top = torch.argsort(values, descending=True)[:k]
    components: Tensor = (joint @ vectors[:, top]).float()
    return components
