"""Model versions: folders v0001, v0002, … below the workspace's models/, and which of them is in force."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import name_to_disk, to_disk
from mmquality.index.keeping import collections_of, drop, is_kept
from mmquality.pipeline.folders import unfinished_folder
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


def newest_version(workspace: Workspace) -> str | None:
    """The version trained last, published or not."""
    return max(_names(workspace), key=_number, default=None)


def promote(workspace: Workspace, store: Store, name: str, by: str | None = None) -> None:
    """Put a published version in force. Raises `WorkspaceError` where it was never published or its files are
    gone."""
    index = index_path(workspace, name, Space.UNIFIED)
    if name in published_names(store) and not is_kept(index):
        raise WorkspaceError(
            f"Model {name} cannot be put in force: {index} is not there. Restore it, or train again."
        )
    store.make_current(name, whoami() if by is None else by)


def rollback(workspace: Workspace, store: Store) -> str:
    """Put the version published before the one in force in force again; returns its name."""
    current = store.current_version()
    names = published_names(store)
    earlier = names[names.index(current.name) + 1 :] if current else []
    if not earlier:
        raise WorkspaceError(
            f"There is no earlier version to go back to; see `mmquality models list -w {workspace.root}`."
        )
    promote(workspace, store, earlier[0])
    return earlier[0]


def forget(workspace: Workspace, store: Store, name: str) -> None:
    """Take away what neighbours of a version are looked up in, its collections in a vector database, too.

    Its scores stay; it cannot be put in force again. Raises `WorkspaceError` for the version in force.
    """
    current = store.current_version()
    if current is not None and current.name == name:
        raise WorkspaceError(
            f"Model {name} is in force. Put another one in force first: `mmquality models promote`."
        )
    paths = [index_path(workspace, name, space) for space in Space]
    if name not in _names(workspace) + published_names(store) or not any(map(is_kept, paths)):
        raise WorkspaceError(f"Model {name} has no indexes in {workspace.root}; there is nothing to forget.")
    drop(collections_of(paths), workspace.vectors_url)
    shutil.rmtree(paths[0].parent)


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
