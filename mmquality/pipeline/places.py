"""Where a workspace keeps what the pipeline makes, below the folders that `config.Workspace` names."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mmquality.config import DATABASE, Workspace
from mmquality.errors import MMQualityError, NoWorkspaceError, WorkspaceError, WrongDatabaseError
from mmquality.pipeline.settings import load_settings, settings_path, workspace_id
from mmquality.records import ModelVersion, Space
from mmquality.store import Owner, Store

FIRST_MODEL = (
    "Run `mmquality encode`, `train`, `score` and `index`, or `mmquality build` with a catalogue's files."
)


def workspace_at(given: str) -> Workspace:
    """The workspace in the folder that a person named. Raises `WorkspaceError` for a URL."""
    if "://" in given:
        raise WorkspaceError(
            f"{given} is a URL, and a workspace is a folder: name one on this machine, or on a disk that it "
            "has mounted. Catalogues, photos and exports may be at URLs."
        )
    return Workspace.at(given)


def open_store(workspace: Workspace, create: bool = False) -> Store:
    """The store of a workspace that is there, or else made by `create`; use it in a `with` block.

    Raises `WorkspaceError`; its kind `WrongDatabaseError` where the database goes with another workspace's
    folder, or the folder with another database.
    """
    inside, claimed = _inside(workspace), _claimed(workspace)
    if not inside and not claimed and (own := workspace.root / DATABASE).is_file():
        raise WrongDatabaseError(
            f"{workspace.root} has a database of its own, {own.name}, and MMQ_DATABASE_URL names another: "
            f"unset MMQ_DATABASE_URL. To begin anew in the other one, move {own.name} out of the folder."
        )
    try:
        store = Store.open(workspace.database_url, create and not claimed)
    except NoWorkspaceError as error:
        if not claimed:
            raise
        raise _elsewhere(workspace) if inside else _emptied(workspace) from error
    try:
        if not inside:
            _check_owner(workspace, store, create)
        elif claimed and ((owner := store.owner()) is None or owner.workspace_id != claimed):
            raise _elsewhere(workspace)  # a file that is beside it, not a copy of it
    except MMQualityError:
        store.close()
        raise
    return store


def _inside(workspace: Workspace) -> bool:
    """Whether the database is a file in the workspace's folder, which moves with it, by whatever path."""
    kind, _, file = workspace.database_url.partition(":///")
    return kind == "sqlite" and Path(file).resolve().is_relative_to(workspace.root.resolve())


def _claimed(workspace: Workspace) -> str:
    """By which name a database elsewhere knows the folder; "" where none does."""
    with suppress(WorkspaceError):  # who needs the settings says that they cannot be read
        return load_settings(workspace).workspace_id
    return ""


def _elsewhere(workspace: Workspace) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"The database of {workspace.root} is not in that folder: set MMQ_DATABASE_URL to its address. To "
        'begin anew with an SQLite file in the folder, take "workspace_id" out of '
        f"{settings_path(workspace)}."
    )


def _emptied(workspace: Workspace) -> WrongDatabaseError:
    return WrongDatabaseError(
        f"The database of {workspace.root} is empty or not there, and the folder's models go with what it "
        "held: restore its dump into it (pg_restore), or set MMQ_DATABASE_URL to where it is. To begin "
        f'anew, take "workspace_id" out of {settings_path(workspace)}.'
    )


def _check_owner(workspace: Workspace, store: Store, create: bool) -> None:
    """Two folders on one database would write into each other's listings and models.

    The first folder with something in it has the database; a name that was mistyped has nothing.
    """
    owner, settings = store.owner(), settings_path(workspace)
    if owner is None and not store.read_only() and (create or settings.exists()):
        owner = store.claim(Owner(workspace_id(workspace), str(workspace.root)))
    if owner is not None and load_settings(workspace).workspace_id != owner.workspace_id:
        raise WrongDatabaseError(
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


def trainings_path(workspace: Workspace) -> Path:
    """What trainings that were stopped have finished, a folder for each."""
    return workspace.root / "training"
