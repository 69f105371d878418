"""Where a workspace keeps what the pipeline makes, below the folders that `config.Workspace` names."""

from __future__ import annotations

from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.records import ModelVersion, Space
from mmquality.store import Store

FIRST_MODEL = (
    "Run `mmquality encode`, `train`, `score` and `index`, or `mmquality build` with a catalogue's files."
)


def open_store(workspace: Workspace) -> Store:
    """The store of a workspace that is there; use it in a `with` block. Raises `WorkspaceError`."""
    return Store.open(workspace.database_url, create=False)


def version_in_force(workspace: Workspace, store: Store) -> ModelVersion:
    """Raises `WorkspaceError` where there is none."""
    version = store.current_version()
    if version is None:
        raise no_version(workspace)
    return version


def no_version(workspace: Workspace) -> WorkspaceError:
    """What is said where a model would be needed and none was published yet."""
    return WorkspaceError(f"No model has been published in {workspace.root}. {FIRST_MODEL}")


def thumbnail_path(workspace: Workspace, photo_hash: str) -> Path:
    """The thumbnail of a photo; two letters of its hash spread the files over 256 folders."""
    return workspace.thumbnails / photo_hash[:2] / f"{photo_hash}.jpg"


def index_path(workspace: Workspace, version: str, space: Space) -> Path:
    """The index of one space of a model version."""
    return workspace.models / version / "index" / f"{space}.faiss"


def arrivals_path(workspace: Workspace, version: str, number: int) -> Path:
    """The vectors of what arrived after a version was published, as written the `number`-th time."""
    return workspace.models / version / "arrivals" / f"{number:04d}"


def background_path(workspace: Workspace, version: str) -> Path:
    """What the evidence of a model version is held against."""
    return workspace.models / version / "index" / "background.json"
