"""What a model version says of its own training: losses, calibration, the data it saw. Read without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import ModelFileError
from mmquality.evaluation.calibration import ReliabilityBin

CONFIG, METRICS = "config.json", "metrics.json"  # as checkpoint.py names them, which needs torch


@dataclass(frozen=True)
class ModelRecord:
    """The part of a checkpoint that is for people; what an older one does not tell is empty."""

    losses: pd.DataFrame  # one row per epoch, index from 1; one column per term of the loss
    fingerprint: dict[str, Any] = field(default_factory=dict)  # of the data
    network: dict[str, Any] = field(default_factory=dict)  # its shape, …
    training: dict[str, Any] = field(default_factory=dict)  # … and the constants of the run
    reliability: list[ReliabilityBin] = field(default_factory=list)  # on swapped photos that were held out
    calibration_error: float | None = None  # on the same
    text_encoder: str = ""  # ids of the encoders whose vectors it reads
    photo_encoder: str = ""


def read_record(workspace: Workspace, version: str) -> ModelRecord:
    """The record of a version. Raises `ModelFileError` where its files are gone or damaged."""
    folder = workspace.models / version
    config, metrics = _object(folder / CONFIG), _object(folder / METRICS)
    try:
        error = metrics.get("ece")
        return ModelRecord(
            losses=_losses(metrics.get("losses", [])),
            fingerprint=dict(config.get("fingerprint", {})),
            network=dict(config.get("network", {})),
            training=dict(config.get("training", {})),
            reliability=[_bin(**told) for told in metrics.get("reliability", [])],
            calibration_error=None if error is None else float(error),
            text_encoder=str(config.get("text_encoder", "")),
            photo_encoder=str(config.get("photo_encoder", "")),
        )
    except (TypeError, ValueError, KeyError, AttributeError) as problem:
        raise ModelFileError(
            f"The record in {folder} is damaged ({problem}). Restore it, or train again."
        ) from problem


def _losses(history: list[dict[str, float]]) -> pd.DataFrame:
    epochs = pd.RangeIndex(1, len(history) + 1, name="epoch")
    return pd.DataFrame(history, index=epochs).astype("float64")


def _bin(score: float, share: float, low: float, high: float, count: int, **_: object) -> ReliabilityBin:
    return ReliabilityBin(float(score), float(share), float(low), float(high), int(count))


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read ({error}). Restore it, or train again.") from error
    return content
