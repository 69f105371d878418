"""Evidence of a listing: what its photo looks like in words, who else shows it, what its clicks amount to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from impressions import give_log
from workspaces import Fixture, small_workspace

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.index import NeighbourIndex
from mmquality.pipeline import reading
from mmquality.pipeline.click_report import ClickWord
from mmquality.pipeline.evidence import Background
from mmquality.pipeline.places import background_path, index_path
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Space

PLACEHOLDER = [f"L{n:03d}" for n in (13, 22, 35, 46, 57)]  # a lamp, a guitar, a watch, a backpack, a chair
VARIANTS = ["L015", "L016"]  # two lamps


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """L004 is a mug that shows a guitar; some unrelated listings show one photo, and two related ones do."""
    fixture = small_workspace(tmp_path_factory.mktemp("evidence") / "shop")
    path = index_path(fixture.workspace, "v1", Space.PHOTO)
    index = NeighbourIndex.load(path)
    vectors = index.vectors(index.ids)
    for same in (PLACEHOLDER, VARIANTS):
        for other in same[1:]:
            vectors[index.ids.index(other)] = vectors[index.ids.index(same[0])]
    NeighbourIndex.build(vectors, index.ids).save(path)
    appeal = {f"L{n:03d}": 0.1 if n == 4 else 1.0 for n in range(1, 61)}
    give_log(fixture.workspace, appeal)
    return fixture


@pytest.fixture
def catalogue(shop: Fixture) -> Iterator[Catalogue]:
    with Catalogue(shop.workspace) as opened:
        yield opened


class TestEvidence:
    def test_words_say_what_the_photo_looks_like_and_what_the_title_asks_for(
        self, catalogue: Catalogue
    ) -> None:
        found = catalogue.evidence("L004")
        assert {"acoustic", "guitar", "gig", "bag"} & set(found.looks_like)
        assert {"stoneware", "coffee", "mug"} <= set(found.asks_for)
        assert not {"mug", "coffee"} & set(found.shared_words)

    def test_a_right_photo_shares_the_titles_words(self, catalogue: Catalogue) -> None:
        found = catalogue.evidence("L005")
        assert {"stoneware", "coffee", "mug"} & set(found.shared_words)
        assert not found.other_category

    def test_pictures_are_the_nearest_photos_and_titles(self, catalogue: Catalogue) -> None:
        found = catalogue.evidence("L004", k=5)
        assert found.photo_looks_like == catalogue.neighbours("L004", Space.PHOTO, 5)
        assert found.title_asks_for == catalogue.neighbours("L004", Space.TITLE, 5)

    def test_the_category_of_the_photos_neighbours_is_told_where_it_is_another(
        self, catalogue: Catalogue
    ) -> None:
        assert catalogue.evidence("L004").other_category == "Guitars"

    def test_unrelated_listings_with_the_same_photo_are_told_from_variants(
        self, catalogue: Catalogue
    ) -> None:
        found = catalogue.evidence("L013")
        assert sorted(found.unrelated_sharers) == PLACEHOLDER[1:]
        assert found.related_sharers == []
        found = catalogue.evidence("L015")
        assert (found.unrelated_sharers, found.related_sharers) == ([], ["L016"])

    def test_those_who_show_the_photo_itself_do_not_say_what_it_looks_like(
        self, catalogue: Catalogue
    ) -> None:
        near = {n.listing_id for n in catalogue.evidence("L013", k=20).photo_looks_like}
        assert near and not near & set(PLACEHOLDER)
        assert [n.position for n in catalogue.evidence("L013").photo_looks_like] == [1, 2, 3, 4, 5, 6]

    def test_a_copied_file_is_the_same_photo_whatever_its_embedding(self, catalogue: Catalogue) -> None:
        photo = catalogue.store.listing("L001").photo_hash
        copies = catalogue.store.listings_with_photo(photo, other_than="L001")
        found = catalogue.evidence("L001", k=60)
        assert copies and set(copies) <= {*found.unrelated_sharers, *found.related_sharers}
        assert not {n.listing_id for n in found.photo_looks_like} & set(copies)

    def test_clicks_are_told_where_there_is_a_log(self, catalogue: Catalogue) -> None:
        clicks = catalogue.evidence("L004").clicks
        assert clicks is not None and clicks.word is ClickWord.FEWER
        assert clicks.shown == 160

    def test_without_a_log_clicks_are_not_told(self, tmp_path: Path) -> None:
        with Catalogue(small_workspace(tmp_path / "shop").workspace) as opened:
            assert opened.evidence("L004").clicks is None

    def test_an_unknown_listing_is_an_error(self, catalogue: Catalogue) -> None:
        with pytest.raises(UnknownListingError):
            catalogue.evidence("nope")


class TestManySharers:
    def test_a_photo_that_half_the_catalogue_shows_is_looked_past(self, tmp_path: Path) -> None:
        fixture = small_workspace(tmp_path / "shop")
        ids = [f"X{n:04d}" for n in range(300)]
        path = index_path(fixture.workspace, "v1", Space.PHOTO)
        index = NeighbourIndex.load(path)
        own = index.vectors(index.ids)
        vectors = own[[3] * 300 + list(range(60))]
        NeighbourIndex.build(vectors, [*ids, *index.ids]).save(path)
        for space in (Space.TITLE, Space.UNIFIED):
            other = NeighbourIndex.load(index_path(fixture.workspace, "v1", space))
            found = other.vectors(other.ids)
            NeighbourIndex.build(found[[50] * 300 + list(range(60))], [*ids, *other.ids]).save(
                index_path(fixture.workspace, "v1", space)
            )
        with Catalogue(fixture.workspace) as catalogue:
            found_evidence = catalogue.evidence("L004")
        assert len(found_evidence.unrelated_sharers) + len(found_evidence.related_sharers) == 300
        assert len(found_evidence.photo_looks_like) == 6


class TestGlances:
    def test_are_the_short_form_of_the_evidence(self, catalogue: Catalogue) -> None:
        glances = catalogue.glances(["L004", "L013", "L015"])
        assert glances["L004"].looks_like == catalogue.evidence("L004").looks_like[:3]
        assert not glances["L004"].shared
        assert glances["L013"].shared and not glances["L015"].shared

    def test_a_listing_that_no_index_holds_has_none(self, catalogue: Catalogue) -> None:
        assert catalogue.glances(["nope"]) == {}
        assert catalogue.glances([]) == {}

    def test_a_very_large_catalogue_has_none(
        self, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "_SEARCHED_AT_ONCE", 59)
        assert catalogue.glances(["L004"]) == {}


class TestBackground:
    def test_is_kept_beside_the_index_and_says_the_same(self, shop: Fixture, tmp_path: Path) -> None:
        with Catalogue(shop.workspace) as catalogue:
            counted = Background.of(catalogue.store, catalogue.indexes()[Space.TITLE])
            counted.save(tmp_path / "background.json")
            assert Background.load(tmp_path / "background.json") == counted
            before = catalogue.evidence("L004")
        place = background_path(shop.workspace, "v1")
        counted.save(place)
        try:
            with Catalogue(shop.workspace) as catalogue:
                assert catalogue.evidence("L004") == before
        finally:
            place.unlink()

    def test_damage_is_told_with_the_way_out(self, tmp_path: Path) -> None:
        (tmp_path / "background.json").write_text('{"words": {}}')
        with pytest.raises(ModelFileError, match="Run `mmquality index` again"):
            Background.load(tmp_path / "background.json")
