"""Whether a workspace may be written to: asked before the work, instead of found out after it."""

from __future__ import annotations

import os
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError


def check_writable(workspace: Workspace, *places: Path) -> None:
    """Raises `WorkspaceError` where the workspace's folder, or one of `places` that is there, may only be
    read."""
    for place in (workspace.root, *places):
        if place.exists() and not os.access(place, os.W_OK):
            raise not_writable(place)


def not_writable(place: Path, why: str = "") -> WorkspaceError:
    """What is said where a folder or file of a workspace may not be written to."""
    because = f" ({why})" if why else ""
    return WorkspaceError(
        f"{place} may not be written to{because}; nothing was changed. Get permission to write to it and all "
        "in it, or copy it to where you have it."
    )
