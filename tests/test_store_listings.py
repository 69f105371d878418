"""The catalogue in the store: what goes in comes out, and a second import changes only what changed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pandas as pd
import pytest
from catalogues import fill, frame, publish, row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError

from mmquality.errors import UnknownListingError
from mmquality.store import RankingQuery, Store, UpsertCounts, facets
from mmquality.store import listings as store_listings
from mmquality.store.search_tables import listing_values


def test_a_listing_comes_out_as_it_went_in(store: Store) -> None:
    fill(store, 3)
    listing = store.listing("L001")
    given_row = row(1)
    assert listing.title == given_row["title"]
    assert listing.attributes == {"colour": "rouge é", "n": "1"}
    assert (listing.category, listing.price, listing.seller) == ("Cameras", 1.0, "seller 1")
    assert (listing.image, listing.photo_path) == ("L001.jpg", "/photos/L001.jpg")
    assert (listing.title_hash, listing.photo_hash) == ("t1", "p1")
    assert (listing.impressions, listing.clicks) == (0, 0)
    bare = store.listing("L000")
    assert bare.category is None and bare.price is None


def test_a_second_import_counts_and_changes_only_what_changed(store: Store) -> None:
    assert store.upsert_listings(frame([row(n) for n in range(5)])) == UpsertCounts(5, 0, 0)
    assert store.upsert_listings(frame([row(n) for n in range(5)])) == UpsertCounts(0, 0, 5)
    changed = [row(0, title="another"), row(1, attributes={}), row(2, price=None), row(3), row(9)]
    assert store.upsert_listings(frame(changed)) == UpsertCounts(1, 3, 1)
    assert store.listing("L000").title == "another"
    assert store.listing("L001").attributes == {}
    assert store.listing("L002").price is None
    assert store.listing_count() == 6


def indexes(database_url: str) -> list[str]:
    engine = create_engine(database_url)
    names = sorted(str(index["name"]) for index in inspect(engine).get_indexes("listings"))
    engine.dispose()
    return names


def test_a_first_load_is_all_or_nothing_and_finds_what_upserts_find(store: Store, database_url: str) -> None:
    before = indexes(database_url)

    def broken() -> Iterator[pd.DataFrame]:
        yield frame([row(n) for n in range(9)])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.load_listings(broken())
    assert (store.listing_count(), len(store.catalogue_frame()), store.facets()) == (0, 0, [])

    chunks = [frame([row(n) for n in range(9)]), frame([row(n) for n in range(7, 20)])]
    assert store.load_listings(chunks) == UpsertCounts(20, 0, 2)
    assert store.load_listings([frame([row(3, title="Telescope")])]) == UpsertCounts(0, 1, 0)
    publish(store, "v1", {f"L{n:03d}": 1 - n / 100 for n in range(20)})
    for word, found in (("telescop", ["L003"]), ("adapter", ["L005", "L012", "L019"]), ("100%", [0, 7, 14])):
        wanted = [n if isinstance(n, str) else f"L{n:03d}" for n in found]
        assert store.ranking_ids(RankingQuery(text=word), 20) == wanted
    assert dict(store.categories()) == {"": 5, "Cameras": 5, "Mugs": 5, "cables": 5}
    sellers = {facet.name: facet.values for facet in store.facets()}["seller"]
    assert sellers == {"seller 0": 7, "seller 1": 7, "seller 2": 6}
    assert indexes(database_url) == before


def test_a_first_load_counts_every_value_and_gives_up_attributes_with_too_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "MOST_VALUES", 3)
    given = [{"size": f" {n % 3}", "code": str(n), "si\0ze": "x", "si\ufffdze": "x"} for n in range(12)]
    chunks = [frame([row(n, attributes=given[n]) for n in some]) for some in (range(5), range(5, 12))]
    assert store.load_listings(chunks) == UpsertCounts(added=12)
    sizes = {"0": 4, "1": 4, "2": 4}
    sellers = {f"seller {n}": 4 for n in range(3)}
    assert {facet.name: facet.values for facet in store.facets()} == {"seller": sellers, "size": sizes}
    store.upsert_listings(frame([row(12, attributes={"size": "0", "code": "0"})]))
    assert {facet.name: facet.values for facet in store.facets()}["size"] == sizes | {"0": 5}


def test_after_a_first_load_references_are_checked_again(store: Store) -> None:
    store.load_listings([frame([row(0)])])
    with store._write() as connection, pytest.raises(IntegrityError):
        connection.execute(listing_values.insert(), {"value_no": 99, "listing_no": 99})


def test_attributes_are_compared_by_what_they_say(store: Store) -> None:
    store.upsert_listings(frame([row(0, attributes={"a": "1", "b": "é"})]))
    same, other = (frame([row(0, attributes=text)]) for text in ('{"b": "é", "a": "1"}', '{"b":"é","a":"2"}'))
    assert store.upsert_listings(same) == UpsertCounts(unchanged=1)
    assert store.upsert_listings(other) == UpsertCounts(updated=1)
    assert store.listing("L000").attributes == {"a": "2", "b": "é"}


def test_a_touched_photo_is_unchanged_but_its_stamp_is_kept(store: Store) -> None:
    fill(store, 2)
    assert store.upsert_listings(frame([row(1, photo_mtime_ns=7)])) == UpsertCounts(0, 0, 1)
    assert store.photo_stamps() == {
        "/photos/L000.jpg": (1000, 1_700_000_000_000_000_001, "p0"),
        "/photos/L001.jpg": (1001, 7, "p1"),
    }


def test_a_listing_without_a_stamp_has_no_photo_stamp(store: Store) -> None:
    store.upsert_listings(frame([row(0, photo_size=None, photo_mtime_ns=None)]))
    assert store.photo_stamps() == {}


def test_an_import_leaves_the_clicks_alone(store: Store) -> None:
    fill(store, 1)
    store.set_click_counts(pd.DataFrame({"listing_id": ["L000"], "impressions": [9], "clicks": [2]}))
    store.upsert_listings(frame([row(0, title="another")]))
    assert (store.listing("L000").impressions, store.listing("L000").clicks) == (9, 2)


def test_click_counts_are_the_whole_truth(store: Store) -> None:
    fill(store, 3)
    counts = pd.DataFrame(
        {"listing_id": ["L000", "L001", "gone"], "impressions": [5, 6, 7], "clicks": [0, 1, 1]}
    )
    store.set_click_counts(counts)
    store.set_click_counts(counts.iloc[1:])
    found = store.catalogue_frame(["listing_id", "impressions", "clicks"])
    assert found.to_numpy().tolist() == [["L000", 0, 0], ["L001", 6, 1], ["L002", 0, 0]]


def test_an_unknown_listing_is_an_error_and_is_left_out_of_many(store: Store) -> None:
    fill(store, 3)
    with pytest.raises(UnknownListingError, match="'nobody'"):
        store.listing("nobody")
    with pytest.raises(UnknownListingError):
        store.listing("L\0\ud800")
    assert list(store.listings_by_id(["L002", "nobody", "L000", "L002"])) == ["L002", "L000"]
    assert store.listings_by_id([]) == {}


def test_listings_with_the_same_photo_are_found(store: Store) -> None:
    store.upsert_listings(frame([row(n, photo_hash="same" if n % 2 else f"own {n}") for n in range(8)]))
    assert store.listings_with_photo("same") == ["L001", "L003", "L005", "L007"]
    assert store.listings_with_photo("same", other_than="L003", limit=2) == ["L001", "L005"]
    assert store.listings_with_photo("own 0", other_than="L000") == []


def test_the_catalogue_frame_is_ordered_by_code_point_on_both_engines(store: Store) -> None:
    ids = ["b", "B", "a", "A", "é", "z", "Z", "10", "9", "_", "-", "a b", "ab", "ﬁ", "😀"]
    shuffled = random.Random(3).sample(ids, len(ids))
    store.upsert_listings(frame([row(n, listing_id=listing_id) for n, listing_id in enumerate(shuffled)]))
    assert store.catalogue_frame(["listing_id"])["listing_id"].tolist() == sorted(ids)
    assert store.catalogue_frame(["title", "attributes"]).columns.tolist() == ["title", "attributes"]


def test_a_catalogue_read_in_parts_is_the_catalogue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole columns and their types, though the first part has neither category nor price."""
    rows = [row(n, category=None, price=None) if n < 4 else row(n) for n in range(9)]
    store.upsert_listings(frame(rows))
    whole = store.catalogue_frame()
    monkeypatch.setattr(store_listings, "_CHUNK", 3)
    pd.testing.assert_frame_equal(store.catalogue_frame(), whole)


def test_the_catalogue_in_chunks_is_the_catalogue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmquality.store.listings._CHUNK", 3)
    columns = ["listing_id", "title", "category", "attributes", "photo_size"]
    assert not list(store.catalogue_chunks(columns))
    store.upsert_listings(frame([row(n) for n in range(8)]))
    chunks = list(store.catalogue_chunks(columns))
    assert [len(chunk) for chunk in chunks] == [3, 3, 2]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), store.catalogue_frame(columns))


def test_an_empty_catalogue_and_an_empty_chunk_are_nothing_special(store: Store) -> None:
    assert store.upsert_listings(frame([])) == UpsertCounts()
    assert store.listing_count() == 0
    assert len(store.catalogue_frame()) == 0
    store.set_click_counts(pd.DataFrame({"listing_id": [], "impressions": [], "clicks": []}))


def test_titles_longer_than_an_index_entry_are_stored(store: Store) -> None:
    title = "".join(chr(0x4E00 + random.Random(5).randrange(20_000)) for _ in range(4_000))
    store.upsert_listings(frame([row(0, title=title)]))
    assert store.listing("L000").title == title


def test_more_listings_than_one_statement_takes(store: Store) -> None:
    rows = [row(n, listing_id=f"N{n}") for n in range(10_050)]
    assert store.upsert_listings(frame(rows)) == UpsertCounts(added=10_050)
    assert store.upsert_listings(frame(rows)) == UpsertCounts(unchanged=10_050)
    assert len(store.listings_by_id(made["listing_id"] for made in rows)) == 10_050


any_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=any_text, seller=any_text, attributes=st.dictionaries(any_text, any_text, max_size=3))
def test_any_text_survives(store: Store, title: str, seller: str, attributes: dict[str, str]) -> None:
    store.upsert_listings(frame([row(0, title=title, seller=seller, attributes=attributes)]))
    listing = store.listing("L000")
    assert (listing.title, listing.seller, listing.attributes) == (title, seller, attributes)


def test_what_a_database_cannot_hold_is_replaced_not_refused(store: Store) -> None:
    store.upsert_listings(frame([row(0, seller="a\0b", attributes={"k": "x\0y"})]))
    assert store.listing("L000").seller == "a\ufffdb"
    assert store.listing("L000").attributes == {"k": "x\0y"}
