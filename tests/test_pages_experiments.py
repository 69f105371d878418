"""The Experiments page: what it says before the first one, and what it shows of a made-up report."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from dashboard import button, card_titles, opened, texts, unescaped
from workspaces import Fixture

from mmquality.experiments.lift import Lift
from mmquality.experiments.visitors import UserModel
from mmquality.experiments.watching import Course
from mmquality.pipeline import background
from mmquality.pipeline.arms import CONTROL, Arm
from mmquality.pipeline.experiment import ArmResult, Example, ExperimentReport, Needed, report_path
from mmquality.pipeline.relevance import Source
from mmquality.pipeline.replaying import ReplayedArm

OTHERS = [arm for arm in Arm if arm != CONTROL]


def made_up() -> ExperimentReport:
    lists = {str(arm): [f"L{n:03d}" for n in range(2 + at, 6 + at)] for at, arm in enumerate(Arm)}
    return ExperimentReport(
        version="v1",
        simulated_on=str(Source.LATENT),
        seeds=60,
        control=str(CONTROL),
        model=asdict(UserModel()),
        arms=[ArmResult(str(arm), 100, 2_400, 240, 9, 0.1, 0.02) for arm in Arm],
        lifts=[Lift(str(arm), m, 0.11, 0.1, 0.1, 0.02, 0.18, 0.01) for m in ("ctr", "ptr") for arm in OTHERS],
        courses=[
            Course(str(arm), [200, 1_000], [0.1, 0.1], [-9.0, 0.02], [9.0, 0.2], 900, 0.11) for arm in OTHERS
        ],
        needed=[Needed(m, lift, 1_000) for m in ("ctr", "ptr") for lift in (0.02, 0.05)],
        replayed=[ReplayedArm(str(arm), "snips", 0.04, 0.03, 0.05, 80, 60.0, 0.2) for arm in Arm],
        examples=[Example("L010", lists), Example("L001", lists)],
    )


def keep(fixture: Fixture, report: ExperimentReport) -> None:
    fixture.workspace.evaluations.mkdir(exist_ok=True)
    report_path(fixture.workspace, "v1").write_text(json.dumps(asdict(report)))


def test_it_offers_to_run_one(reported: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(background, "start", lambda *args, by: started.append(args))
    app = opened("experiments")
    assert "No experiment was run" in texts(app)
    assert app.code[0].value.startswith("mmquality experiment -w")
    button(app, "Run it").click().run()
    assert started == [(reported.workspace, "experiment", ["experiment"])]


def test_it_says_that_it_is_simulated_and_draws_the_lifts(reported: Fixture) -> None:
    keep(reported, made_up())
    app = opened("experiments")
    assert app.info[0].value.startswith("Everything here is simulated")
    assert len(app.get("plotly_chart")) == 4
    captions = unescaped(" ".join(c.value for c in app.caption))
    assert "by the sample's latent truth" in captions and "after 900 visitors of both arms" in captions
    assert list(app.dataframe[0].value["arm"]) == list(Arm)
    assert list(app.dataframe[1].value["+5%"]) == ["1,000", "1,000"]


def test_what_each_arm_shows_stands_side_by_side(reported: Fixture) -> None:
    keep(reported, made_up())
    app = opened("experiments", seed="L001")
    assert len(card_titles(app)) == 1 + 4 * len(Arm)
    assert all(f"<h2>{arm.capitalize()}</h2>" in texts(app) for arm in Arm)


def test_another_arm_can_be_watched(reported: Fixture) -> None:
    report = made_up()
    undecided = replace(report.courses[0], decided_after=None, stopped=None)
    keep(reported, replace(report, courses=[undecided, *report.courses[1:]]))
    captions = [c.value for c in opened("experiments", arm=str(OTHERS[0])).caption]
    assert any("were not told apart by 1,000 visitors" in unescaped(words) for words in captions)


def test_without_events_a_log_or_visitors_it_says_so(reported: Fixture) -> None:
    report = made_up()
    empty = [Lift(str(arm), m, 0.0, 0.0) for m in ("ctr", "ptr") for arm in OTHERS]
    known = replace(report, lifts=empty, courses=[], replayed=[], examples=[], simulated_on=str(Source.KNOWN))
    keep(reported, known)
    app = opened("experiments")
    captions = unescaped(" ".join(c.value for c in app.caption))
    assert not app.get("plotly_chart")
    for words in ("more --visitors", "Too few visitors", "no log of impressions", "train with --hold-out"):
        assert words in captions


def test_a_damaged_report_is_said(reported: Fixture) -> None:
    reported.workspace.evaluations.mkdir(exist_ok=True)
    report_path(reported.workspace, "v1").write_text("{")
    assert "mmquality experiment" in texts(opened("experiments"))
