"""Model versions: folders v0001, v0002, … below the workspace's models/, and which of them is in force."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import name_to_disk, to_disk
from mmquality.index.keeping import is_kept
from mmquality.pipeline.folders import unfinished_folder
from mmquality.pipeline.locking import versions_in_turn
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import index_path
from mmquality.records import Space
from mmquality.store import Store

_NAME = re.compile(r"v\d{4,}")


@dataclass
class Draft:
    """A version that is being made."""

    folder: Path  # to fill
    name: str = ""  # of the version that it became


def published_names(store: Store) -> list[str]:
    """The names of the published versions, the last published first."""
    return [version.name for version in store.versions()]


@contextmanager
def new_version(workspace: Workspace, published: Collection[str]) -> Iterator[Draft]:
    """A draft to fill; it becomes the next version, whole, when the block ends without an error.

    A name that was `published` is never used again, even where its folder was deleted. They are read before
    the long work: a database that is away when it ends does not lose it.
    """
    with unfinished_folder(workspace.models / "new") as folder:
        draft = Draft(folder)
        yield draft
        to_disk(folder)
        draft.name = _take_name(workspace, published, folder)
        name_to_disk(workspace.models / draft.name)


def working_version(workspace: Workspace, store: Store) -> tuple[str, bool]:
    """The version that scoring and indexing work on, and whether it was published before.

    The version trained last as long as it waits to be published, then the one in force, which after a
    rollback is not the newest. Raises `WorkspaceError` where none was trained.
    """
    names = _names(workspace)
    if not names:
        raise WorkspaceError(f"No model has been trained in {workspace.root}. Run `mmquality train` first.")
    current = store.current_version()
    if current is None or names[-1] not in published_names(store):
        return names[-1], False
    return current.name, True


def version_to_score(workspace: Workspace, store: Store, model: str | None = None) -> tuple[str, bool]:
    """The version whose model scores, and whether its scores have to be another version's.

    That is the working version, or the one named `model`. Raises `WorkspaceError` where it is not there.
    """
    if model is None:
        return working_version(workspace, store)
    if model not in _names(workspace):
        raise WorkspaceError(
            f"There is no model {model} in {workspace.models}; `mmquality models list` shows those there are."
        )
    return model, (model, False) != working_version(workspace, store)


def newest_version(workspace: Workspace) -> str | None:
    """The version trained last, published or not."""
    return max(_names(workspace), key=_number, default=None)


def promote(workspace: Workspace, store: Store, name: str, by: str | None = None) -> None:
    """Put a published version in force. Raises `WorkspaceError` where it was never published or its files are
    gone."""
    with versions_in_turn(workspace):
        _promote(workspace, store, name, whoami() if by is None else by)


def _promote(workspace: Workspace, store: Store, name: str, by: str) -> None:
    index, published = index_path(workspace, name, Space.UNIFIED), name in published_names(store)
    if published and is_forgotten(workspace.models / name):
        raise WorkspaceError(
            f"Model {name} was forgotten. Run `mmquality score --model {name}`, then `mmquality index`: they "
            "make a new version with the same model."
        )
    if published and not is_kept(index):
        raise WorkspaceError(
            f"Model {name} cannot be put in force: {index} is not there. Restore it, or train again."
        )
    store.make_current(name, by)


def rollback(workspace: Workspace, store: Store) -> str:
    """Put the version published before the one in force in force again, of those that were not forgotten;
    returns its name."""
    with versions_in_turn(workspace):
        current = store.current_version()
        names = published_names(store)
        before = names[names.index(current.name) + 1 :] if current else []
        earlier = [name for name in before if not is_forgotten(workspace.models / name)]
        if not earlier:
            raise WorkspaceError(
                f"There is no earlier version to go back to; see `mmquality models list -w {workspace.root}`."
            )
        _promote(workspace, store, earlier[0], whoami())
        return earlier[0]


def unpublished(workspace: Workspace, store: Store) -> list[str]:
    """The versions that were trained or scored and never published, the newest first."""
    published = published_names(store)
    return [name for name in reversed(_names(workspace)) if name not in published]


def is_forgotten(folder: Path) -> bool:
    """Whether a published version's folder holds its model alone (see `forgetting.py`)."""
    return folder.is_dir() and not any(inside.is_dir() for inside in folder.iterdir())


def _take_name(workspace: Workspace, published: Collection[str], folder: Path) -> str:
    """Rename `folder` to the next free version."""
    while True:
        taken = [*_names(workspace), *filter(_NAME.fullmatch, published)]
        name = f"v{max(map(_number, taken), default=0) + 1:04d}"
        try:
            os.rename(folder, workspace.models / name)
            return name
        except OSError:
            if not (workspace.models / name).exists():  # else another process took the name meanwhile
                raise


def _names(workspace: Workspace) -> list[str]:
    """Everything in models/ that is named like a version, the newest last."""
    return sorted((f.name for f in workspace.models.glob("v*") if _NAME.fullmatch(f.name)), key=_number)


def _number(name: str) -> int:
    return int(name[1:])
