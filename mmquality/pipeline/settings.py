"""What a workspace remembers between steps, in `workspace.json`: its catalogue's name, its encoders."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError


@dataclass(frozen=True)
class CatalogueSettings:
    """An empty value is not known yet."""

    name: str = ""  # of the catalogue, for people
    text_encoder: str = ""  # ids of the encoders whose vectors the next training reads
    photo_encoder: str = ""


def load_settings(workspace: Workspace) -> CatalogueSettings:
    """The workspace's settings; empty ones where nothing was imported yet."""
    path = _path(workspace)
    if not path.exists():
        return CatalogueSettings()
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return CatalogueSettings(**{f.name: str(stored.get(f.name, "")) for f in fields(CatalogueSettings)})
    except (OSError, ValueError, AttributeError) as error:
        raise WorkspaceError(
            f"{path} cannot be read ({error}). Delete it and run `mmquality encode`."
        ) from error


def save_settings(workspace: Workspace, changed: CatalogueSettings) -> None:
    """Write the values that `changed` has; the others stay as they were."""
    known = {name: value for name, value in asdict(changed).items() if value}
    merged = replace(load_settings(workspace), **known)
    part = _path(workspace).with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(asdict(merged), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, _path(workspace))


def _path(workspace: Workspace) -> Path:
    return workspace.root / "workspace.json"
