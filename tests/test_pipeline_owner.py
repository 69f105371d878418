"""A database goes with one folder, wherever that is moved to; another folder is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from earlier.make import write_shop
from sqlalchemy import create_engine, make_url, text

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.backup import back_up, restore
from mmquality.pipeline.doctor import Health, examine
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.store import Owner, Store

NewDatabase = Callable[[str], str]  # from the name of a database to its address


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


class TestAWorkspaceInPostgresql:
    @pytest.fixture
    def elsewhere(self, tmp_path: Path, new_database: NewDatabase, shop: InputFiles) -> Workspace:
        workspace = Workspace.at(tmp_path / "one", new_database("postgresql"))
        import_files(workspace, shop)
        return workspace

    def test_its_folder_gets_no_second_database_where_its_address_is_forgotten(
        self, elsewhere: Workspace, shop: InputFiles
    ) -> None:
        forgotten = Workspace.at(elsewhere.root)
        file, settings = elsewhere.root / "mmquality.db", elsewhere.root / "workspace.json"
        for step in (lambda: import_files(forgotten, shop), lambda: listings(forgotten)):
            with pytest.raises(WorkspaceError, match="is not in that folder: set MMQ_DATABASE_URL"):
                step()
            assert not file.exists()
        Store.open(forgotten.database_url).close()  # as an earlier mmquality made it
        with pytest.raises(WorkspaceError, match="is not in that folder") as told:
            listings(forgotten)
        assert f'take "workspace_id" out of {settings}' in str(told.value)
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"workspace_id": ""}))
        assert listings(forgotten) == 0

    def test_a_database_that_is_not_restored_yet_is_not_filled_anew(
        self, elsewhere: Workspace, shop: InputFiles, new_database: NewDatabase
    ) -> None:
        restored = Workspace.at(elsewhere.root, new_database("postgresql"))
        for step in (lambda: import_files(restored, shop), lambda: listings(restored)):
            with pytest.raises(WorkspaceError, match="restore its dump into it .pg_restore."):
                step()
        (found,) = examine(restored)
        assert found.health is Health.FAULT and "pg_restore" in found.what and not found.remedy

    def test_it_is_restored_by_the_user_who_reads_it(
        self, postgresql_server: str, tmp_path: Path, shop: InputFiles
    ) -> None:
        """As docs/operations.md tells: tables that another one restored would be closed to it."""
        dump, restore = shutil.which("pg_dump"), shutil.which("pg_restore")
        if not dump or not restore:
            pytest.skip("needs pg_dump and pg_restore")
        admin = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            for made in ("ROLE keeper LOGIN", "DATABASE kept OWNER keeper", "DATABASE restored OWNER keeper"):
                connection.execute(text(f"CREATE {made}"))
        admin.dispose()
        keeper = make_url(postgresql_server).set(drivername="postgresql", username="keeper")
        before, after = (str(keeper.set(database=name)) for name in ("kept", "restored"))
        there, here = (Workspace.at(tmp_path / "one", url) for url in (before, after))
        import_files(there, shop)
        file = str(tmp_path / "shop.dump")
        subprocess.run([dump, "--format=custom", "--file", file, before], check=True)
        subprocess.run([restore, "--no-owner", "--dbname", after, file], check=True)
        assert listings(Workspace.at(tmp_path / "one", after)) == listings(
            Workspace.at(tmp_path / "one", before)
        )


def test_a_folder_with_a_database_of_its_own_does_not_go_with_another(
    workspace: Workspace, shop: InputFiles, tmp_path: Path
) -> None:
    own = Workspace.at(tmp_path / "own")
    import_files(own, shop)
    astray = Workspace.at(own.root, workspace.database_url)
    for step in (lambda: import_files(astray, shop), lambda: listings(astray)):
        with pytest.raises(
            WorkspaceError, match="mmquality.db, and .* another: unset MMQ_DATABASE_URL"
        ) as told:
            step()
        assert "write" not in str(told.value)
    assert listings(own) == listings(workspace) == 24


def test_a_database_that_a_backup_took_into_the_folder_goes_with_it(
    tmp_path: Path, new_database: NewDatabase, shop: InputFiles
) -> None:
    workspace = Workspace.at(tmp_path / "one", new_database("sqlite"))
    import_files(workspace, shop)
    back_up(workspace, tmp_path / "backup.tar")
    restored = Workspace.at(tmp_path / "restored")
    restore(tmp_path / "backup.tar", restored)
    assert listings(restored) == 24


def test_a_database_inside_is_known_by_any_path_to_it(
    shop: InputFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_files(Workspace.at(tmp_path / "one"), shop)
    (tmp_path / "link").symlink_to(tmp_path / "one")
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///one/mmquality.db", f"sqlite:///{tmp_path}/link/mmquality.db"):
        assert listings(Workspace.at("one", url)) == listings(Workspace.at("link", url)) == 24
