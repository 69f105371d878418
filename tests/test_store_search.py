"""Filters by attribute, price and given listings, and the letters of titles, against plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from catalogues import fill, frame, publish, row
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from mmquality.errors import WorkspaceError
from mmquality.store import RANKING_SORTS, RankingQuery, Store, conditions, facets, selection
from mmquality.store.places import ROOM
from mmquality.store.search_tables import TITLE_LETTERS
from mmquality.store.tables import listings

COUNT = 60


def attributes(number: int) -> dict[str, str]:
    """Few colours, some without one; a code that hardly repeats; one condition for all; a long text."""
    colours = ["Red", "red", " navy  blue ", "", "grün"]
    return {
        "colour": colours[number % 5],
        "size:cm": str(number % 3),
        "code": f"c{number}",
        "condition": "new",
        "text": "word " * 30,
    }


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """Sixty ranked listings in two model versions."""
    with Store.open(new_database(request.param)) as store:
        rows = [row(number, attributes=attributes(number)) for number in range(COUNT)]
        store.upsert_listings(frame(rows))
        ids = [made["listing_id"] for made in rows]
        publish(store, "old", {listing_id: (n * 13 % 17) / 17 for n, listing_id in enumerate(ids)})
        publish(store, "v1", {listing_id: (n * 7 % 20) / 19 for n, listing_id in enumerate(ids)})
        yield store


def has(listing: Any, name: str, values: tuple[str, ...]) -> bool:
    """Whether the listing's attribute is one of the values, white space aside."""
    value = listing.seller if name == "seller" else listing.attributes.get(name, "")
    return bool(value.strip()) and " ".join(value.split()) in values


queries = st.builds(
    RankingQuery,
    attributes=st.lists(
        st.tuples(
            st.sampled_from(["colour", "size:cm", "seller", "unheard of"]),
            st.lists(
                st.sampled_from(["Red", "red", "navy blue", "grün", "0", "2", "seller 1"]), min_size=1
            ).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    text=st.sampled_from(
        ["", "camera", "ca", "red camera", "RÉ", "r", "re ca", "zq camera", "e é", 'a"b', '"', "éclair mould"]
    ),
    category=st.sampled_from([(), ("Mugs",), ("Cameras", "cables"), ("", "Mugs"), ("nothing",)]),
    min_score=st.none() | st.integers(0, 20).map(lambda n: n / 20),
    max_score=st.none() | st.integers(0, 20).map(lambda n: n / 20),
    min_price=st.none() | st.integers(0, 7).map(float),
    max_price=st.none() | st.integers(0, 7).map(float),
    listing_ids=st.none() | st.lists(st.sampled_from([f"L{n:03d}" for n in range(70)])).map(tuple),
    version=st.sampled_from([None, "old", "v1"]),
    sort=st.sampled_from(RANKING_SORTS),
)


@settings(max_examples=60, deadline=None)
@given(query=queries, most=st.sampled_from([5, 10_000]), weighed=st.sampled_from([3, 100_000]))
def test_filters_find_what_a_plain_loop_finds(
    catalogue: Store, query: RankingQuery, most: int, weighed: int
) -> None:
    everything = catalogue.ranking_page(RankingQuery(version=query.version, sort=query.sort), 1, COUNT).rows
    expected = [
        ranked.listing.listing_id
        for ranked in everything
        if all(has(ranked.listing, name, values) for name, values in query.attributes)
        and all(word in ranked.listing.title.casefold() for word in query.text.casefold().split())
        and (
            query.min_price is None
            or (-1 if ranked.listing.price is None else ranked.listing.price) >= query.min_price
        )
        and (query.max_price is None or (99 if ranked.listing.price is None else ranked.listing.price))
        <= (query.max_price if query.max_price is not None else 100)
        and (query.listing_ids is None or ranked.listing.listing_id in query.listing_ids)
        and (not query.category or (ranked.listing.category or "") in query.category)
        and (query.min_score is None or ranked.score >= query.min_score)
        and (query.max_score is None or ranked.score <= query.max_score)
    ]
    with pytest.MonkeyPatch.context() as patched:
        # With few, filters that let many through are tested on the way down, and none is told from another.
        patched.setattr(selection, "MOST_COUNTED", most)
        patched.setattr(selection, "_WEIGHED", weighed)
        found = catalogue.ranking_page(query, 1, COUNT)
    other = replace(query, min_score=None, max_score=None)
    narrowed = other != RankingQuery(version=query.version, sort=query.sort)
    walked = query.sort.removeprefix("-") not in ("rank", "score")
    cut = (narrowed or walked) and len(expected) > most
    assert (found.total, found.more) == (most if cut else len(expected), cut)
    assert [ranked.listing.listing_id for ranked in found.rows] == expected[: found.total]


def test_an_unknown_version_is_said(catalogue: Store) -> None:
    with pytest.raises(WorkspaceError, match="no model version 'v9'"):
        catalogue.ranking_page(RankingQuery(version="v9"))


def test_facets_are_counted_and_only_those_worth_it_are_offered(catalogue: Store) -> None:
    found = {facet.name: facet.values for facet in catalogue.facets()}
    colours = Counter(" ".join(attributes(n)["colour"].split()) for n in range(COUNT))
    del colours[""]
    assert found["colour"] == colours
    assert list(found) == ["colour", "seller", "size:cm"]  # neither the code, nor "new" for all, nor the text


def test_facets_follow_what_is_imported_again(store: Store) -> None:
    fill(store, 8)
    changed = [
        row(n, seller="new", attributes={"colour": "blue", "n": str(n % 2)}, title="x") for n in range(4)
    ]
    store.upsert_listings(frame(changed))
    found = {facet.name: facet.values for facet in store.facets()}
    assert found["colour"] == {"blue": 4, "rouge é": 4}
    assert found["seller"]["new"] == 4 and sum(found["seller"].values()) == 8
    assert sum(store.upsert_listings(frame(changed)).__dict__[name] for name in ("added", "updated")) == 0
    assert {facet.name: facet.values for facet in store.facets()} == found


def test_an_attribute_with_too_many_values_is_no_facet(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facets, "MOST_VALUES", 3)
    few = [row(n, attributes={"code": str(n // 2), "colour": str(n % 2)}) for n in range(6)]
    store.upsert_listings(frame(few))
    assert [facet.name for facet in store.facets()] == ["code", "colour", "seller"]
    more = [row(n, attributes={"code": str(n // 2), "colour": str(n % 2)}) for n in range(6, 20)]
    store.upsert_listings(frame(more))
    assert [facet.name for facet in store.facets()] == ["colour", "seller"]
    store.upsert_listings(frame([row(0, attributes={"code": "0"})]))
    assert {f.name: f.values for f in store.facets()}["colour"] == {"1": 10, "0": 9}


def test_listings_stored_before_there_were_facets_get_theirs(store: Store, database_url: str) -> None:
    fill(store, 12)
    before = store.facets()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for table in ("listing_values", "attribute_values", "attributes"):
            connection.execute(text(f"DELETE FROM {table}"))
        changes = [
            facets.FacetChange(r.listing_no, frozenset(), facets.facets_of(r.seller, r.attributes))
            for r in connection.execute(select(listings))
        ]
        facets.change_facets(connection, changes)
    engine.dispose()
    assert store.facets() == before and before


def test_a_changed_title_is_found_by_its_new_letters_only(store: Store) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 12), 0.5))
    store.upsert_listings(frame([row(3, title="Telescope, 70 mm")]))
    assert store.ranking_ids(RankingQuery(text="lescop"), 9) == ["L003"]
    store.upsert_listings(frame([row(3, title="Kettle")]))
    assert store.ranking_ids(RankingQuery(text="lescop"), 9) == []


def test_titles_that_end_in_a_short_word_are_found(store: Store) -> None:
    titles = ["Old tv", "tv stand", "Outvoted", "T v", "Tea", "猫", "v"]
    ids = [row(n, title=title) for n, title in enumerate(titles)]
    store.upsert_listings(frame(ids))
    publish(store, "v1", {made["listing_id"]: 1 - n / 10 for n, made in enumerate(ids)})
    for asked in ("tv", "TV", "v", "猫", "v t", "q", "tvq"):
        wanted = [
            made["listing_id"]
            for made, title in zip(ids, titles, strict=True)
            if all(word in title.casefold() for word in asked.casefold().split())
        ]
        assert store.ranking_ids(RankingQuery(text=asked), 9) == wanted, asked


def test_short_words_in_very_many_titles_are_looked_for_in_the_titles(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 30), 0.5))
    found = {asked: store.ranking_ids(RankingQuery(text=asked), 30) for asked in ("r", "re", "re ca", "ca")}
    monkeypatch.setattr(conditions, "_VERY_MANY", 2)
    assert {asked: store.ranking_ids(RankingQuery(text=asked), 30) for asked in found} == found


def test_listings_are_counted_by_category_as_they_change(store: Store) -> None:
    store.upsert_listings(frame([row(n, category=("a", "b", "")[n % 3]) for n in range(9)]))
    store.upsert_listings(frame([row(n, category="b") for n in (0, 1, 2)]))
    store.upsert_listings(frame([row(n, category="b") for n in (0, 1, 2)]))
    assert store.categories() == [("b", 5), ("", 2), ("a", 2)]
    assert store.listing_count() == 9
    store.upsert_listings(frame([row(n, category="c") for n in (3, 6)]))
    assert store.categories() == [("b", 5), ("", 2), ("c", 2)]


def test_titles_are_not_read_one_by_one(store: Store, database_url: str) -> None:
    """A word is looked up by its letters; so are values, by their numbers."""
    publish(store, "v1", dict.fromkeys(fill(store, 30), 0.5))
    engine = create_engine(database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            seen: list[str] = []
            raw = connection.connection.driver_connection
            raw.set_trace_callback(seen.append)  # type: ignore[union-attr]
            selection.Selection(
                connection, 1, RankingQuery(text="camera", attributes=(("colour", ("rouge é",)),))
            )
            raw.set_trace_callback(None)  # type: ignore[union-attr]
            for statement in (s for s in seen if s.startswith("SELECT")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
                steps = [step[3] for step in plan]
                # What is found in a few steps is counted afterwards: anon_1.
                read = {s.split()[1] for s in steps if s.startswith("SCAN")}
                assert not {name for name in read if TITLE_LETTERS not in name} - {"anon_1"}, steps
    engine.dispose()


def test_the_neighbours_of_a_rank_are_looked_for_beside_it(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that finds many is tested on the way from the rank, not from an end of the ranking."""
    monkeypatch.setattr(selection, "MOST_COUNTED", 2)
    publish(store, "v1", {listing_id: 1 - n / 1_000 for n, listing_id in enumerate(fill(store, 700))})
    engine = create_engine(database_url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            steps = [0]
            walked = selection.Selection(connection, 1, RankingQuery(text="camera"))
            raw = connection.connection.driver_connection
            raw.set_progress_handler(lambda: steps.append(10), 10)  # type: ignore[union-attr]
            near = walked.best_of(before=4 << ROOM), walked.worst_of(after=690 << ROOM)
            assert near == (3 << ROOM, 693 << ROOM)
            raw.set_progress_handler(None, 0)  # type: ignore[union-attr]
            assert sum(steps) < 700
    engine.dispose()


def test_a_search_starts_from_the_filter_that_finds_fewest(store: Store, database_url: str) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 30), 0.5))
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for category, few in (("Mugs", 7), ("Cameras", 8)):
            asked = RankingQuery(category=(category,), max_price=6)
            start = selection.Selection(connection, 1, asked)._narrowest()
            assert start is not None
            if engine.dialect.name == "sqlite":
                assert start.size == few  # not the price, which all but six have
            else:  # the server chooses, of all that a listing's row is asked
                assert start.of_row is not None and len(selection.conditions(connection, asked)) == 1
    engine.dispose()


@pytest.mark.parametrize(("ranked", "total", "more"), [(40, 5, True), (24, 5, True), (12, 3, False)])
def test_a_count_of_the_catalogue_is_not_taken_for_one_of_the_ranking(
    store: Store, monkeypatch: pytest.MonkeyPatch, ranked: int, total: int, more: bool
) -> None:
    monkeypatch.setattr(selection, "MOST_COUNTED", 5)
    publish(store, "v1", dict.fromkeys(fill(store, 40)[:ranked], 0.5))  # ten mugs, some of them not ranked
    found = store.ranking_page(RankingQuery(category=("Mugs",)), 1, 40)
    assert (found.total, found.more, len(found.rows)) == (total, more, total)
