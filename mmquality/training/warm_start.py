"""Closed-form starting point: PCA of each input, regularised CCA between them, PCA of both for recall.

Trained from random weights, the encoders overfit a catalogue of ten thousand and lose to plain concatenation.
Started here, the network is already a good linear model before the first step, and training only refines it.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Start:
    """Where a network starts on a training catalogue, whatever its seed, its projection and its losses."""

    x: Tensor  # (n, title_components) standardised titles
    y: Tensor  # (n, photo_components) standardised photos
    a: Tensor  # (title_components, ≤ d) canonical directions of the titles and …
    b: Tensor  # (photo_components, ≤ d) … of the photos
    joint: Tensor  # (n, ≤ d_z) principal components of both inputs side by side

    @classmethod
    @torch.no_grad()
    def of(
        cls,
        inputs: Inputs,
        titles: Tensor,
        photos: Tensor,
        owned: Tensor,
        config: NetworkConfig,
        *,
        ridge: float,
        power: float,
        title_weight: float = 0.5,
    ) -> Start:
        """In closed form.

        :param inputs: the fitted standardisation of titles (n, title_dim) and photos (n, photo_dim)
        :param owned: (n,) bool; only listings whose photo is believed to be their own shape the CCA (all of
            them where that is believed of none)
        """
        x, y = inputs.title(titles), inputs.photo(photos)
        owned = owned if owned.any() else torch.ones_like(owned)
        a, b, _ = regularised_cca(x[owned], y[owned], config.d, ridge, power)
        return cls(x, y, a, b, _joint_components(x, y, config.d_z, title_weight))


@torch.no_grad()
def warm_start(network: SiameseNetwork, start: Start) -> None:
    """Set every linear path of `network`, which is left in evaluation mode."""
    _set_linear(network.f_t.linear, start.a)
    _set_linear(network.f_v.linear, start.b)
    network.eval()
    p = network.project(start.x, start.y)
    both = torch.cat([p.u, p.v], dim=1) * network.config.d**0.5
    _set_linear(network.g.linear, ridge_regression(both, start.joint))


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
