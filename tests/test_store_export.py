"""Exports of labels: three formats, the same rows, safe to open in a spreadsheet, whole or not there."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pandas as pd
import pyarrow.parquet as pq
import pytest
from catalogues import frame, publish, row
from hypothesis import given
from hypothesis import strategies as st

from mmquality.data.spreadsheets import safe_text, written_text
from mmquality.errors import MMQualityError
from mmquality.records import Reason, Verdict
from mmquality.store import LabelQuery, Store, export_labels
from mmquality.store.export import EXPORT_COLUMNS, EXPORT_ENDINGS, EXPORT_SCHEMA

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1+1",
    'plain, "quoted"\nlines é 😀',
]


@pytest.fixture
def labelled(store: Store) -> Store:
    """Nine labelled listings whose titles, notes and analysts are up to no good, one of them labelled
    twice."""
    rows = [row(n, title=text, category=None if n % 2 else text) for n, text in enumerate(HOSTILE)]
    store.upsert_listings(frame(rows))
    publish(store, "v1", {f"L{n:03d}": n / 10 for n in range(8)})
    for n, text in enumerate(HOSTILE):
        store.add_label(f"L{n:03d}", Verdict.MISMATCH, Reason.OTHER, text, f"x{text}")
    store.add_label("L000", Verdict.MATCH, None, "", "ann")
    return store


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of an export as plain values."""
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    return [
        made | {"created_at": datetime.fromisoformat(made["created_at"])}
        for made in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def inside(path: Path) -> list[dict[str, Any]]:
    """The cases of an archive for another tool."""
    with ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name in ("tasks.json", "records.json"))
        cases: list[dict[str, Any]] = json.loads(archive.read(name))
        return cases


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_programs_get_every_text_as_it_is(labelled: Store, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    assert export_labels(labelled, path) == 9
    expected = [
        {
            "label_id": found.label.label_id,
            "listing_id": found.label.listing_id,
            "title": found.title,
            "category": found.category,
            "image": found.image,
            "verdict": str(found.label.verdict),
            "reason": None if found.label.reason is None else str(found.label.reason),
            "note": found.label.note,
            "analyst": found.label.analyst,
            "created_at": found.label.created_at,
            "model_version": found.label.model_version,
            "score": found.label.score,
            "rank": found.label.rank,
            "drawn": str(found.label.drawn),
            "score_hidden": found.label.score_hidden,
            "batch": found.label.batch,
            "threshold": found.label.threshold,
            "neighbours": json.dumps(found.label.neighbours) if found.label.neighbours else None,
            "explanation_id": found.label.explanation_id,
            "suggestion": found.label.suggestion,
        }
        for found in labelled.labels_page(size=100).rows
    ]
    assert read(path) == expected
    assert list(expected[0]) == list(EXPORT_COLUMNS) == EXPORT_SCHEMA.names


def test_a_spreadsheet_gets_no_formula(labelled: Store, tmp_path: Path) -> None:
    assert export_labels(labelled, tmp_path / "labels.csv", LabelQuery(newest_only=False)) == 10
    assert (tmp_path / "labels.csv").read_bytes().startswith(b"\xef\xbb\xbflabel_id,listing_id,title,")
    with (tmp_path / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {int(found["label_id"]): found for found in csv.DictReader(file)}
    for n, text in enumerate(HOSTILE):
        found = rows[n + 1]
        assert found["title"] == found["note"] == (text if n == 8 else f"'{text}")
        assert found["category"] == ("" if n % 2 else found["title"])
        assert found["analyst"] == f"x{text}".strip()
    assert rows[8]["score"] == "0.7"
    assert rows[9]["score"] == rows[9]["model_version"] == ""
    for found in rows.values():
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in found.values())
        assert datetime.fromisoformat(found["created_at"]).utcoffset() is not None


def test_pandas_reads_the_csv_as_it_is(labelled: Store, tmp_path: Path) -> None:
    export_labels(labelled, tmp_path / "labels.csv")
    assert list(pd.read_csv(tmp_path / "labels.csv").columns) == list(EXPORT_COLUMNS)


@given(st.text() | st.text("'=+@\t ", max_size=4))
def test_a_cell_is_itself_or_itself_behind_an_apostrophe(text: str) -> None:
    made = safe_text(text)
    assert made in (text, f"'{text}")
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert written_text(made) == text


def test_the_filter_is_that_of_the_labels_page(labelled: Store, tmp_path: Path) -> None:
    query = LabelQuery(verdict=Verdict.MATCH)
    assert export_labels(labelled, tmp_path / "labels.jsonl", query) == 1
    assert [made["listing_id"] for made in read(tmp_path / "labels.jsonl")] == ["L000"]


@pytest.mark.parametrize("suffix", EXPORT_ENDINGS)
def test_nothing_labelled_is_a_file_without_rows(store: Store, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"labels{suffix}"
    assert export_labels(store, path) == 0
    assert path.is_file() and (path.suffix != ".zip" or inside(path) == [])


def test_parquet_is_written_in_row_groups(
    labelled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmquality.store.export._AT_ONCE", 4)
    export_labels(labelled, tmp_path / "labels.parquet")
    assert pq.ParquetFile(tmp_path / "labels.parquet").num_row_groups == 3


@pytest.mark.parametrize("suffix", EXPORT_ENDINGS)
def test_an_export_that_fails_leaves_the_earlier_file(
    labelled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"labels{suffix}"
    export_labels(labelled, path)
    before = path.read_bytes()

    def fail(done: int) -> None:
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError):
        export_labels(labelled, path, advance=fail)
    assert path.read_bytes() == before
    assert list(tmp_path.glob(".labels*")) == []


def test_places_that_cannot_be_written_are_told(labelled: Store, tmp_path: Path) -> None:
    with pytest.raises(
        MMQualityError,
        match=r"labels.xlsx; end it in .csv, .parquet, .jsonl, .label-",
    ):
        export_labels(labelled, tmp_path / "labels.xlsx")
    with pytest.raises(MMQualityError, match="could not be written to .*No such file or directory"):
        export_labels(labelled, tmp_path / "absent" / "labels.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(MMQualityError, match="could not be written"):
        export_labels(labelled, tmp_path / "folder.csv")


def test_label_studio_gets_tasks_and_the_interface_they_fit(labelled: Store, tmp_path: Path) -> None:
    labelled.add_label("L001", Verdict.UNSURE, None, "", "ann")
    path = tmp_path / "labels.label-studio.zip"
    export_labels(labelled, path, reasons={"other": "Anything <else>"})
    tasks = {task["data"]["listing_id"]: task for task in inside(path)}
    assert len(tasks) == 9
    task = tasks["L002"]
    assert task["data"]["title"] == HOSTILE[2]
    assert task["data"]["image"] == "/data/local-files/?d=L002.jpg"
    assert task["data"]["label"]["analyst"] == f"x{HOSTILE[2]}"
    said = {result["from_name"]: result["value"] for result in task["annotations"][0]["result"]}
    chosen = {"verdict": {"choices": ["mismatch"]}, "reason": {"choices": ["other"]}}
    assert said == chosen | {"note": {"text": [HOSTILE[2]]}}
    assert [r["from_name"] for r in tasks["L001"]["annotations"][0]["result"]] == ["verdict"]
    with ZipFile(path) as archive:
        config = ElementTree.fromstring(archive.read("labeling-config.xml"))
        assert b"tasks.json" in archive.read("README.txt")
    controls = {element.get("name"): element for element in config if element.get("toName")}
    assert set(controls) == {"verdict", "reason", "note"}
    assert [c.get("value") for c in controls["verdict"]] == [str(verdict) for verdict in Verdict]
    assert [(c.get("value"), c.get("hint")) for c in controls["reason"]] == [("other", "Anything <else>")]
    named = {element.get("value", "")[1:] for element in config if element.get("value", "").startswith("$")}
    assert named <= set(task["data"])


def test_argilla_gets_a_dataset_whose_settings_hold_every_answer(labelled: Store, tmp_path: Path) -> None:
    path = tmp_path / "labels.argilla.zip"
    export_labels(labelled, path, reasons={"poor_photo": "Poor photo"})
    record = next(record for record in inside(path) if record["metadata"]["listing_id"] == "L002")
    assert record["fields"] == {"title": HOSTILE[2], "image": "L002.jpg"}
    assert record["suggestions"]["verdict"] == {
        "value": "mismatch", "score": None, "agent": f"x{HOSTILE[2]}"
    }  # fmt: skip
    with ZipFile(path) as archive:
        settings = json.loads(archive.read(".argilla/settings.json"))
        assert json.loads(archive.read(".argilla/dataset.json"))["name"] == "mmquality"
    assert {field["name"] for field in settings["fields"]} == set(record["fields"])
    options = {
        q["name"]: [o["value"] for o in q["settings"].get("options", [])] for q in settings["questions"]
    }
    assert options["reason"] == ["poor_photo", "other"]  # the labels' own, though no longer offered
    assert set(record["suggestions"]) <= set(options)
