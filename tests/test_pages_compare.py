"""The Compare page: recall side by side for one listing, and what a whole catalogue says of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from dashboard import button, card_titles, links, opened, texts, unescaped
from workspaces import Fixture, small_workspace

from mmquality.pipeline import background
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.recall_lists import LOOKED_AT
from mmquality.pipeline.spaces import AT, Measured, SpacesReport, report_path
from mmquality.records import Space


class TestComparison:
    def test_places_are_those_of_the_whole_search(self, shown: Fixture) -> None:
        with Catalogue(shown.workspace) as catalogue:
            found = catalogue.comparison("L004", 5, (Space.TITLE, Space.PHOTO))
            for space in Space:
                ids = [n.listing_id for n in catalogue.neighbours("L004", space, LOOKED_AT)]
                assert [n.listing_id for n in found.lists[space]] == ids[:5]
                assert found.places[space] == {i: ids.index(i) + 1 for i in ids}
            first = found.lists[Space.UNIFIED][0]
            assert found.distance[first.listing_id] == pytest.approx(first.distance)
            assert (
                found.rise(first.listing_id, Space.PHOTO) == found.places[Space.PHOTO][first.listing_id] - 1
            )

    def test_what_one_lost_sight_of_neither_rises_nor_falls(self, shown: Fixture) -> None:
        with Catalogue(shown.workspace) as catalogue:
            assert catalogue.comparison("L004", 5).rise("nobody", Space.TITLE) is None


class TestOneListing:
    def test_a_place_in_one_list_is_said_beside_that_in_the_other(self, shown: Fixture) -> None:
        found = Catalogue(shown.workspace).comparison("L004", 10)
        page = texts(opened("compare", id="L004"))
        for neighbour in found.lists[Space.UNIFIED]:
            before = found.places[Space.TITLE][neighbour.listing_id]
            assert f">title #{before}<" in page
        arrows = [int(n) for n in re.findall(r"▲ ([\d,]+)</i><span>title", page)]
        risen = [found.rise(n.listing_id, Space.TITLE) for n in found.lists[Space.UNIFIED]]
        assert arrows == [places for places in risen if places and places > 0]

    def test_photo_alone_stands_beside_unified_when_asked_for(self, shown: Fixture) -> None:
        page = texts(opened("compare", id="L004", beside="Photo"))
        found = Catalogue(shown.workspace).comparison("L004", 10, (Space.PHOTO,))
        assert "Photo only" in page and "Title only" not in page
        assert f"<dt>overlap@10 with photo</dt><dd>{found.overlap(Space.PHOTO)} of 10</dd>" in page

    def test_all_three_stand_side_by_side(self, shown: Fixture) -> None:
        app = opened("compare", id="L004", beside="Both", k="5")
        assert len(card_titles(app)) == 1 + 3 * 5
        assert re.findall(r"<h2>(.*?)</h2>", texts(app)) == ["Title only", "Unified", "Photo only"]

    def test_a_random_listing_can_be_looked_at(self, shown: Fixture) -> None:
        app = opened("compare", id="L004")
        seen = set()
        for _ in range(6):
            button(app, "Random listing").click().run()
            seen.add(str(app.query_params["id"]))
        assert len(seen) > 1 and not app.exception


class TestWholeCatalogue:
    @pytest.fixture
    def measured(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
        fixture = small_workspace(tmp_path / "shop")
        monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
        return fixture

    def keep(self, fixture: Fixture, **changes: object) -> SpacesReport:
        """Keep a made-up report of the model in force."""
        recall = [Measured(str(s), 0.3, 0.2, 0.4, k, 50) for s in Space for k in AT]
        gains = [Measured("Mugs", 0.2, 0.1, 0.3, 10, 30), Measured("<b>", -0.1, -0.2, 0.0, 10, 20)]
        ids = [f"L{n:03d}" for n in range(60, 0, -1)]
        report = SpacesReport("v1", 50, False, 0.5, recall, gains, [60] + [0] * 10, ids)
        report = replace(report, **changes)
        fixture.workspace.evaluations.mkdir(exist_ok=True)
        report_path(fixture.workspace, "v1").write_text(json.dumps(asdict(report)))
        return report

    def test_it_offers_to_measure(self, measured: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
        started = []
        monkeypatch.setattr(background, "start", lambda *args, by: started.append(args))
        app = opened("compare", of="Whole catalogue")
        assert "was not measured yet" in texts(app)
        assert app.code[0].value.startswith("mmquality evaluate spaces -w")
        button(app, "Measure it").click().run()
        assert started == [(measured.workspace, "spaces", ["evaluate", "spaces"])]

    def test_it_shows_recall_gains_and_what_differs(self, measured: Fixture) -> None:
        report = self.keep(measured)
        app = opened("compare", of="Whole catalogue")
        assert len(app.get("plotly_chart")) == 3
        captions = unescaped(" ".join(c.value for c in app.caption))
        assert "has learnt from 50% of their pairs" in captions
        assert [address for address, _ in links(app)] == [f"compare?id={i}" for i in report.apart[:24]]
        assert len(links(opened("compare", of="Whole catalogue", apart="3"))) == 12

    def test_held_out_pairs_are_called_so(self, measured: Fixture) -> None:
        self.keep(measured, held_out=True, known=0.0)
        captions = " ".join(c.value for c in opened("compare", of="Whole catalogue").caption)
        assert "whose clicks the model never saw" in captions

    def test_without_pairs_it_says_what_to_import(self, measured: Fixture) -> None:
        self.keep(measured, queries=0, recall=[], gains=[], known=None)
        app = opened("compare", of="Whole catalogue")
        assert "there are no co-clicks" in texts(app) and "--co-clicks" in app.code[0].value
        assert len(app.get("plotly_chart")) == 1

    def test_from_one_listing_it_leads_to_the_next_that_differs(self, measured: Fixture) -> None:
        self.keep(measured)
        app = opened("compare", id="L059")
        button(app, "Next that differs").click().run()
        assert app.query_params["id"] in ("L058", ["L058"])
        assert "Next that differs" not in [b.label for b in opened("compare", of="Whole catalogue").button]
