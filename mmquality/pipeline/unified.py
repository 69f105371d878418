"""The unified vectors that neighbours are looked up in: what was learnt, from what, and who goes together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from mmquality.config import NetworkConfig, TrainingConfig
from mmquality.graph import propagated
from mmquality.index import Vectors, unit
from mmquality.linear import block_of
from mmquality.network.frozen import Frozen
from mmquality.network.siamese import Inputs
from mmquality.rows import Made, New, Rows, in_memory
from mmquality.scoring import Read, read_blocks
from mmquality.training.data import Ints, TrainingData
from mmquality.training.propagation import propagation_weight

_LEAST = 1e-24  # of a square that is divided by; what has no length stays zero


def unified_vectors(
    network: Frozen, config: TrainingConfig, titles: Rows, photos: Rows, pairs: Ints
) -> Vectors:
    """Unit vectors (n, d_z + title_components + photo_components) of listings.

    `e_i = normalise([z_i ; ω b_i])`, where `b_i = normalise([x_i ; y_i])` are the standardised inputs and `ω`
    is `config.inputs_weight`; then propagated over the known co-clicked pairs (`graph.propagated`).

    :param titles: what the network reads of the text, (n, title_dim)
    :param photos: (n, photo_dim)
    :param pairs: rows of listings known to go together, (m, 2)
    """
    own = [own_vectors(read, config) for read in read_blocks([network], titles, photos)]
    return propagated(np.concatenate(own), pairs, config.propagation_weight or 0.0)


def own_vectors(read: Read, config: TrainingConfig) -> Vectors:
    """`e_i` of some listings, (b, d_z + title_components + photo_components), not propagated yet."""
    of_z, squares = np.einsum("bd,bd->b", read.z, read.z), (read.lengths**2).sum(axis=1)
    of_inputs = config.inputs_weight / np.sqrt(np.maximum(squares, _LEAST))
    length = np.sqrt(np.maximum(of_z + of_inputs**2 * squares, _LEAST))
    factors = 1 / length, *(of_inputs / length * read.lengths.T)
    own, start = np.empty((len(length), read.z.shape[1] + read.x.shape[1] + read.y.shape[1]), np.float32), 0
    for part, factor in zip((read.z, read.x, read.y), factors, strict=True):
        end = start + part.shape[1]
        np.multiply(part, factor[:, None], out=own[:, start:end])
        start = end
    return own


def unified_dim(network: NetworkConfig) -> int:
    """How long unified vectors are."""
    return network.d_z + network.title_components + network.photo_components


def with_propagation(
    config: TrainingConfig, inputs: Inputs, data: TrainingData, new: New = in_memory
) -> TrainingConfig:
    """`config` with the propagation weight that suits the pairs of `data`, unless it names one.

    `new` gives room for vectors of all listings meanwhile.
    """
    if config.propagation_weight is not None:
        return config
    vectors = _inputs(inputs, data.titles, data.photos)
    weight = propagation_weight(vectors, data.pairs, data.product_key, config.seed, new)
    return replace(config, propagation_weight=weight)


def _inputs(inputs: Inputs, titles: Rows, photos: Rows) -> Made:
    """Both standardised inputs side by side, at unit length, (n, title_components + photo_components)."""

    @torch.inference_mode()
    def make(rows: Ints) -> Vectors:
        x, y = inputs.title(block_of(titles, rows)), inputs.photo(block_of(photos, rows))
        return unit(np.concatenate([x.numpy(), y.numpy()], axis=1))

    dim = inputs.title.basis.shape[1] + inputs.photo.basis.shape[1]
    return Made(len(titles), dim, make)
