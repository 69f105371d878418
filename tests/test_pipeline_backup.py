"""A workspace in one file and back, while somebody labels; a damaged or foreign file is refused whole."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from marketplace import Marketplace, copy_of
from workspaces import Fixture

from mmquality.cli.root import main
from mmquality.config import Workspace
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.pipeline.backup import back_up, restore
from mmquality.pipeline.doctor import Health, examine
from mmquality.pipeline.places import open_store
from mmquality.records import Verdict
from mmquality.store import RankingQuery, Store


def ranking_of(workspace: Workspace) -> list[tuple[str, float]]:
    with open_store(workspace) as store:
        rows = store.ranking_page(RankingQuery(), size=200).rows
    return [(row.listing.listing_id, row.score) for row in rows]


def test_what_was_backed_up_comes_back(marketplace: Marketplace, tmp_path: Path) -> None:
    workspace = copy_of(marketplace, tmp_path / "shop")
    (tmp_path / "kept").mkdir()
    made = back_up(workspace, tmp_path / "kept" / "shop.tar")
    other = Workspace.at(tmp_path / "other")
    assert restore(tmp_path / "kept" / "shop.tar", other) == made
    assert ranking_of(other) == ranking_of(workspace) and made.database
    assert not [finding for finding in examine(other) if finding.health is Health.FAULT]
    assert [path.name for path in tmp_path.joinpath("kept").iterdir()] == ["shop.tar"]
    small = back_up(workspace, tmp_path / "small.tar", embeddings=False)
    assert small.bytes < made.bytes and small.files < made.files


def test_who_labels_meanwhile_is_not_held_up_and_no_label_is_half_in_it(
    fresh: Fixture, tmp_path: Path
) -> None:
    given: list[str] = []
    stop = threading.Event()

    def label() -> None:
        with open_store(fresh.workspace) as store:
            ids = [row.listing.listing_id for row in store.ranking_page(RankingQuery(), size=60).rows]
            for listing_id in ids:
                if stop.is_set():
                    return
                store.add_label(listing_id, Verdict.MATCH, None, "", "ana")
                given.append(listing_id)

    thread = threading.Thread(target=label)
    thread.start()
    for number in range(3):
        back_up(fresh.workspace, tmp_path / f"{number}.tar")
    stop.set()
    thread.join()
    before: set[str] = set()
    for number in range(3):
        copy = Workspace.at(tmp_path / f"copy-{number}")
        restore(tmp_path / f"{number}.tar", copy)
        with open_store(copy) as store:
            labelled = set(store.current_labels()["listing_id"])
            assert not store.faults()
        assert before <= labelled <= set(given)
        before = labelled


@pytest.mark.parametrize("damage", ["cut", "changed", "added"])
def test_a_damaged_backup_is_refused_whole(fresh: Fixture, tmp_path: Path, damage: str) -> None:
    kept = tmp_path / "shop.tar"
    back_up(fresh.workspace, kept)
    content = kept.read_bytes()
    if damage == "cut":
        kept.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        at = content.index(b"SQLite format 3") + 5_000
        kept.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    else:
        with tarfile.open(kept, "a") as archive:
            archive.addfile(tarfile.TarInfo("models/v9/stranger.json"))
    with pytest.raises(InputFileError, match="shop.tar"):
        restore(kept, Workspace.at(tmp_path / "other"))
    assert not (tmp_path / "other").exists() and not list(tmp_path.glob(".other*"))


@pytest.mark.parametrize("name", ["../escaped", "models/../../escaped", "/escaped"])
def test_a_strangers_archive_reaches_nothing_outside(tmp_path: Path, name: str) -> None:
    hostile = tmp_path / "hostile.tar"
    name = f"{tmp_path}{name}" if name.startswith("/") else name
    with tarfile.open(hostile, "w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(InputFileError, match="hostile.tar cannot be read as a backup: .* would lie outside"):
        restore(hostile, Workspace.at(tmp_path / "shop"))
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("names", [["a", "a"], ["a", "a/b"], ["."], ["a\0b"], [""]])
def test_names_that_no_backup_has_are_refused(tmp_path: Path, names: list[str]) -> None:
    hostile = tmp_path / "hostile.tar"
    with tarfile.open(hostile, "w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(InputFileError, match="hostile.tar cannot be read as a backup"):
        restore(hostile, Workspace.at(tmp_path / "shop"))
    assert not (tmp_path / "shop").exists()


def test_a_python_without_extraction_filters_restores(
    fresh: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 3.11.2 of Debian 12 is: they came with 3.11.4."""
    extract = tarfile.TarFile.extract

    def earlier(
        self: tarfile.TarFile,
        member: str,
        path: str = "",
        set_attrs: bool = True,
        *,
        numeric_owner: bool = False,
    ) -> None:
        extract(self, member, path, set_attrs, numeric_owner=numeric_owner)

    monkeypatch.setattr(tarfile.TarFile, "extract", earlier)
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    back_up(fresh.workspace, tmp_path / "shop.tar")
    restore(tmp_path / "shop.tar", Workspace.at(tmp_path / "other"))
    assert ranking_of(Workspace.at(tmp_path / "other")) == ranking_of(fresh.workspace)


@pytest.mark.parametrize("kind", ["link", "hard link", "sparse file", "compressed"])
def test_a_backup_holds_plain_files_alone(tmp_path: Path, kind: str) -> None:
    """A link leads elsewhere; a sparse file of a few bytes is as large as it likes when it is read."""
    hostile = tmp_path / "hostile.tar"
    entry = tarfile.TarInfo("models/v9/config.json")
    if kind == "sparse file":
        entry.pax_headers = {"GNU.sparse.size": str(10**12), "GNU.sparse.map": f"{10**12},0"}
    elif kind != "compressed":
        entry.type, entry.linkname = tarfile.SYMTYPE if kind == "link" else tarfile.LNKTYPE, "backup.json"
    with tarfile.open(hostile, "w:gz" if kind == "compressed" else "w") as archive:
        archive.addfile(entry)
    with pytest.raises(InputFileError, match="hostile.tar"):
        restore(hostile, Workspace.at(tmp_path / "shop"))
    assert not (tmp_path / "shop").exists()


def test_a_newer_backup_and_a_place_that_is_taken_are_refused(fresh: Fixture, tmp_path: Path) -> None:
    newer = tmp_path / "newer.tar"
    with tarfile.open(newer, "w") as archive:
        content = json.dumps({"format": 99, "files": {}}).encode()
        entry = tarfile.TarInfo("backup.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(InputFileError, match="its format is 99"):
        restore(newer, Workspace.at(tmp_path / "shop-2"))
    with pytest.raises(WorkspaceError, match="is there already"):
        back_up(fresh.workspace, newer)
    with pytest.raises(WorkspaceError, match="not empty"):
        restore(newer, fresh.workspace)


def test_no_folder_is_made_for_a_backup(fresh: Fixture, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=f"no folder {tmp_path / 'nope'}"):
        back_up(fresh.workspace, tmp_path / "nope" / "shop.tar")
    assert not (tmp_path / "nope").exists()


def test_a_place_that_may_not_be_written_to_is_named_as_it_was_asked_for(
    fresh: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so a folder that takes no hidden one stands for it."""
    mkdir = os.mkdir

    def refused(path: Path, mode: int = 0o777) -> None:
        if str(path).endswith(".part"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", refused)
    with pytest.raises(PermissionError) as told:
        back_up(fresh.workspace, tmp_path / "shop.tar")
    assert told.value.filename == str(tmp_path / "shop.tar")


def test_of_a_database_elsewhere_it_is_said_when_that_is_copied(
    fresh: Fixture, tmp_path: Path, new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMQ_DATABASE_URL", new_database("postgresql"))
    Store.open(os.environ["MMQ_DATABASE_URL"]).close()
    (fresh.workspace.root / "mmquality.db").unlink()
    out = str(tmp_path / "shop.tar")
    made = CliRunner().invoke(main, ["backup", "-w", str(fresh.workspace.root), "--out", out])
    assert "pg_dump that was made right before" in made.stdout, made.output


def test_the_commands(fresh: Fixture, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == 0, result.output
        return result.stdout

    kept = str(tmp_path / "shop.tar")
    told = json.loads(run("backup", "-w", str(fresh.workspace.root), "--out", kept, "--json"))
    assert told["database"] and told["files"] > 4
    assert "Look at it: mmquality doctor" in run("restore", kept, "-w", str(tmp_path / "again"))
