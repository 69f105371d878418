"""Work that takes long, started from a page: training again, and exports of many labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dashboard import button, opened, store_of, texts, unescaped
from streamlit.testing.v1 import AppTest
from workspaces import Fixture

from mmquality.cli import main
from mmquality.evaluation.bootstrap import Interval
from mmquality.pages import exports
from mmquality.pipeline import background
from mmquality.pipeline.background import Job, Phase
from mmquality.pipeline.exporting import export_options, export_place
from mmquality.pipeline.judgement import Figures, Judgement, keep_judgement
from mmquality.pipeline.retrain_trigger import Trigger, asked
from mmquality.records import Reason, Verdict
from mmquality.store import LabelQuery

DONE = Job(1_772_719_620.0, phase=Phase.DONE, ended=1_772_719_800.0)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The jobs that were started, which then are not."""
    found: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(background, "start", lambda _, name, arguments, by: found.append((name, arguments)))
    return found


@pytest.fixture
def labelled(fresh: Fixture, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """Three labels, more than are exported at once."""
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    store = store_of(fresh)
    store.add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
    store.add_label("L031", Verdict.MATCH, None, "", "ben")
    store.add_label("L002", Verdict.MATCH, None, "", "ben")
    return fresh


def becomes(job: Job | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every job stand like this."""
    monkeypatch.setattr(background, "job", lambda *_: job)


def told(app: AppTest) -> str:
    return " ".join(unescaped(caption.value) for caption in app.caption)


class TestTrainingAgain:
    def test_says_what_it_learns_from_and_starts(
        self, labelled: Fixture, started: list[tuple[str, list[str]]]
    ) -> None:
        app = opened("models")
        assert "put in force unless it does worse than v1" in texts(app)
        assert "3 verdicts so far; v1 has learnt from 0." in told(app)
        button(app, "Train again").click().run()
        assert started == [("retrain", ["retrain"])] and "retrain" in main.commands

    def test_shows_how_far_it_is_then_how_long_it_took(
        self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        becomes(Job(0.0, "Training networks", 3, 6), monkeypatch)
        app = opened("models")
        assert app.get("progress")[0].proto.value == 50 and not app.button
        becomes(DONE, monkeypatch)
        assert "Last done on 5 Mar 2026, 14:10 UTC; it took 3 min." in told(opened("models"))

    def test_says_how_the_last_version_was_judged(self, fresh: Fixture) -> None:
        no, some = Figures(None, None, None, None), Interval(None, None, None)
        folder = fresh.workspace.models / "v1"
        keep_judgement(Judgement("v0", "v1", 7, 3, no, no, some, True), folder)
        assert "7 labels kept apart, 3 mismatches among them: too few" in told(opened("models"))

    def test_says_what_the_schedule_decided(self, fresh: Fixture) -> None:
        asked(fresh.workspace, Trigger(labels=50))
        said = told(opened("models"))
        assert (
            "The schedule asked on" in said and "labels since the model trained last, 50 asked for." in said
        )

    def test_says_why_it_failed(self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
        becomes(replace(DONE, phase=Phase.FAILED, said="Error: no room. Make some."), monkeypatch)
        app = opened("models")
        assert "Error: no room. Make some." in texts(app) and button(app, "Train again")


class TestExport:
    def test_of_many_labels_is_a_job_for_their_filters(
        self, labelled: Fixture, started: list[tuple[str, list[str]]]
    ) -> None:
        app = opened("labels", format="Parquet", which="all")
        assert not app.download_button
        button(app, "Write 3 labels to a file").click().run()
        path = export_place(labelled.workspace, LabelQuery(newest_only=False), "parquet")
        assert started == [("export", ["export", f"--out={path}", "--all"])]

    def test_is_offered_once_it_is_written(self, labelled: Fixture) -> None:
        path = export_place(labelled.workspace, LabelQuery(), "csv")
        main(["export", "-w", str(labelled.workspace.root), f"--out={path}"], standalone_mode=False)
        app = opened("labels")
        assert [b.label for b in app.download_button] == ["Download CSV, 0.1 MB"]
        assert button(app, "Write it anew")
        few = opened("labels", by="ben")  # these are written at once
        assert [b.label for b in few.download_button][:3] == ["CSV", "Parquet", "JSON Lines"]

    def test_of_labels_that_do_not_pass_the_filters_is_not_offered(self, labelled: Fixture) -> None:
        assert not opened("labels", title="zeppelin").download_button


def test_every_question_has_its_own_file_and_command(labelled: Fixture, tmp_path: Path) -> None:
    questions = [
        LabelQuery(), LabelQuery(newest_only=False), LabelQuery(verdict=Verdict.MATCH),
        LabelQuery(reason=Reason.WRONG_PRODUCT), LabelQuery(analyst="ben"), LabelQuery(text="-- lamp"),
    ]  # fmt: skip
    places = {export_place(labelled.workspace, question, "csv") for question in questions}
    assert len(places) == len(questions)
    for question in questions:
        command = ["export", "-w", str(labelled.workspace.root), f"--out={tmp_path / 'l.jsonl'}"]
        main([*command, *export_options(question)], standalone_mode=False)
        lines = (tmp_path / "l.jsonl").read_text().splitlines()
        assert len(lines) == store_of(labelled).labels_page(question).total
