"""The doctor finds what is broken, says how to mend it, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from marketplace import QUICK, Marketplace, copy_of, encoded_beforehand, first_rows, input_files

from mmquality.cli.root import main
from mmquality.config import Workspace
from mmquality.pipeline import building
from mmquality.pipeline.doctor import Finding, Health, examine
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import index_path, open_store, trainings_path
from mmquality.pipeline.scratch import locked, scratch
from mmquality.records import Space, Verdict
from mmquality.store import Store


@pytest.fixture
def shop(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    return copy_of(marketplace, tmp_path / "shop")


def faults(workspace: Workspace) -> list[Finding]:
    return [finding for finding in examine(workspace) if finding.health is Health.FAULT]


def version_folder(workspace: Workspace) -> Path:
    with open_store(workspace) as store:
        version = store.current_version()
    assert version is not None
    return workspace.models / version.name


def execute(workspace: Workspace, statement: str) -> None:
    with sqlite3.connect(workspace.root / "mmquality.db") as connection:
        connection.execute(statement)
    connection.close()


def test_a_sound_workspace_has_nothing_wrong(shop: Workspace) -> None:
    found = examine(shop)
    assert {finding.health for finding in found} == {Health.OK}
    assert {"database", "settings", "model", "embeddings", "photos", "disk"} == {f.part for f in found}


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "scored/scores.parquet"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_model_in_force_that_is_not_whole(shop: Workspace, name: str, damage: str) -> None:
    path = version_folder(shop) / name
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    (found,) = faults(shop)
    assert found.part == "model" and "is in force, but" in found.what and "rollback" in found.remedy


def test_an_index_that_is_damaged_or_another_models(shop: Workspace) -> None:
    path = index_path(shop, version_folder(shop).name, Space.TITLE)
    content = path.read_bytes()
    path.write_bytes(content[:100])
    assert "cannot be read" in faults(shop)[0].what
    path.unlink()
    (found,) = faults(shop)
    assert "No such file" in found.what and found.remedy == "Run `mmquality index`."
    building.index(shop)
    assert not faults(shop) and len(path.read_bytes()) == len(content)


def test_a_model_whose_folder_is_gone(shop: Workspace) -> None:
    shutil.rmtree(version_folder(shop))
    (found,) = faults(shop)
    assert "folder" in found.what and "is gone" in found.what
    assert "`mmquality restore`" in found.remedy and "`mmquality train`" in found.remedy


def test_a_database_whose_pages_are_overwritten(shop: Workspace) -> None:
    execute(shop, "PRAGMA wal_checkpoint(TRUNCATE)")
    file = shop.root / "mmquality.db"
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 2 // 4096 * 4096)
        opened.write(b"\xff" * 4096 * 8)
    (found,) = faults(shop)
    assert found.part == "database" and "restore" in found.remedy


@pytest.mark.parametrize(
    "written",
    [
        "CREATE TABLE songs (title)",
        "CREATE TABLE mmquality_schema (version_num); INSERT INTO mmquality_schema VALUES ('9999')",
    ],
    ids=["another program's", "a newer mmquality's"],
)
def test_a_database_in_order_is_not_to_be_restored(tmp_path: Path, written: str) -> None:
    workspace = Workspace.at(tmp_path / "shop")
    workspace.root.mkdir()
    sqlite3.connect(workspace.root / "mmquality.db").executescript(written)
    (found,) = faults(workspace)
    assert found.part == "database" and "nothing to restore" in found.remedy


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/shop", "mysql://localhost/shop"])
def test_a_server_that_is_down_is_no_reason_to_restore(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MMQ_DATABASE_URL", url)
    (shop.root / "mmquality.db").unlink()
    (found,) = faults(Workspace.at(shop.root))
    assert found.part == "database" and "that its server runs" in found.remedy


def test_a_label_that_does_not_count_and_a_gap_in_the_ranking(shop: Workspace) -> None:
    with open_store(shop) as store:
        ids = store.catalogue_frame(["listing_id"])["listing_id"]
        store.add_label(ids[0], Verdict.MATCH, None, "", "ana")
        assert not store.faults()
    execute(shop, "DELETE FROM current_labels")
    execute(shop, "DELETE FROM scores WHERE place = 3 << 20")
    said = " ".join(finding.what for finding in faults(shop))
    assert "Of 1 listings another label counts than the newest" in said and "has gaps" in said


def test_what_is_no_fault_yet_is_a_warning(shop: Workspace) -> None:
    part = shop.models / ".new-abc.part"
    part.mkdir()
    (shop.root / "workspace.json").write_text("{", encoding="utf-8")
    found = {(f.part, f.health) for f in examine(shop)}
    assert ("leftovers", Health.WARNING) in found and ("settings", Health.FAULT) in found


def test_photos_that_were_moved(shop: Workspace) -> None:
    execute(shop, "UPDATE listings SET photo_path = '/nowhere/' || photo_path")
    (found,) = [f for f in examine(shop) if f.part == "photos"]
    assert found.health is Health.WARNING and "/nowhere/" in found.what and "import" in found.remedy


def test_without_a_model_there_is_a_warning(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "empty")
    Store.open(workspace.database_url).close()
    assert any(f.part == "model" and f.health is Health.WARNING for f in examine(workspace))


def model_findings(workspace: Workspace) -> list[tuple[str, str]]:
    return [(f.what, f.remedy) for f in examine(workspace) if f.part in ("model", "embeddings") and f.remedy]


def test_the_one_command_that_is_due_is_named(marketplace: Marketplace, tmp_path: Path) -> None:
    shop = encoded_beforehand(marketplace, tmp_path / "shop")
    import_files(shop, input_files(marketplace.files))
    assert model_findings(shop) == [
        ("No model is in force", "Run `mmquality encode`."),
        ("150 listings not encoded", "Run `mmquality encode`."),
    ]
    encode(shop)
    for step, due in ((building.train, "train"), (building.score, "score"), (building.index, "index")):
        assert model_findings(shop) == [("No model is in force", f"Run `mmquality {due}`.")]
        step(shop, QUICK) if due == "train" else step(shop)
    assert not model_findings(shop)
    building.score(shop)
    assert model_findings(shop) == [("v0002 is trained and was not put in force", "Run `mmquality index`.")]


def test_a_listing_without_a_score_is_encoded_first_and_arrives_then(
    marketplace: Marketplace, shop: Workspace
) -> None:
    row = first_rows(marketplace.files.listings, 1).assign(listing_id="new", title="A kite")
    row.to_csv(shop.root / "new.csv", index=False)
    import_files(shop, InputFiles(shop.root / "new.csv", marketplace.files.images))
    encode_it = "Run `mmquality encode`."
    assert model_findings(shop) == [
        ("1 listing without a score", encode_it), ("1 listing not encoded", encode_it),
    ]  # fmt: skip
    encode(shop)
    assert model_findings(shop) == [("1 listing without a score", "Run `mmquality arrive`.")]


def test_scratch_of_killed_work_is_told_and_of_work_that_goes_on_is_not(shop: Workspace) -> None:
    with scratch(shop):
        assert not [f for f in examine(shop) if f.part == "leftovers"]
        (shop.scratch / "killed").mkdir()
        (found,) = [f for f in examine(shop) if f.part == "leftovers"]
    assert found.health is Health.WARNING and str(shop.scratch / "killed") in found.what


def test_a_training_that_was_stopped_is_told_and_its_room(shop: Workspace) -> None:
    folder = trainings_path(shop) / "0123456789abcdef"
    folder.mkdir(parents=True)
    assert not [f for f in examine(shop) if f.part == "leftovers"]
    (folder / "network-0.safetensors").write_bytes(bytes(3_000_000))
    (found,) = [f for f in examine(shop) if f.part == "leftovers"]
    assert found.what == f"A training that was stopped, 3.0 MB ({folder})" and "goes on" in found.remedy
    lock = locked(folder)
    assert not [f for f in examine(shop) if f.part == "leftovers"]
    os.close(lock)


def test_the_command_tells_by_its_exit_status(shop: Workspace) -> None:
    words = ["doctor", "-w", str(shop.root), "--json"]
    well = CliRunner().invoke(main, words)
    assert well.exit_code == 0 and json.loads(well.stdout)["healthy"]
    (version_folder(shop) / "model.safetensors").unlink()
    ill = CliRunner().invoke(main, words)
    assert ill.exit_code == 1 and not json.loads(ill.stdout)["healthy"]
    told = CliRunner().invoke(main, words[:-1])
    assert "FAULT" in told.stdout and "rollback" in told.stdout
