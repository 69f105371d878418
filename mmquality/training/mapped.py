"""What training reads of a catalogue, in files that every process maps: none has a copy, whatever its length.

The standardised inputs are written once, block by block; a batch then reads its own rows of them.
"""

from __future__ import annotations

import os
from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor

from mmquality.clicks import Counts, dense
from mmquality.linear import block_of
from mmquality.network.siamese import Inputs
from mmquality.network.towers import Standardise
from mmquality.rows import Rows, Stored, blocks
from mmquality.training.batches import Tensors
from mmquality.training.data import TrainingData

_INPUTS, _COUNTS = ("x", "y"), ("shown", "clicked")  # in the names of `Tensors`: written block by block


def standardised(inputs: Inputs, data: TrainingData, folder: str) -> tuple[Tensor, Tensor]:
    """What networks read of each title and photo, (n, title_components) and (n, photo_components), mapped."""
    x, y = (_path(folder, name) for name in _INPUTS)
    _write(x, inputs.title, data.titles)
    _write(y, inputs.photo, data.photos)
    return _map(x), _map(y)


def with_counts(data: TrainingData, folder: str) -> TrainingData:
    """`data`, its impressions and clicks mapped, with their zeros: as batches read them."""
    for name in _COUNTS:
        counts: Counts = getattr(data, name)
        array = Stored.create(_path(folder, name), counts.shape, np.float32)
        for rows in blocks(len(data)):
            array[rows] = dense(counts[rows])
    return replace(data, **{name: _map(_path(folder, name)).numpy() for name in _COUNTS})


def keep(tensors: Tensors, folder: str) -> None:
    """Write what is not there yet of a whole catalogue: the rest is from `standardised` and `with_counts`."""
    for field in fields(Tensors):
        if field.name not in _INPUTS + _COUNTS:
            np.save(_path(folder, field.name), getattr(tensors, field.name).numpy())


def kept(folder: str) -> Tensors:
    """What was kept there, mapped."""
    return Tensors(**{field.name: _map(_path(folder, field.name)) for field in fields(Tensors)})


@torch.no_grad()
def _write(path: str, layer: Standardise, vectors: Rows) -> None:
    array = Stored.create(path, (len(vectors), layer.basis.shape[1]), np.float32)
    for rows in blocks(len(vectors)):
        array[rows] = layer(block_of(vectors, rows)).numpy()


def _map(path: str) -> Tensor:
    # Copy on write: nobody writes, but torch takes no array that may not be written to.
    return torch.from_numpy(np.load(path, mmap_mode="c"))


def _path(folder: str, name: str) -> str:
    return os.path.join(folder, f"{name}.npy")
