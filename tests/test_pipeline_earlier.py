"""Workspaces of every earlier schema and format (`earlier/`) are read and worked on by today's code."""

from __future__ import annotations

import json
import sqlite3
import tarfile
import warnings
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from earlier.make import COMMITS, HERE, IDS
from packed import unpack
from safetensors.numpy import load_file, save_file
from sqlalchemy import Connection, MetaData, create_engine, select, text

from mmquality.config import Workspace
from mmquality.errors import MMQualityError, ModelFileError
from mmquality.pipeline.arriving import arrive
from mmquality.pipeline.building import Options, index, score, train
from mmquality.pipeline.doctor import Health, examine
from mmquality.pipeline.places import open_store
from mmquality.pipeline.scored import load_scores
from mmquality.records import Verdict
from mmquality.store import AuditQuery, LabelQuery, RankingQuery, Store, schema
from mmquality.store.schema import VERSION_TABLE

UNREADABLE = ("0001-checkpoint-1", "0001-checkpoint-2")  # whose networks are not those of today
READABLE = ("0001", "0004", "0005", "0015")  # between them indexes, ids and what arrivals need changed
LABELS = {
    ("L00", "match", None, "ada"),
    ("L01", "mismatch", "wrong_product", "ada"),
    ("L02", "unsure", None, "bo"),
}


def unpacked(name: str, folder: Path) -> Workspace:
    unpack(HERE / f"{name}.tar.xz", folder)
    return Workspace.at(folder)


def test_a_python_without_extraction_filters_unpacks_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 3.11.2 of Debian 12 is."""
    extract = tarfile.TarFile.extractall

    def earlier(self: tarfile.TarFile, path: str = ".") -> None:
        with warnings.catch_warnings(action="ignore"):  # of Pythons that have them, and are given none
            extract(self, path)

    monkeypatch.setattr(tarfile.TarFile, "extractall", earlier)
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    assert schema_of(unpacked("0016", tmp_path)) == "0016"


def schema_of(workspace: Workspace) -> str:
    with closing(sqlite3.connect(workspace.root / "mmquality.db")) as connection:
        found: str = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0]
    return found


def check_as_before(store: Store) -> None:
    """Everything that was in the workspace when it was packed."""
    assert sorted(store.catalogue_frame(["listing_id"])["listing_id"]) == IDS
    given = store.iter_labels(LabelQuery(newest_only=False))
    assert {(row.listing_id, row.verdict, row.reason, row.analyst) for row in given} == LABELS
    deeds = [row.kind for row in store.iter_audit(AuditQuery())]
    assert deeds.count("label") == 4 and deeds.count("withdrawal") == 1
    ranked = store.ranking_page(RankingQuery(), size=50).rows
    assert [row.rank for row in ranked] == [*range(1, 25)]
    assert [row.score for row in ranked] == sorted((row.score for row in ranked), reverse=True)
    found = store.ranking_page(RankingQuery(text="lamps 4"), size=50).rows
    assert "L04" in {row.listing.listing_id for row in found}
    (listing,) = [row.listing for row in ranked if row.listing.listing_id == "L07"]
    assert (listing.title, listing.category, listing.price) == ("blue mugs 7", "Mugs", 7.5)
    assert (listing.impressions, listing.clicks) == (1, 1) and not store.faults()


@pytest.mark.parametrize("name", COMMITS)
def test_a_workspace_of_every_earlier_schema_has_all_that_it_had(name: str, tmp_path: Path) -> None:
    workspace = unpacked(name, tmp_path)
    assert schema_of(workspace) == name[:4]
    with open_store(workspace) as store:
        check_as_before(store)
        stored = store.version_scores("v0001").set_index("listing_id")["score"]
        label = store.add_label("L05", Verdict.MATCH, None, "", "cy")
        store.undo_label(label.label_id, "cy")
        assert len(list(store.iter_labels(LabelQuery(newest_only=False)))) == len(LABELS)
    kept = load_scores(workspace.models / "v0001").set_index("listing_id")["score"]
    assert stored.to_dict() == kept.to_dict()
    assert schema_of(workspace) == schema._known()[-1]
    faults = [found for found in examine(workspace) if found.health is Health.FAULT]
    assert [("mmquality retrain" in found.what, found.part) for found in faults] == [(True, "model")] * (
        name in UNREADABLE
    )


@pytest.mark.parametrize("name", READABLE)
def test_an_earlier_model_scores_and_indexes(name: str, tmp_path: Path) -> None:
    workspace = unpacked(name, tmp_path)
    with open_store(workspace) as store:
        before = store.version_scores("v0001").set_index("listing_id")["score"]
    assert score(workspace) == index(workspace) == "v0002"
    with open_store(workspace) as store:
        check_as_before(store)
        assert (store.version_scores("v0001").set_index("listing_id")["score"] == before).all()
    assert arrive(workspace).version == "v0002"
    assert not [found for found in examine(workspace) if found.health is Health.FAULT]


def test_a_model_that_cannot_be_read_any_more_names_the_command_that_makes_another(tmp_path: Path) -> None:
    workspace = unpacked(UNREADABLE[0], tmp_path)
    with pytest.raises(ModelFileError, match="an earlier mmquality .format 1.*`mmquality retrain`"):
        score(workspace)
    assert train(workspace, Options(epochs=1)) == score(workspace) == index(workspace) == "v0002"
    with open_store(workspace) as store:
        check_as_before(store)
    assert not [found for found in examine(workspace) if found.health is Health.FAULT]


def _newer_settings(workspace: Workspace) -> None:
    path = workspace.root / "workspace.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))


def _newer_vectors(workspace: Workspace) -> None:
    path = next(workspace.embeddings.rglob("*.safetensors"))
    save_file(load_file(path), path, {"format": "2"})


def _newer_model(workspace: Workspace) -> None:
    path = workspace.models / "v0001" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 4}))


@pytest.mark.parametrize(
    ("newer", "words"),
    [
        (_newer_settings, "workspace.json was written by a newer mmquality .* install that version"),
        (_newer_vectors, "embedding cache file .* was written by a newer mmquality .* install that version"),
        (_newer_model, "has format 4; this version of mmquality reads format 3. Upgrade mmquality"),
    ],
)
def test_what_a_newer_mmquality_wrote_is_refused(
    newer: Callable[[Workspace], None], words: str, tmp_path: Path
) -> None:
    workspace = unpacked("0016", tmp_path)
    newer(workspace)
    with pytest.raises(MMQualityError, match=words):
        score(workspace)


def test_a_database_of_the_first_schema_comes_to_todays_on_postgresql_too(
    new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """What is in it was put in by the first mmquality, on SQLite."""
    source = create_engine(f"sqlite:///{unpacked('0001', tmp_path).root / 'mmquality.db'}")
    url = new_database("postgresql")
    engine = create_engine(url)
    with source.connect() as before, engine.begin() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        copy_tables(before, connection)
    engine.dispose()
    source.dispose()
    with Store.open(url) as store:
        check_as_before(store)
        assert store.add_label("L05", Verdict.MATCH, None, "", "cy").label_id > 4


def copy_tables(source: Connection, target: Connection) -> None:
    """Every row of every table, and where their numbers go on."""
    there, here = MetaData(), MetaData()
    there.reflect(source)
    here.reflect(target)
    for table in here.sorted_tables:
        rows = [_as_utc(row._asdict()) for row in source.execute(select(there.tables[table.name]))]
        if table.name == VERSION_TABLE or not rows:
            continue
        target.execute(table.insert(), rows)
        for column in (column for column in table.primary_key if column.autoincrement is True):
            sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
            target.execute(text(f"SELECT setval({sequence}, max({column.name})) FROM {table.name}"))


def _as_utc(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.replace(tzinfo=UTC) if isinstance(v, datetime) else v for k, v in row.items()}
