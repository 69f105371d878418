"""What is published has reached the disk before its name does, and its name before anything builds on it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from earlier.make import HERE
from packed import unpack
from PIL import Image
from safetensors.numpy import save_file

from mmquality.config import Workspace
from mmquality.data.photos import write_thumbnail
from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import NoRoomError, WorkspaceError
from mmquality.files import make_folder, whole_file
from mmquality.pipeline.backup import back_up, restore
from mmquality.pipeline.building import index, score
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import change_settings
from mmquality.pipeline.versions import new_version, published_names
from mmquality.store import Store, export_labels

_PAIRS = pd.DataFrame({"listing_id": ["a"], "other_id": ["b"], "weight": [1.0]})
Event = tuple[str, frozenset[Path], Path]  # what was done, to what (a folder: all in it), where it is then


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Every fsync and rename, in their order, and when a version is put in force."""
    done: list[Event] = []
    fsync, replace, publish = os.fsync, os.replace, Store.publish

    def noting_fsync(file: Any) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{file if isinstance(file, int) else file.fileno()}"))
        fsync(file)
        done.append(("fsync", frozenset([path]), path))

    def noting_replace(source: Any, target: Any) -> None:
        inside = frozenset([Path(source), *Path(source).rglob("*")])
        replace(source, target)
        done.append(("rename", inside, Path(target)))

    def noting_publish(store: Store, *args: Any) -> None:
        publish(store, *args)
        done.append(("publish", frozenset(), Path(args[0].name)))

    monkeypatch.setattr(os, "fsync", noting_fsync)
    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, noting_replace)
    monkeypatch.setattr(Store, "publish", noting_publish)
    return done


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    unpack(HERE / "0016.tar.xz", tmp_path / "shop")
    return Workspace.at(tmp_path / "shop")


def check_order(events: list[Event]) -> None:
    """What is renamed was flushed before, all of it; the folder that knows its new name is flushed after."""
    renames = [(n, event) for n, event in enumerate(events) if event[0] == "rename"]
    assert renames
    for n, (_, moved, target) in renames:
        if target.suffix == ".old" or ".part" in {folder.suffix for folder in target.parents}:
            continue  # out of the way, and soon gone; or in a folder that has no name yet
        flushed = {path for kind, paths, _ in events[:n] if kind == "fsync" for path in paths}
        assert moved <= flushed, f"{target}: {sorted(moved - flushed)[0]} was not on the disk"
        after = [path for kind, _, path in events[n:] if kind == "fsync"]
        assert target.parent in after, f"nobody waited for the name of {target}"


def _thumbnail(workspace: Workspace) -> None:
    photo = workspace.root.parent / "photo.png"
    Image.new("RGB", (300, 300)).save(photo)
    write_thumbnail(photo, workspace.thumbnails / "ab" / "abc.jpg")


def _export(workspace: Workspace) -> None:
    with open_store(workspace) as store:
        export_labels(store, workspace.root.parent / "labels.parquet")


def _backup(workspace: Workspace) -> None:
    back_up(workspace, workspace.root.parent / "shop.tar")
    restore(workspace.root.parent / "shop.tar", Workspace.at(workspace.root.parent / "other"))


WRITERS: dict[str, Callable[[Workspace], object]] = {
    "settings": lambda workspace: change_settings(workspace, name="another"),
    "embeddings": lambda workspace: EmbeddingCache(workspace.embeddings, "e").put(["a"], np.ones((1, 4))),
    "clicks": lambda workspace: merge_clicks(workspace.clicks, "co_clicks", [_PAIRS]),
    "thumbnail": _thumbnail,
    "export": _export,
    "backup": _backup,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_is_on_the_disk_before_its_name(
    workspace: Workspace, events: list[Event], writer: str
) -> None:
    WRITERS[writer](workspace)
    check_order(events)


def test_a_version_is_on_the_disk_before_it_is_in_force(workspace: Workspace, events: list[Event]) -> None:
    score(workspace)
    assert index(workspace) == "v0002"
    check_order(events)
    (published,) = [n for n, (kind, *_) in enumerate(events) if kind == "publish"]
    later = {target.name for kind, _, target in events[published:] if kind == "rename"}
    assert later == {"groups.arrow", "ranked.arrow"}  # which are made again where they are not there
    named = [target.name for kind, _, target in events[:published] if kind == "rename"]
    assert {"v0002", "scored", "ground", "index"} <= set(named)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_told_and_leaves_the_old_file(tmp_path: Path, error: Exception) -> None:
    (tmp_path / "it").write_text("old")
    with pytest.raises(NoRoomError, match="it could not be written: its disk is full. Make room"):
        with whole_file(tmp_path / "it") as part:
            part.write_text("half of")
            raise error
    assert [path.name for path in tmp_path.iterdir()] == ["it"] and (tmp_path / "it").read_text() == "old"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read_what_is_published(tmp_path: Path, umask: int, mode: int) -> None:
    """safetensors makes files for their owner alone: a colleague could read all but the model."""
    before = os.umask(umask)
    try:
        with whole_file(tmp_path / "a.safetensors") as part:
            save_file({"a": np.zeros(3)}, part)
        workspace = Workspace.at(tmp_path / "w")
        with (
            Store.open(workspace.database_url, create=True) as store,
            new_version(workspace, published_names(store)) as draft,
        ):
            save_file({"a": np.zeros(3)}, draft.folder / "model.safetensors")
            (draft.folder / "config.json").write_text("{}")
    finally:
        os.umask(before)
    written = [tmp_path / "a.safetensors", *(path for path in workspace.models.rglob("*") if path.is_file())]
    assert sorted(path.name for path in written) == ["a.safetensors", "config.json", "model.safetensors"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {mode}


def test_a_folder_that_cannot_be_made_names_the_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    for folder in (tmp_path / "file", tmp_path / "file" / "w", tmp_path / "file" / "w" / "models"):
        with pytest.raises(WorkspaceError, match=f"{folder} cannot be made: {tmp_path / 'file'} is a file"):
            make_folder(folder)
    with pytest.raises(WorkspaceError, match="/proc/nothing cannot be made: No such file or directory"):
        make_folder(Path("/proc/nothing"))


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), whole_file(tmp_path / "it"):
        raise ValueError("no")
    assert not list(tmp_path.iterdir())
