"""Models, Health: what it says before the first look, its alerts and its charts."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from dashboard import button, opened, texts, unescaped
from workspaces import Fixture

from mmquality.pipeline import background
from mmquality.pipeline.health import Alert, FlaggedShare, HealthReport, Look, report_path

REPORT = HealthReport(
    version="v1",
    at="2026-03-05T14:07:00+00:00",
    trained=60,
    new=80,
    reference_kept=False,
    alerts=[Alert("photos", "New photos are not like those.", "Look at those of seller 'grey'.")],
    looks=[Look("titles", 0.02, 0.4, False), Look("photos", 0.7, 1e-9, True)],
    flagged=[FlaggedShare("v1", 60, 0.1, 0.05, 0.2), FlaggedShare("new listings", 80, 0.2, 0.1, 0.3)],
    scores={"trained": [0.05] * 20, "new": [0.05] * 20},
)


def keep(fixture: Fixture, report: HealthReport) -> None:
    fixture.workspace.evaluations.mkdir(exist_ok=True)
    report_path(fixture.workspace, "v1").write_text(json.dumps(asdict(report)))


def test_it_offers_to_look(reported: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(background, "start", lambda *args, by: started.append(args))
    app = opened("models", show="Health")
    assert app.code[0].value.startswith("mmquality health -w")
    button(app, "Look at it").click().run()
    assert started == [(reported.workspace, "health", ["health"])]


def test_alerts_come_with_what_to_do(reported: Fixture) -> None:
    keep(reported, REPORT)
    app = opened("models", show="Health")
    assert "Photos: New photos are not like those." in texts(app) and "seller &#x27;grey&#x27;" in texts(app)
    assert len(app.get("plotly_chart")) == 2
    assert list(app.dataframe[0].value["drifted"]) == ["no", "yes"]
    assert "kept no reference" in unescaped(" ".join(c.value for c in app.caption))


def test_too_few_new_listings_say_nothing(reported: Fixture) -> None:
    nothing = {"trained": [0.05] * 20, "new": [0.0] * 20}
    keep(reported, replace(REPORT, new=3, alerts=[], looks=[], scores=nothing))
    app = opened("models", show="Health")
    assert any("too few to compare" in c.value for c in app.caption) and not app.dataframe
