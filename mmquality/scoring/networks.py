"""What the networks say: logits of titles with photos, and unified embeddings; pure functions of weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from mmquality.network.siamese import SiameseNetwork
from mmquality.rows import Rows, blocks

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNSEEN = -1  # the fold of a listing that was not trained on
BLOCK = 4_096  # listings at a time: memory stays constant, and is used again rather than asked for anew
_LEAST_DEVIATION = 1e-3  # of logits: where they differ by less, it is rounding, not evidence


@dataclass(frozen=True)
class Read:
    """What all networks make of some listings; row i of every array is the same one."""

    x: Floats  # (b, title_components) what the encoders read of titles …
    y: Floats  # (b, photo_components) … and of photos
    z: Floats  # (b, d_z) unified embedding, unit norm
    logits: Doubles  # (b, folds + 1) of each fold network, then of the network trained on everything


@torch.inference_mode()
def read_block(
    network: SiameseNetwork, fold_networks: Sequence[SiameseNetwork], titles: Floats, photos: Floats
) -> Read:
    """All that is asked of the networks, from pretrained vectors (b, title_dim) and (b, photo_dim) alone.

    All of them read the embeddings as `network` standardises them.
    """
    x, y = _standardised(network, titles, photos)
    logits = np.empty((len(titles), len(fold_networks) + 1))
    for k, reader in enumerate((*fold_networks, network)):
        projected = reader.project(x, y)  # the last one is that of `network`
        logits[:, k] = reader.mismatch(*projected).numpy()
    return Read(x.numpy(), y.numpy(), network.unified(projected).numpy(), logits)


def read_blocks(
    network: SiameseNetwork, fold_networks: Sequence[SiameseNetwork], titles: Rows, photos: Rows
) -> Iterator[Read]:
    """`read_block` of all listings, (n, title_dim) and (n, photo_dim), a block after the other."""
    return (read_block(network, fold_networks, titles[b], photos[b]) for b in blocks(len(titles), BLOCK))


@torch.inference_mode()
def mismatch_logits(
    network: SiameseNetwork,
    titles: Rows,
    photos: Rows,
    rows: Ints | None = None,
    photo_of: Ints | None = None,
) -> Doubles:
    """Mismatch logit `m` of titles (n, title_dim) with photos (n, photo_dim), (len(rows),).

    :param rows: the titles that are asked for, by default all
    :param photo_of: (n,) whose photo each title is shown with, by default its own
    """
    rows = np.arange(len(titles)) if rows is None else rows
    shown = rows if photo_of is None else photo_of[rows]
    logits = np.empty(len(rows))
    for block in blocks(len(rows), BLOCK):
        u, v = network.project(*_standardised(network, titles[rows[block]], photos[shown[block]]))
        logits[block] = network.mismatch(u, v).numpy()
    return logits


@torch.inference_mode()
def unified_embeddings(network: SiameseNetwork, titles: Rows, photos: Rows) -> Floats:
    """`z` of each listing, unit norm, (n, d_z)."""
    z = np.empty((len(titles), network.config.d_z), dtype=np.float32)
    for block in blocks(len(titles), BLOCK):
        projected = network.project(*_standardised(network, titles[block], photos[block]))
        z[block] = network.unified(projected).numpy()
    return z


def scale_of(logits: Doubles) -> tuple[float, float]:
    """Mean and deviation of logits (n,)."""
    return float(logits.mean()), float(max(logits.std(), _LEAST_DEVIATION))


def standardise(logits: Doubles, scales: Sequence[tuple[float, float]]) -> Doubles:
    """Each column of (n, k) on its own scale."""
    mean, deviation = np.array(scales).T
    return np.asarray((logits - mean) / deviation)


def _standardised(
    network: SiameseNetwork, titles: Floats, photos: Floats
) -> tuple[torch.Tensor, torch.Tensor]:
    return network.standardised(torch.from_numpy(titles), torch.from_numpy(photos))
