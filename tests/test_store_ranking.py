"""The ranking's filters, sorts and pages, against a plain Python version of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from catalogues import TITLES, fill, frame, publish, row
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from mmquality.errors import MMQualityError
from mmquality.records import RankedListing, Reason, Verdict
from mmquality.store import RANKING_SORTS, LabelFilter, RankingQuery, Store

COUNT = 60


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def catalogue(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """Sixty ranked listings, many of them alike in one column or another, some of them labelled."""
    with Store.open(new_database(request.param)) as store:
        ids = fill(store, COUNT)
        publish(store, "old", dict.fromkeys(ids, 0.5))
        publish(store, "v1", {listing_id: (n * 7 % 20) / 19 for n, listing_id in enumerate(ids)})
        shown = [n % 4 for n in range(COUNT)]
        counts = {"listing_id": ids, "impressions": shown, "clicks": [n // 2 for n in shown]}
        store.set_click_counts(pd.DataFrame(counts))
        for n in range(0, COUNT, 3):
            verdict = list(Verdict)[n % 9 // 3]
            reason = Reason.OTHER if verdict is Verdict.MISMATCH else None
            store.add_label(ids[n], Verdict.UNSURE, None, "", "ann")
            store.add_label(ids[n], verdict, reason, "", "bob")
        yield store


@pytest.fixture(scope="module")
def everything(catalogue: Store) -> list[RankedListing]:
    """All of it, worst first."""
    return catalogue.ranking_page(RankingQuery(), 1, COUNT).rows


def wanted(ranked: RankedListing, query: RankingQuery) -> bool:
    """Whether a listing belongs to the answer, said without SQL."""
    verdict = None if ranked.label is None else ranked.label.verdict.value
    title = ranked.listing.title.casefold()
    return (
        (not query.category or (ranked.listing.category or "") in query.category)
        and (query.min_score is None or ranked.score >= query.min_score)
        and (query.max_score is None or ranked.score <= query.max_score)
        and all(word in title for word in query.text.casefold().split())
        and (
            query.label is None
            or (query.label is LabelFilter.UNLABELLED and verdict is None)
            or (query.label is LabelFilter.LABELLED and verdict is not None)
            or query.label.value == verdict
        )
    )


def in_order(rows: list[RankedListing], sort: str) -> list[RankedListing]:
    """The rows as the sort asks: those without a value last, equal ones as they were imported."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key in ("rank", "score"):
        rows = sorted(rows, key=lambda ranked: ranked.rank)
        return rows if (key == "rank") != descending else rows[::-1]
    rows = sorted(rows, key=lambda ranked: ranked.listing.listing_id, reverse=descending)
    if key == "imported":
        return rows

    def value(ranked: RankedListing) -> object:
        found = getattr(ranked.listing, key)
        return found.casefold() if key == "title" else found

    some = [ranked for ranked in rows if value(ranked) is not None]
    none = [ranked for ranked in rows if value(ranked) is None]
    some.sort(key=lambda ranked: value(ranked), reverse=descending)  # type: ignore[return-value, arg-type]
    return some + none


scores = st.none() | st.sampled_from([n / 19 for n in range(20)]) | st.floats(0, 1)
parts = [
    "red",
    "RED",
    "camera",
    "100%",
    "a_b",
    "_",
    "%",
    "\\",
    "/",
    "éclair",
    "STRASSE",
    "кеды",
    "é",
    "zzz",
    "1",
    "'",
]
queries = st.builds(
    RankingQuery,
    category=st.lists(st.sampled_from(["", "Cameras", "Mugs", "cables", "nothing"]), max_size=2).map(tuple),
    min_score=scores,
    max_score=scores,
    text=st.lists(st.sampled_from(parts), max_size=2).map(" ".join),
    label=st.none() | st.sampled_from(LabelFilter),
    sort=st.sampled_from(RANKING_SORTS),
)


@settings(max_examples=60, deadline=None)
@given(query=queries, size=st.integers(1, 30))
def test_filters_sorts_and_pages_are_those_of_a_plain_loop(
    catalogue: Store, everything: list[RankedListing], query: RankingQuery, size: int
) -> None:
    expected = in_order([ranked for ranked in everything if wanted(ranked, query)], query.sort)
    found: list[RankedListing] = []
    for page in range(1, len(expected) // size + 2):
        answer = catalogue.ranking_page(query, page, size)
        assert answer.total == len(expected)
        assert answer.rows == expected[(page - 1) * size : page * size]
        found += answer.rows
    assert found == expected


@settings(max_examples=80, deadline=None)
@given(query=queries, rank=st.integers(1, COUNT))
def test_next_and_previous_stay_within_the_filter_and_the_order(
    catalogue: Store, everything: list[RankedListing], query: RankingQuery, rank: int
) -> None:
    here = everything[rank - 1]  # whether it passes the filter or not: a verdict may have taken it out
    row = in_order([ranked for ranked in everything if wanted(ranked, query) or ranked is here], query.sort)
    ids = [None, *(ranked.listing.listing_id for ranked in row), None]
    at = ids.index(here.listing.listing_id)
    assert catalogue.rank_neighbours(rank, query) == (ids[at - 1], ids[at + 1])


@pytest.mark.parametrize("sort", ["rank", "-score", "-rank", "score"])
def test_past_the_ends_of_the_ranking_is_its_first_or_last(catalogue: Store, sort: str) -> None:
    ids = catalogue.ranking_ids(RankingQuery(sort=sort), COUNT)
    ends = {(None, ids[0]), (ids[-1], None)}
    assert {catalogue.rank_neighbours(rank, RankingQuery(sort=sort)) for rank in (0, COUNT + 1)} == ends
    assert catalogue.rank_neighbours(0, RankingQuery(sort="price")) == (None, None)


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", "100%", "a_b", "l%", "v_ntage", "/", "\0", "\ud800", "'; --"]
)
def test_signs_that_mean_something_to_sql_mean_themselves(
    catalogue: Store, everything: list[RankedListing], text: str
) -> None:
    expected = {ranked.listing.listing_id for ranked in everything if text in ranked.listing.title}
    page = catalogue.ranking_page(RankingQuery(text=text), 1, COUNT)
    assert {ranked.listing.listing_id for ranked in page.rows} == expected
    assert bool(expected) == any(text in title for title in TITLES)


def test_case_is_ignored_beyond_ascii(catalogue: Store) -> None:
    for text in ("éclair", "ÉCLAIR", "E\u0301clair", "STRASSE", "straße", "красные", "КРАСНЫЕ"):
        assert catalogue.ranking_page(RankingQuery(text=text)).total > 0, text


def test_a_row_carries_its_newest_label(catalogue: Store) -> None:
    ranked = catalogue.ranked_listing("L000")
    assert ranked.label is not None
    assert (ranked.label.verdict, ranked.label.analyst) == (Verdict.MISMATCH, "bob")
    assert (ranked.label.model_version, ranked.label.rank) == ("v1", ranked.rank)
    assert catalogue.ranked_listing("L001").label is None


def test_categories_are_counted_the_largest_first(store: Store) -> None:
    rows = [row(n, category=name) for n, name in enumerate(["b", "a", "", None, "b", "c", None, "a"])]
    store.upsert_listings(frame(rows))
    assert store.categories() == [("", 3), ("a", 2), ("b", 2), ("c", 1)]


def test_pages_far_away_and_strange_sorts(catalogue: Store) -> None:
    assert catalogue.ranking_page(RankingQuery(), 10**30).rows == []
    assert catalogue.ranking_page(RankingQuery(text="camera"), 10**30).rows == []
    assert (
        catalogue.ranking_page(RankingQuery(), -3, 2).rows
        == catalogue.ranking_page(RankingQuery(), 1, 2).rows
    )
    with pytest.raises(MMQualityError, match="cannot be sorted by 'colour'; use rank, -rank"):
        catalogue.ranking_page(RankingQuery(sort="colour"))


def test_a_search_for_a_whole_book_is_refused(catalogue: Store) -> None:
    with pytest.raises(MMQualityError, match="at most 100"):
        catalogue.ranking_page(RankingQuery(text=" ".join(f"word{n}" for n in range(101))))
    assert catalogue.ranking_page(RankingQuery(text="camera " * 5000)).total > 0


@pytest.mark.parametrize("sort", RANKING_SORTS)
def test_a_narrow_range_of_scores_is_sorted_like_any_other(
    catalogue: Store, everything: list[RankedListing], sort: str
) -> None:
    for label in (None, LabelFilter.UNLABELLED):
        query = RankingQuery(min_score=15 / 19, label=label, sort=sort)
        fitting = [ranked for ranked in everything if wanted(ranked, query)]
        assert catalogue.ranking_page(query, 1, COUNT).rows == in_order(fitting, sort)


@pytest.mark.parametrize("sort", RANKING_SORTS)
def test_no_order_needs_sorting_in_postgresql(catalogue: Store, sort: str) -> None:
    if catalogue._engine.dialect.name != "postgresql":
        pytest.skip("benchmarks/dashboard.py asks SQLite")
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: object, *___: object) -> None:
        asked.append((statement, values))

    event.listen(catalogue._engine, "before_cursor_execute", note)
    catalogue.ranking_ids(RankingQuery(sort=sort), 10)
    event.remove(catalogue._engine, "before_cursor_execute", note)
    walk, values = next(one for one in asked[::-1] if "LIMIT" in one[0])
    with catalogue._read() as connection:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):  # of a small table they are cheap
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {walk}", values).scalars())
    assert "Sort" not in plan, plan
