"""Model versions as folders: v0001, v0002, … below the workspace's models/."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmquality.checkpoint import CONFIG
from mmquality.config import Workspace
from mmquality.errors import WorkspaceError

_NAME = re.compile(r"v(\d{4,})")


def newest_version(workspace: Workspace) -> str:
    """The name of the version trained last; raises `WorkspaceError` where there is none."""
    names = _names(workspace)
    if not names:
        raise WorkspaceError(f"No model has been trained in {workspace.root}. Run `mmquality train` first.")
    return names[-1]


@contextmanager
def new_version(workspace: Workspace) -> Iterator[Path]:
    """A folder to fill; it becomes the next version, whole, when the block ends without an error."""
    numbers = [int(name[1:]) for name in _names(workspace)]
    name = f"v{max(numbers, default=0) + 1:04d}"
    with whole_folder(workspace.models / name) as folder:
        yield folder


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder that takes the place of `target` when the block ends without an error, and not before."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if target.exists():
            old = target.with_name(f".{target.name}.{os.getpid()}.old")
            os.replace(target, old)
            os.replace(part, target)
            shutil.rmtree(old)
        else:
            os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _names(workspace: Workspace) -> list[str]:
    folders = workspace.models.glob("v*") if workspace.models.exists() else []
    found = [f.name for f in folders if _NAME.fullmatch(f.name) and (f / CONFIG).exists()]
    return sorted(found, key=lambda name: int(name[1:]))
