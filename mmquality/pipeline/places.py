"""Where a workspace keeps what the pipeline makes, below the folders that `config.Workspace` names."""

from __future__ import annotations

from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import MMQualityError, WorkspaceError
from mmquality.pipeline.settings import load_settings, settings_path, workspace_id
from mmquality.records import ModelVersion, Space
from mmquality.store import Owner, Store

FIRST_MODEL = (
    "Run `mmquality encode`, `train`, `score` and `index`, or `mmquality build` with a catalogue's files."
)


def open_store(workspace: Workspace, create: bool = False) -> Store:
    """The store of a workspace that is there, or else made by `create`; use it in a `with` block.

    Raises `WorkspaceError`, also where the database goes with another workspace's folder.
    """
    store = Store.open(workspace.database_url, create)
    try:
        if not workspace.database_url.startswith(f"sqlite:///{workspace.root}/"):  # which moves with it
            _check_owner(workspace, store, create)
    except MMQualityError:
        store.close()
        raise
    return store


def _check_owner(workspace: Workspace, store: Store, create: bool) -> None:
    """Two folders on one database would write into each other's listings and models.

    The first folder with something in it has the database; a name that was mistyped has nothing.
    """
    owner, settings = store.owner(), settings_path(workspace)
    if owner is None and not store.read_only() and (create or settings.exists()):
        owner = store.claim(Owner(workspace_id(workspace), str(workspace.root)))
    if owner is not None and load_settings(workspace).workspace_id != owner.workspace_id:
        raise WorkspaceError(
            f"The database goes with another folder than {workspace.root}: with what was {owner.folder} at "
            "first. Choose that folder (-w), or an empty database (MMQ_DATABASE_URL). Where this one is to "
            f'take its place, write "workspace_id": "{owner.workspace_id}" into {settings}.'
        )


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
