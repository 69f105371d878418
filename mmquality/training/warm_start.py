"""Closed-form starting point: PCA of each input, regularised CCA between them, PCA of both for recall.

Trained from random weights, the encoders overfit a catalogue of ten thousand and lose to plain concatenation.
Started here, the network is already a good linear model before the first step, and training only refines it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmquality.config import NetworkConfig
from mmquality.linear import (
    cca_of_moments,
    principal_components,
    ridge_of_products,
    second_moments,
)
from mmquality.network.siamese import Inputs, SiameseNetwork
from mmquality.network.towers import Standardise
from mmquality.rows import Rows, blocks
from mmquality.training.batches import Tensors

_TITLE_WEIGHT = 0.5  # of the titles beside the photos, in the components of both


@torch.no_grad()
def fit_standardise(layer: Standardise, vectors: Rows) -> None:
    """Fit mean and scaled principal components to `vectors` (n, input_dim)."""
    mean, basis = principal_components(vectors, layer.basis.shape[1])
    layer.mean.copy_(mean)
    layer.basis.copy_(basis)


@torch.no_grad()
def fit_inputs(config: NetworkConfig, titles: Rows, photos: Rows) -> Inputs:
    """Standardisation of both embeddings, (n, title_dim) and (n, photo_dim)."""
    inputs = Inputs(config)
    fit_standardise(inputs.title, titles)
    fit_standardise(inputs.photo, photos)
    return inputs


@dataclass(frozen=True)
class Start:
    """Where a network starts on its listings, whatever its seed, its projection and its losses."""

    a: Tensor  # (title_components, ≤ d) canonical directions of the titles and …
    b: Tensor  # (photo_components, ≤ d) … of the photos
    mean: Tensor  # (title_components + photo_components,) of both inputs side by side
    joint: Tensor  # (title_components + photo_components, ≤ d_z) their principal directions, in doubles

    @classmethod
    @torch.no_grad()
    def of(cls, tensors: Tensors, config: NetworkConfig, *, ridge: float, power: float) -> Start:
        """In closed form.

        Only listings whose photo is believed to be their own shape the CCA (all where that is believed of
        none).
        """
        owners = tensors.rows[tensors.owned[tensors.rows]]
        owners = owners if len(owners) else tensors.rows
        moments = reduce(torch.add, (second_moments(x, y) for x, y in _inputs(tensors, owners)))
        a, b, _ = cca_of_moments(moments / len(owners), tensors.x.shape[1], config.d, ridge, power)
        mean, joint = _joint_directions(tensors, config.d_z)
        return cls(a, b, mean, joint)

    def joint_components(self, x: Tensor, y: Tensor) -> Tensor:
        """The principal components of standardised inputs side by side, (n, ≤ d_z)."""
        components: Tensor = (_side_by_side(x, y).sub_(self.mean).double() @ self.joint).float()
        return components


@torch.no_grad()
def warm_start(network: SiameseNetwork, start: Start, tensors: Tensors) -> None:
    """Set every linear path of `network`, which is left in evaluation mode."""
    _set_linear(network.f_t.linear, start.a)
    _set_linear(network.f_v.linear, start.b)
    network.eval()
    gram, cross = torch.zeros(()), torch.zeros(())
    for x, y in _inputs(tensors, tensors.rows):
        p = network.project(x, y)
        both = torch.cat([p.u, p.v], dim=1) * network.config.d**0.5
        gram, cross = gram + both.T @ both, cross + both.T @ start.joint_components(x, y)
    _set_linear(network.g.linear, ridge_of_products(gram, cross))


def _set_linear(layer: torch.nn.Linear, matrix: Tensor) -> None:
    """Put `matrix` (in, d) into the layer; directions beyond those found stay zero."""
    layer.weight.zero_()
    layer.weight[: matrix.shape[1]] = matrix.T
    layer.bias.zero_()


def _joint_directions(tensors: Tensors, k: int) -> tuple[Tensor, Tensor]:
    """Mean (p + q,) and leading principal directions (p + q, ≤ k) of both inputs side by side."""
    sums = [_side_by_side(x, y).sum(dim=0) for x, y in _inputs(tensors, tensors.rows)]
    mean = torch.stack(sums).sum(dim=0) / len(tensors.rows)
    moments = torch.zeros(())
    for x, y in _inputs(tensors, tensors.rows):
        # In double precision: in single, photos that are all the same have been seen to yield no number.
        both = _side_by_side(x, y).sub_(mean).double()
        moments = moments + both.T @ both
    values, vectors = torch.linalg.eigh(moments)
    return mean, vectors[:, torch.argsort(values, descending=True)[:k]]


def _side_by_side(x: Tensor, y: Tensor) -> Tensor:
    """Both inputs at unit length, weighted, (n, p + q)."""
    weighted = ((_TITLE_WEIGHT, x), (1 - _TITLE_WEIGHT, y))
    return torch.cat([w**0.5 * normalize(e, dim=1) for w, e in weighted], dim=1)


def _inputs(tensors: Tensors, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Standardised titles and photos of `rows`, block by block."""
    for block in blocks(len(rows)):
        yield tensors.x.index_select(0, rows[block]), tensors.y.index_select(0, rows[block])
