"""The Compare page: recall side by side for one listing, and what a whole catalogue says of it."""

from __future__ import annotations

import re

import pytest
from dashboard import button, card_titles, opened, texts
from workspaces import Fixture, small_workspace

from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.recall_lists import LOOKED_AT
from mmquality.records import Space


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A workspace that no test changes."""
    return small_workspace(tmp_path_factory.mktemp("finished") / "shop")


@pytest.fixture
def shown(finished: Fixture, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """The dashboard's environment, pointing to it."""
    monkeypatch.setenv("MMQ_WORKSPACE", str(finished.workspace.root))
    return finished


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
