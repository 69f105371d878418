"""The Map page: drawn on demand, coloured, and what is marked on it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io
import pytest
from dashboard import button, opened, store_of, texts
from workspaces import HOSTILE, Fixture, small_workspace

from mmquality.pages import map_plot
from mmquality.pipeline import background
from mmquality.pipeline.mapping import map_path
from mmquality.records import Reason, Verdict
from mmquality.store import RankingQuery


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A workspace whose model has no map yet."""
    fixture = small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
    return fixture


@pytest.fixture
def places(shop: Fixture) -> pd.DataFrame:
    """The map of its model, made up."""
    with store_of(shop) as store:
        rows = store.ranking_page(RankingQuery(), 1, 60).rows
    frame = pd.DataFrame(
        {
            "listing_id": [row.listing.listing_id for row in rows],
            "score": [row.score for row in rows],
            "x": np.arange(60, dtype=np.float32),
            "y": np.arange(60, dtype=np.float32) ** 2,
            "title": [row.listing.title for row in rows],
            "category": [row.listing.category for row in rows],
        }
    )
    frame.loc[7, "category"] = None
    frame.to_parquet(map_path(shop.workspace, "v1"), index=False)
    return frame


def test_without_a_map_it_offers_to_draw_one(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(background, "start", lambda *args, by: started.append(args))
    app = opened("map")
    assert "is not drawn yet" in texts(app) and app.code[0].value.startswith("mmquality map -w")
    button(app, "Draw the map").click().run()
    assert started == [(shop.workspace, "map", ["map"])]


def test_what_went_wrong_is_said(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = background.Job(0.0, phase=background.Phase.FAILED, said="Error: no <room>")
    monkeypatch.setattr(background, "job", lambda *args: failed)
    app = opened("map")
    assert "It did not work" in texts(app) and "Error: no &lt;room&gt;" in texts(app)
    assert button(app, "Draw the map")


def test_how_far_it_is_shows_while_it_is_drawn(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    running = background.Job(0.0, "Placing", 3, 4)
    monkeypatch.setattr(background, "job", lambda *args: running)
    app = opened("map")
    assert not [b for b in app.button if b.label == "Draw the map"]
    assert app.get("progress")[0].proto.value == 75


@pytest.mark.parametrize("colour", map_plot.COLOURED_BY)
def test_every_listing_is_a_dot(places: pd.DataFrame, colour: str) -> None:
    app = opened("map", colour=colour)
    assert len(app.get("plotly_chart")) == 1 and "Nothing selected" in texts(app)
    prepared = map_plot.prepared(places)
    groups = map_plot._groups(prepared, colour, {"L004": "mismatch"})
    assert sorted(np.concatenate(list(groups.values()))) == list(range(60))


def test_labels_colour_their_listings(shop: Fixture, places: pd.DataFrame) -> None:
    with store_of(shop) as store:
        store.add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
    groups = map_plot._groups(map_plot.prepared(places), "Label", {"L004": "mismatch"})
    assert list(places["listing_id"].iloc[groups["Mismatch"]]) == ["L004"]
    assert len(groups["No label"]) == 59
    assert not opened("map", colour="Label").exception


def test_many_categories_have_a_colour_for_the_largest_alone() -> None:
    places = pd.DataFrame({"category": [f"c{i % 20}" for i in range(400)] + ["big"] * 50})
    prepared = map_plot.prepared(places.assign(title="", listing_id="", score=0.0, x=0.0, y=0.0))
    groups = map_plot._groups(prepared, "Category", {})
    assert len(groups) == 7 and list(groups)[:2] == ["Other categories", "big"]


def test_marks_lead_to_rows() -> None:
    traces = [np.array([5, 3, 1]), np.array([0, 2])]
    points = [{"curve_number": 1, "point_index": 1}, {"curve_number": 0, "point_index": 0}]
    assert map_plot.marked(points, traces).tolist() == [2, 5]
    assert map_plot.marked([], traces).tolist() == []


def test_titles_are_only_ever_text(places: pd.DataFrame) -> None:
    told = " ".join(map_plot.prepared(places)["told"])
    assert "<" not in told and "&lt;script&gt;" in told and len(HOSTILE) == 4


def test_the_pointer_is_told_neither_none_nor_all_of_what_is_between() -> None:
    scores = np.array([0, 1e-5, 0.004, 0.5, 0.99999, 1], np.float32)
    told = [f"{score:.1%}" for score in map_plot._told(scores)]
    assert told == ["0.0%", "0.1%", "0.4%", "50.0%", "99.9%", "100.0%"]


def test_the_plot_keeps_its_place_in_every_colour(places: pd.DataFrame) -> None:
    prepared = map_plot.prepared(places)
    charts = [map_plot.drawn(prepared, colour, {})[0] for colour in map_plot.COLOURED_BY]
    assert len({(chart.layout.height, str(chart.layout.margin)) for chart in charts}) == 1
    assert charts[0].layout.margin.autoexpand is False


def test_a_kept_plot_is_written_as_plotly_writes_it(places: pd.DataFrame) -> None:
    prepared = map_plot.prepared(places.assign(title="</script> <b>ü — /\u2028…"))
    for colour in map_plot.COLOURED_BY:
        kept, traces = map_plot.drawn(prepared, colour, {})
        plain = go.Figure(kept)
        for trace, rows in zip(plain.data, traces, strict=True):
            trace.text = prepared["told"].iloc[rows].tolist()
        written = plotly.io.to_json(kept, validate=False)
        assert json.loads(written) == json.loads(plotly.io.to_json(plain, validate=False))
        assert not set("<>/\u2028") & set(written)
        assert written == plotly.io.to_json(kept, validate=False)
