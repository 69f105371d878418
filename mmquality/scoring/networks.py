"""What the networks say: logits of titles with photos, and unified embeddings; pure functions of weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array

from mmquality.cores import on_every_core
from mmquality.network.frozen import Frozen, Mixed, tensor_of
from mmquality.network.siamese import SiameseNetwork
from mmquality.rows import Rows, blocks

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Part: TypeAlias = Floats | csr_array | Mixed  # some columns of what a network reads, however they are kept

BLOCK = 1_024  # listings at a time, on one core: what lies between two products stays in its cache
_LEAST_DEVIATION = 1e-3  # of logits: where they differ by less, it is rounding, not evidence


@dataclass(frozen=True)
class Read:
    """What all networks make of some listings; row i of every array is the same one."""

    x: Floats  # (b, title_components) what the encoders read of titles …
    y: Floats  # (b, photo_components) … and of photos, both at unit length, …
    lengths: Floats  # (b, 2) … which was this
    z: Floats  # (b, d_z) unified embedding, unit norm
    logits: Doubles  # (b, folds + 1) of each fold network, then of the network trained on everything


def frozen(network: SiameseNetwork, fold_networks: Sequence[SiameseNetwork]) -> list[Frozen]:
    """The networks as blocks are read by them: those of the folds, then the one trained on everything."""
    return [Frozen(one) for one in (*fold_networks, network)]


@torch.inference_mode()
def read_block(networks: Sequence[Frozen], titles: Sequence[Part], photos: Floats) -> Read:
    """All that is asked of `frozen` networks, from pretrained vectors (b, title_dim), (b, photo_dim) alone.

    The columns of `titles` come in parts. All networks read the vectors as the last one standardises them.
    """
    x, y = _standardised(networks[-1], titles, photos)
    logits = np.empty((len(photos), len(networks)))
    for k, network in enumerate(networks):
        projected = network.project(x, y)
        logits[:, k] = network.mismatch(projected).numpy()
    z = network.unified(projected).numpy()
    lengths = torch.stack([_to_unit_length(x), _to_unit_length(y)], dim=1).numpy()
    return Read(x.numpy(), y.numpy(), lengths, z, logits)


def read_blocks(networks: Sequence[Frozen], titles: Rows, photos: Rows) -> Iterator[Read]:
    """`read_block` of all listings, (n, title_dim) and (n, photo_dim), in their order, on every core."""
    return on_every_core(lambda b: read_block(networks, [titles[b]], photos[b]), blocks(len(titles), BLOCK))


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
    asked, logits = Frozen(network), np.empty(len(rows))

    @torch.inference_mode()
    def ask(b: slice) -> None:
        x, y = _standardised(asked, [titles[rows[b]]], photos[shown[b]])
        logits[b] = asked.mismatch(asked.project(x, y)).numpy()

    for _ in on_every_core(ask, blocks(len(rows), BLOCK)):
        pass
    return logits


def scale_of(logits: Doubles) -> tuple[float, float]:
    """Mean and deviation of logits (n,)."""
    return float(logits.mean()), float(max(logits.std(), _LEAST_DEVIATION))


def standardise(logits: Doubles, scales: Sequence[tuple[float, float]]) -> Doubles:
    """Each column of (n, k) on its own scale."""
    mean, deviation = np.array(scales).T
    return np.asarray((logits - mean) / deviation)


def _to_unit_length(e: torch.Tensor) -> torch.Tensor:
    """In place; gives what the lengths were. What has none stays zero."""
    lengths: torch.Tensor = e.norm(dim=1)
    e.div_(torch.where(lengths == 0, 1, lengths)[:, None])
    return lengths


def _standardised(
    network: Frozen, titles: Sequence[Part], photos: Floats
) -> tuple[torch.Tensor, torch.Tensor]:
    parts = [tensor_of(part) if isinstance(part, np.ndarray) else part for part in titles]
    return network.standardised(parts, torch.from_numpy(photos))
