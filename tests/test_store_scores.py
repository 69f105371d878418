"""Model versions: published as a whole, ranked without gaps, one in force, none forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from catalogues import fill, frame, publish, row
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.errors import ModelFileError, UnknownListingError, WorkspaceError
from mmquality.store import RankingQuery, Store


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def forty(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """A store with forty listings that a test may publish to as often as it likes."""
    with Store.open(new_database(request.param)) as opened:
        fill(opened, 40)
        yield opened


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40))
def test_ranks_are_a_permutation_in_the_order_of_scores(forty: Store, values: list[float]) -> None:
    scores = {f"L{n:03d}": value for n, value in enumerate(values)}
    publish(forty, f"v{len(forty.versions())}", scores)
    page = forty.ranking_page(RankingQuery(), 1, 100)
    assert [ranked.rank for ranked in page.rows] == list(range(1, len(scores) + 1))
    found = [(ranked.listing.listing_id, ranked.score) for ranked in page.rows]
    assert found == sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    assert forty.unscored_count() == 40 - len(scores)


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=40), bins=st.integers(1, 20))
def test_the_histogram_counts_as_a_loop_would(forty: Store, values: list[float], bins: int) -> None:
    publish(forty, f"v{len(forty.versions())}", {f"L{n:03d}": value for n, value in enumerate(values)})
    for low, high, count in forty.score_histogram(bins).itertuples(index=False):
        assert count == sum(low <= value < high or (high == 1 and value == 1) for value in values)


@pytest.mark.parametrize(("engine", "most"), [("sqlite", 80), ("postgresql", 200)])
def test_a_version_more_takes_few_bytes_a_listing(
    new_database: Callable[[str], str], engine: str, most: int
) -> None:
    """docs/operations.md says so, and leaves the rows of old versions where they are."""
    url, listings = new_database(engine), 5_000
    ask = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        "postgresql": "SELECT pg_total_relation_size('scores')",
    }[engine]
    with Store.open(url) as store:
        ids = fill(store, listings)
        sizes = []
        for version in ("v1", "v2", "v3"):
            publish(store, version, dict.fromkeys(ids, 0.5))
            with store._read() as connection:
                sizes.append(connection.exec_driver_sql(ask).scalar_one())
    assert 40 < (sizes[2] - sizes[0]) / 2 / listings < most


def test_before_the_first_version_there_is_nothing_to_show(store: Store) -> None:
    fill(store, 2)
    assert store.current_version() is None
    assert store.versions() == []
    page = store.ranking_page(RankingQuery())
    assert (page.rows, page.total, page.version) == ([], 0, None)
    assert store.unscored_count() == 2
    assert store.score_histogram(4)["count"].tolist() == [0, 0, 0, 0]
    assert store.rank_neighbour(1, 1) is None
    with pytest.raises(UnknownListingError, match="not in the ranking"):
        store.ranked_listing("L000")


def test_a_version_waits_until_somebody_decides(store: Store) -> None:
    fill(store, 2)
    assert store.waiting_version() is None
    publish(store, "v1", {"L000": 0.9, "L001": 0.1})
    assert store.waiting_version() is None
    publish(store, "v2", {"L000": 0.1, "L001": 0.9}, in_force=False)
    assert store.waiting_version() == "v2"
    store.make_current("v1")  # what is in force stays so
    assert store.waiting_version() is None
    publish(store, "v3", {"L000": 0.1, "L001": 0.9}, in_force=False)
    store.make_current("v3")
    assert store.waiting_version() is None


def test_the_last_published_version_is_in_force_and_the_others_stay(store: Store) -> None:
    fill(store, 3)
    first = publish(store, "first", {"L000": 0.9, "L001": 0.1})
    second = publish(store, "second", {"L000": 0.2, "L001": 0.3, "L002": 0.1})
    assert store.current_version() == second
    assert store.versions() == [second, first]
    assert store.score_history("L000") == [(first, 0.9, 1), (second, 0.2, 2)]
    assert store.score_history("L002") == [(second, 0.1, 3)]
    assert store.score_history("nobody") == []


def test_the_scores_of_each_version_are_kept(store: Store) -> None:
    fill(store, 3)
    publish(store, "first", {"L000": 0.1, "L001": 0.9})
    publish(store, "second", {"L002": 0.5, "L000": 0.5, "L001": 0.25})
    for name, expected in {
        "first": [("L001", 0.9, 1), ("L000", 0.1, 2)],
        "second": [("L000", 0.5, 1), ("L002", 0.5, 2), ("L001", 0.25, 3)],
    }.items():
        found = store.version_scores(name)
        assert list(found.columns) == ["listing_id", "score", "rank"]
        assert list(found.itertuples(index=False, name=None)) == expected
        numbered = store.ranked_numbers(name)
        ids = numbered["listing_no"].map(store.ids_of(numbered["listing_no"].tolist()))
        assert list(zip(ids, numbered["score"], numbered["rank"], strict=True)) == expected
    with pytest.raises(WorkspaceError, match="no model version 'third'"):
        store.version_scores("third")


def test_an_earlier_version_can_be_put_in_force_again(store: Store) -> None:
    fill(store, 2)
    publish(store, "first", {"L000": 0.9, "L001": 0.1})
    publish(store, "second", {"L000": 0.1, "L001": 0.9})
    store.make_current("first")
    current = store.current_version()
    assert current is not None and current.name == "first"
    assert store.ranked_listing("L000").rank == 1
    with pytest.raises(WorkspaceError, match="no model version 'third'"):
        store.make_current("third")


@pytest.mark.parametrize(
    ("scores", "error", "words"),
    [
        ([("L000", 0.5), ("L001", float("nan"))], ModelFileError, "not numbers in 0…1"),
        ([("L000", 1.1)], ModelFileError, "not numbers in 0…1"),
        ([("L000", -0.1)], ModelFileError, "not numbers in 0…1"),
        ([("L000", 0.1), ("L000", 0.2)], ModelFileError, "scored twice"),
        ([("L000", 0.1), ("gone", 0.2), ("lost", 0.3)], UnknownListingError, "2 listings .*'lost' is one"),
    ],
)
def test_scores_that_do_not_fit_change_nothing(
    store: Store, scores: list[tuple[str, float]], error: type[Exception], words: str
) -> None:
    fill(store, 2)
    good = publish(store, "good", {"L000": 0.4, "L001": 0.6})
    bad = pd.DataFrame(scores, columns=["listing_id", "score"])
    with pytest.raises(error, match=words):
        store.publish(type(good)("bad", good.created_at, 2), bad)
    assert store.versions() == [good]
    assert store.current_version() == good


def test_a_version_is_published_once(store: Store) -> None:
    fill(store, 1)
    publish(store, "v1", {"L000": 0.4})
    with pytest.raises(WorkspaceError, match="'v1' was published before"):
        publish(store, "v1", {"L000": 0.5})
    assert store.ranked_listing("L000").score == 0.4


def test_a_publication_that_fails_half_way_leaves_the_old_version(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, 2)
    good = publish(store, "good", {"L000": 0.4, "L001": 0.6})

    def fail(*_: object) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr("mmquality.store.scores._put_in_force", fail)
    with pytest.raises(RuntimeError):
        publish(store, "half", {"L000": 0.9})
    assert store.versions() == [good]
    assert len(store.score_history("L000")) == 1


def test_readers_see_the_old_ranking_or_the_new_one(database_url: str) -> None:
    """Every published version gives all listings its own score: a page must show one score only."""
    with Store.open(database_url) as store, Store.open(database_url) as reader:
        ids = fill(store, 30)
        publish(store, "v0", dict.fromkeys(ids, 0.0))
        stop, seen = threading.Event(), set()

        def read() -> None:
            while not stop.is_set():
                page = reader.ranking_page(RankingQuery(text="r"), 1, 50)
                assert page.version is not None
                scores = {ranked.score for ranked in page.rows}
                seen.add((page.version.name, *scores))

        thread = threading.Thread(target=read)
        thread.start()
        for n in range(1, 15):
            publish(store, f"v{n}", dict.fromkeys(ids, n / 100))
        stop.set()
        thread.join()
    assert seen and seen <= {(f"v{n}", n / 100) for n in range(15)}


def test_listings_imported_later_are_counted_not_ranked(store: Store) -> None:
    fill(store, 2)
    publish(store, "v1", {"L000": 0.4, "L001": 0.6})
    store.upsert_listings(frame([row(2)]))
    assert store.unscored_count() == 1
    assert store.ranking_page(RankingQuery()).total == 2
    with pytest.raises(UnknownListingError):
        store.ranked_listing("L002")
