"""What old model versions take, and how they give it back.

What is large of a version (vectors, indexes, what arrivals are held against) lies in folders inside its own;
the model and what is told of it are files beside them. Those stay: history, labels and judgements name the
version, and its model can score the catalogue again. Its scores are in the database, too, and stay there:
histories, comparisons and rankings by it read them, and they are little (docs/operations.md).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import check_writable, part_of
from mmquality.index.keeping import collections_of, drop
from mmquality.pipeline.locking import makes_models, versions_in_turn
from mmquality.pipeline.places import index_path
from mmquality.pipeline.versions import is_forgotten, unpublished
from mmquality.records import Space
from mmquality.store import Store


@dataclass(frozen=True)
class Forgotten:
    """What was given back."""

    freed: int  # bytes; without those of collections in a vector database
    published: bool  # then the model stays; of a version that nobody ever saw nothing does


@makes_models
def forget(workspace: Workspace, store: Store, name: str) -> Forgotten:
    """Take away what is large of a version, its collections in a vector database, too.

    It cannot be put in force again, but its model can score again (`score` with its name). A version that was
    never published goes altogether: nothing names it. Raises `WorkspaceError` for the version in force, for
    one that is not there, and for one that was forgotten before.
    """
    with versions_in_turn(workspace):  # it may not be put in force between the look and the end
        folder, published = _to_forget(workspace, store, name)
        before = room(folder)
        check_writable(workspace.models, folder)
        drop(collections_of(index_path(workspace, name, space) for space in Space), workspace.vectors_url)
        if published:
            _clear(folder, index_path(workspace, name, Space.UNIFIED).parent)
        else:
            _remove(folder)
        return Forgotten(before - room(folder), published)


def _to_forget(workspace: Workspace, store: Store, name: str) -> tuple[Path, bool]:
    """The version's folder, and whether it was published. Raises `WorkspaceError`."""
    current, folder = store.current_version(), workspace.models / name
    if current is not None and current.name == name:
        raise WorkspaceError(
            f"Model {name} is in force. Put another one in force first: `mmquality models promote`."
        )
    published = name in [version.name for version in store.versions()]
    there = folder.is_dir() if published else name in unpublished(workspace, store)
    if not there or (published and is_forgotten(folder)):
        raise WorkspaceError(
            f"Of model {name} nothing large is in {workspace.root}; there is nothing to forget. "
            "`mmquality models list` shows what there is."
        )
    return folder, published


def room(folder: Path) -> int:
    """The bytes of all files in a folder; 0 where there is none."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _clear(folder: Path, first: Path) -> None:
    """Remove the folders inside, the indexes first: stopped halfway, it cannot be put in force."""
    for inside in sorted(folder.iterdir(), key=lambda path: path != first):
        if inside.is_dir():
            shutil.rmtree(inside)


def _remove(folder: Path) -> None:
    """Under another name first: half a version would be taken for one that waits to be scored."""
    going = part_of(folder)
    os.replace(folder, going)
    shutil.rmtree(going)
