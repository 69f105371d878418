"""How much a visit's clicks count, as `mmquality evaluate sessions` learnt it from the click log."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import NotLearntError, WorkspaceError
from mmquality.pipeline.folders import replace_text


@dataclass(frozen=True)
class Weight:
    """`mix` 0 … 1: the share of the visitor's vector beside the listing's; `half_life` in clicks."""

    mix: float
    half_life: float


def keep_weight(workspace: Workspace, weight: Weight) -> None:
    """Let recall mix clicks in like this, whatever model is in force."""
    workspace.evaluations.mkdir(exist_ok=True)
    replace_text(_path(workspace), json.dumps(asdict(weight)) + "\n")


def read_weight(workspace: Workspace) -> Weight:
    """What was learnt last. Raises `NotLearntError`, or `WorkspaceError` where the file is damaged."""
    path = _path(workspace)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        weight = Weight(float(stored["mix"]), float(stored["half_life"]))
        if not (0 <= weight.mix <= 1 and weight.half_life > 0):
            raise ValueError(f"{weight} is out of bounds")
        return weight
    except FileNotFoundError as error:
        raise NotLearntError(
            "How much clicks count was not learnt yet. Run `mmquality evaluate sessions`, or ask without "
            "clicks."
        ) from error
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise WorkspaceError(
            f"{path} cannot be read ({error}). Run `mmquality evaluate sessions` again."
        ) from error


def _path(workspace: Workspace) -> Path:
    return workspace.evaluations / "click_weight.json"
