"""A trained model in its folder: the checkpoint, and which listings it was trained on."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.checkpoint import CONFIG, METRICS, WEIGHTS, Checkpoint, save_checkpoint
from mmquality.errors import ModelFileError
from mmquality.pipeline.context import CENTRES
from mmquality.pipeline.health_reference import REFERENCE
from mmquality.pipeline.held_out import HELD_OUT, save_held_out
from mmquality.pipeline.label_snapshot import SNAPSHOT
from mmquality.pipeline.trained_on import TRAINED_CONTENT, TRAINED_ON

Ints = npt.NDArray[np.int64]


def save_trained(
    checkpoint: Checkpoint, listings: pd.DataFrame, fold: Ints, folder: Path, held_out: Collection[str] = ()
) -> None:
    """Write a model and the fold (n,) that each of its listings was held out with into `folder`.

    `held_out` are the listings whose clicks it has not seen (see `held_out.py`).
    """
    save_checkpoint(checkpoint, folder)
    listings[TRAINED_CONTENT].assign(fold=fold).to_parquet(folder / TRAINED_ON, index=False)
    save_held_out(held_out, folder)


def copy_trained(source: Path, target: Path) -> None:
    """Copy what `save_trained` wrote, and nothing else, into `target`. Raises `ModelFileError`."""
    for name in (WEIGHTS, CONFIG, METRICS, TRAINED_ON):
        try:
            shutil.copyfile(source / name, target / name)
        except FileNotFoundError as error:
            raise ModelFileError(f"The model {source} has no {name}. Restore it, or train again.") from error
    # Where it reads other columns, held clicks out, had labels, was trained since references are kept.
    for name in (CENTRES, HELD_OUT, SNAPSHOT, REFERENCE):
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
