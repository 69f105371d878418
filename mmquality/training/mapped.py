"""What training reads of a catalogue, in files that every process maps: none has a copy, whatever its length.

The standardised inputs are written once, block by block; a batch then reads its own rows of them.
"""

from __future__ import annotations

import os
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from mmquality.linear import block_of
from mmquality.network.siamese import Inputs
from mmquality.network.towers import Standardise
from mmquality.rows import Rows, Stored, blocks
from mmquality.training.batches import Tensors
from mmquality.training.data import TrainingData

_STANDARDISED = ("x", "y")  # in the names of `Tensors`


def standardised(inputs: Inputs, data: TrainingData, folder: str) -> tuple[Tensor, Tensor]:
    """What networks read of each title and photo, (n, title_components) and (n, photo_components), mapped."""
    x, y = (_path(folder, name) for name in _STANDARDISED)
    _write(x, inputs.title, data.titles)
    _write(y, inputs.photo, data.photos)
    return _map(x), _map(y)


def keep(tensors: Tensors, folder: str) -> None:
    """Write what is not there yet of a whole catalogue; `x` and `y` are those of `standardised`."""
    for field in fields(Tensors):
        if field.name not in _STANDARDISED:
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
