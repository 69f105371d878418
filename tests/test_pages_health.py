"""Models, Health: what it says before the first look, its alerts and its charts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from dashboard import button, opened, texts, unescaped
from workspaces import Fixture, small_workspace

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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A workspace for the whole file; its reports come and go."""
    return small_workspace(tmp_path_factory.mktemp("pages") / "shop")


@pytest.fixture
def shop(built: Fixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fixture]:
    """The workspace without a report, and the dashboard's environment pointing to it."""
    monkeypatch.setenv("MMQ_WORKSPACE", str(built.workspace.root))
    yield built
    report_path(built.workspace, "v1").unlink(missing_ok=True)


def keep(fixture: Fixture, report: HealthReport) -> None:
    fixture.workspace.evaluations.mkdir(exist_ok=True)
    report_path(fixture.workspace, "v1").write_text(json.dumps(asdict(report)))


def test_it_offers_to_look(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(background, "start", lambda *args, by: started.append(args))
    app = opened("models", show="Health")
    assert app.code[0].value.startswith("mmquality health -w")
    button(app, "Look at it").click().run()
    assert started == [(shop.workspace, "health", ["health"])]


def test_alerts_come_with_what_to_do(shop: Fixture) -> None:
    keep(shop, REPORT)
    app = opened("models", show="Health")
    assert "Photos: New photos are not like those." in texts(app) and "seller &#x27;grey&#x27;" in texts(app)
    assert len(app.get("plotly_chart")) == 2
    assert list(app.dataframe[0].value["drifted"]) == ["no", "yes"]
    assert "kept no reference" in unescaped(" ".join(c.value for c in app.caption))


def test_too_few_new_listings_say_nothing(shop: Fixture) -> None:
    nothing = {"trained": [0.05] * 20, "new": [0.0] * 20}
    keep(shop, replace(REPORT, new=3, alerts=[], looks=[], scores=nothing))
    app = opened("models", show="Health")
    assert any("too few to compare" in c.value for c in app.caption) and not app.dataframe
