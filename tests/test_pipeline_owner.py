"""A database goes with one folder, wherever that is moved to; another folder is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from earlier.make import write_shop

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.backup import back_up, restore
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.store import Owner, Store


@pytest.fixture
def shop(tmp_path: Path) -> InputFiles:
    write_shop(tmp_path / "files")
    return InputFiles(tmp_path / "files" / "listings.csv", tmp_path / "files")


@pytest.fixture
def workspace(tmp_path: Path, database_url: str, shop: InputFiles) -> Workspace:
    workspace = Workspace.at(tmp_path / "one", database_url)
    import_files(workspace, shop)
    return workspace


def listings(workspace: Workspace) -> int:
    with open_store(workspace) as store:
        return store.listing_count()


def test_another_folder_is_refused_and_nothing_is_written(
    workspace: Workspace, shop: InputFiles, tmp_path: Path
) -> None:
    other = Workspace.at(tmp_path / "other", workspace.database_url)
    for step in (lambda: import_files(other, shop), lambda: listings(other)):
        with pytest.raises(WorkspaceError, match=f"another folder than {other.root}: with .*{tmp_path}"):
            step()
    assert not other.root.exists() and listings(workspace) == 24


def test_a_folder_goes_on_where_it_was_moved_or_restored_to(workspace: Workspace, tmp_path: Path) -> None:
    back_up(workspace, tmp_path / "backup.tar")
    workspace.root.rename(tmp_path / "moved")
    assert listings(Workspace.at(tmp_path / "moved", workspace.database_url)) == 24
    restored = Workspace.at(tmp_path / "restored", workspace.database_url)
    restore(tmp_path / "backup.tar", restored)
    if workspace.database_url.startswith("postgresql"):  # else the backup has a database of its own
        assert listings(restored) == 24


def test_a_new_folder_takes_the_place_of_a_lost_one_as_the_message_says(
    workspace: Workspace, tmp_path: Path
) -> None:
    new = Workspace.at(tmp_path / "new", workspace.database_url)
    with pytest.raises(WorkspaceError) as told:
        listings(new)
    (line,) = [part for part in str(told.value).split(" write ")[1:]]
    new.root.mkdir()
    (new.root / "workspace.json").write_text("{" + line.split(" into ")[0] + "}")
    assert listings(new) == 24


def test_a_database_of_before_goes_with_the_first_folder_that_has_something(
    database_url: str, tmp_path: Path
) -> None:
    Store.open(database_url).close()
    mistyped, one, other = (Workspace.at(tmp_path / name, database_url) for name in ("typo", "one", "other"))
    for workspace in (one, other):
        workspace.root.mkdir()
        (workspace.root / "workspace.json").write_text('{"name": "Shop"}')
    for workspace in (mistyped, one):
        assert listings(workspace) == 0
    assert not mistyped.root.exists()
    assert json.loads((one.root / "workspace.json").read_text())["name"] == "Shop"
    with pytest.raises(WorkspaceError, match="another folder"):
        listings(other)


def test_who_claims_first_has_it(store: Store) -> None:
    assert store.owner() is None
    first, second = Owner("1f", "/srv/shop"), Owner("2e", "/srv/other")
    assert store.claim(first) == store.claim(second) == store.owner() == first


def test_a_database_inside_goes_with_its_folder_unasked(shop: InputFiles, tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "one")
    import_files(workspace, shop)
    (workspace.root / "workspace.json").unlink()
    assert listings(workspace) == 24
