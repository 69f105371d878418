"""Who did what, and when: on the Labels page, and by command."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dashboard import opened, store_of, texts, unescaped
from workspaces import HOSTILE, Fixture

from mmquality.cli import main
from mmquality.pages.audit import _writer
from mmquality.pages.exports import _writer as export_writer
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Reason, Verdict
from mmquality.store import AUDIT_COLUMNS, AuditQuery, LabelQuery


@pytest.fixture
def busy(fresh: Fixture) -> Fixture:
    store = store_of(fresh)
    label = store.add_label("L031", Verdict.MISMATCH, Reason.OTHER, "<b>odd</b>", "ana")
    store.undo_label(label.label_id, "ben")
    store.add_labels(["L001", "L002"], Verdict.MATCH, None, "", "ana")
    export_writer(Catalogue(fresh.workspace), LabelQuery(), "csv")()
    return fresh


def test_shows_everything_in_its_order(busy: Fixture) -> None:
    table = opened("labels", show="audit").dataframe[0].value
    assert table["kind"].tolist() == [
        "Export",
        "Label",
        "Label",
        "Label taken back",
        "Label",
        "Model",
        "Model",
    ]
    assert table["who"].tolist() == ["analyst", "ana", "ana", "ben", "ana", "", ""]
    assert table["what"].tolist() == [
        "2 labels", "Match; one of many", "Match; one of many", "Mismatch · other, by ana",
        "Mismatch · other; “<b>odd</b>”", "put in force", "published, 60 listings",
    ]  # fmt: skip
    assert table["title"].tolist()[3:6] == [HOSTILE["L031"], HOSTILE["L031"], "v1"]


def test_filters_stand_in_the_address(busy: Fixture) -> None:
    def ids(**params: str) -> list[str]:
        app = opened("labels", show="audit", **params)
        return app.dataframe[0].value["id"].tolist() if app.dataframe else []

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert ids(who="ben") == ["L031"]
    assert ids(deed="Label", of="L002") == ["L002"]
    assert len(ids(day=today)) == 7 and ids(day="2026-01-01") == []
    assert "Nobody did anything" in texts(opened("labels", show="audit", of="nobody"))


def test_is_taken_away_as_filtered(busy: Fixture) -> None:
    app = opened("labels", show="audit", who="ana")
    assert [b.label for b in app.download_button] == ["CSV", "JSON Lines"]
    assert "3 entries" in " ".join(unescaped(c.value) for c in app.caption)
    catalogue, query = Catalogue(busy.workspace), AuditQuery(analyst="ana")
    rows = list(csv.DictReader(_writer(catalogue, query, "csv")().decode("utf-8-sig").splitlines()))
    assert list(rows[0]) == list(AUDIT_COLUMNS) and [row["listing_id"] for row in rows] == [
        "L002",
        "L001",
        "L031",
    ]
    assert rows[2]["title"].startswith("'=HYPERLINK")  # a spreadsheet would run it
    lines = _writer(catalogue, query, "jsonl")().decode().splitlines()
    assert json.loads(lines[2])["title"] == HOSTILE["L031"]


def test_the_command_says_the_same(busy: Fixture, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        main(["audit", "-w", str(busy.workspace.root), *arguments], standalone_mode=False)
        return capsys.readouterr().out

    lines = run("--top", "5").splitlines()
    assert len(lines) == 6 and lines[0].split() == ["when", "(UTC)", "who", "did", "to", "what"]
    assert "ben  withdrawal" in " ".join(run("--by", "ben").split("\n")) and "L031" in run("--by", "ben")
    assert run("--day", "2026-01-01").count("\n") == 1
    assert (
        run("--out", str(tmp_path / "a.csv"), "--kind", "label") == f"3 deeds written to {tmp_path}/a.csv.\n"
    )
    with pytest.raises(SystemExit):
        main(["audit", "-w", str(busy.workspace.root), "--out", str(tmp_path / "a.xlsx")])
    assert "Deeds cannot be exported to a.xlsx; end it in .csv, .jsonl." in capsys.readouterr().err
