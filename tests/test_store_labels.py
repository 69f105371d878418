"""Labels: events that are only added, with what the analyst saw; the newest that stands is the one that
counts."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from catalogues import fill, frame, publish, row
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from mmquality.errors import MMQualityError, UnknownListingError, WorkspaceError
from mmquality.records import Label, Reason, Role, Verdict
from mmquality.store import LabelQuery, RankingQuery, Store
from mmquality.store.tables import labels


def events(store: Store) -> list[Any]:
    """The rows of the table of labels, as they lie there."""
    with store._read() as connection:
        return list(connection.execute(select(labels).order_by(labels.c.label_id)))


def test_a_label_records_what_the_analyst_saw(store: Store) -> None:
    fill(store, 2)
    publish(store, "v1", {"L000": 0.25, "L001": 0.75})
    before = datetime.now(UTC)
    label = store.add_label(
        "L000",
        Verdict.MISMATCH,
        Reason.PLACEHOLDER,
        "a grey box",
        " ann ",
        threshold=0.5,
        neighbours=["L001", "é\n"],
    )
    assert (label.threshold, label.neighbours) == (0.5, ("L001", "é\n"))
    assert (label.listing_id, label.verdict, label.reason) == ("L000", Verdict.MISMATCH, Reason.PLACEHOLDER)
    assert (label.note, label.analyst) == ("a grey box", "ann")
    assert (label.model_version, label.score, label.rank) == ("v1", 0.25, 2)
    assert before <= label.created_at <= datetime.now(UTC)
    assert label.created_at.tzinfo == UTC
    assert store.ranked_listing("L000").label == label


def test_a_label_keeps_the_version_that_was_on_the_screen(store: Store) -> None:
    fill(store, 1)
    publish(store, "v1", {"L000": 0.25})
    publish(store, "v2", {"L000": 0.5})
    label = store.add_label("L000", Verdict.MATCH, None, "", "ann", seen_version="v1")
    assert (label.model_version, label.score) == ("v1", 0.25)
    with pytest.raises(WorkspaceError, match="no model version 'v9'"):
        store.add_label("L000", Verdict.MATCH, None, "", "ann", seen_version="v9")


def test_a_label_before_the_first_model_has_no_score(store: Store) -> None:
    fill(store, 1)
    label = store.add_label("L000", Verdict.UNSURE, None, "", "ann")
    assert (label.model_version, label.score, label.rank) == (None, None, None)


@pytest.mark.parametrize(
    ("verdict", "reason", "analyst", "words"),
    [
        (Verdict.MISMATCH, None, "ann", "needs a reason"),
        (Verdict.MATCH, Reason.OTHER, "ann", "has no reason"),
        (Verdict.UNSURE, None, " ", "name of its analyst"),
    ],
)
def test_labels_that_say_too_little_or_too_much_are_refused(
    store: Store, verdict: Verdict, reason: Reason | None, analyst: str, words: str
) -> None:
    fill(store, 1)
    with pytest.raises(MMQualityError, match=words):
        store.add_label("L000", verdict, reason, "", analyst)
    assert events(store) == []


def test_only_listings_of_the_catalogue_are_labelled(store: Store) -> None:
    with pytest.raises(UnknownListingError, match="'nobody'"):
        store.add_label("nobody", Verdict.MATCH, None, "", "ann")


def test_the_newest_label_counts_and_the_earlier_ones_stay(store: Store) -> None:
    fill(store, 2)
    first = store.add_label("L000", Verdict.MATCH, None, "", "ann")
    kept = events(store)
    second = store.add_label("L000", Verdict.MISMATCH, Reason.OTHER, "", "bob")
    assert events(store)[:1] == kept
    assert [row_.label for row_ in store.labels_page().rows] == [second]
    assert [row_.label for row_ in store.labels_page(LabelQuery(newest_only=False)).rows] == [second, first]
    assert store.label_counts() == {Verdict.MISMATCH: 1, Verdict.MATCH: 0, Verdict.UNSURE: 0}
    assert store.analysts() == ["ann", "bob"]


def test_a_person_is_spelt_as_in_their_labels_else_as_in_their_role(store: Store) -> None:
    fill(store, 1)
    assert store.known_as(" Ann ") == "Ann" and store.analysts() == []
    store.give_role("ANN", Role.ANALYST)
    assert store.known_as("ann") == "ANN"
    for analyst in ("bob", "Ann", "bob", "Zoë", "cleo", "BOB"):
        store.add_label("L000", Verdict.MATCH, None, "", analyst)
    assert sorted(store.analysts()) == ["Ann", "BOB", "Zoë", "bob", "cleo"]  # each once
    assert [store.known_as(name) for name in ("ANN", "BOB", " cleO", "ZOË", "ZOë", "\ud800")] == [
        "Ann", "bob", "cleo", "ZOË", "Zoë", "\ud800"
    ]  # fmt: skip


def test_an_undo_is_added_and_takes_nothing_away(store: Store) -> None:
    fill(store, 1)
    first = store.add_label("L000", Verdict.MATCH, None, "", "ann")
    second = store.add_label("L000", Verdict.UNSURE, None, "", "ann")
    kept = events(store)
    assert store.undo_label(second.label_id, "ann") == first
    assert [row_.label for row_ in store.labels_page(LabelQuery(newest_only=False)).rows] == [first]
    assert store.undo_label(first.label_id, "bob") is None
    assert store.labels_page().total == 0
    assert store.label_counts()[Verdict.MATCH] == 0
    assert events(store) == kept
    with pytest.raises(MMQualityError, match="was withdrawn before"):
        store.undo_label(second.label_id, "ann")
    with pytest.raises(MMQualityError, match="no label 99"):
        store.undo_label(99, "ann")


def test_labels_for_training_say_whether_the_listing_is_still_the_same(store: Store) -> None:
    fill(store, 3)
    for listing_id in ("L002", "L000", "L001"):
        store.add_label(listing_id, Verdict.MATCH, None, "", "ann")
    store.upsert_listings(frame([row(1, photo_hash="new"), row(2, price=99.0)]))
    found = store.current_labels()
    assert store.verdicts() == dict(zip(found["listing_id"], found["verdict"], strict=True))
    assert found["listing_id"].tolist() == ["L000", "L001", "L002"]
    assert found["verdict"].tolist() == ["match"] * 3
    assert found["as_judged"].tolist() == [True, False, True]


def test_notes_hold_any_text(store: Store) -> None:
    fill(store, 1)
    note = 'два\nlines, "quotes" 😀 \'; DROP TABLE labels; --'
    assert store.add_label("L000", Verdict.MATCH, None, note, "ann").note == note
    assert store.add_label("L000", Verdict.MATCH, None, "a\0b\ud800", "ann").note.startswith("a\ufffdb\ufffd")


operations = st.lists(st.sampled_from([*Verdict, "undo newest", "undo oldest"]), max_size=12)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """A store that many examples use one after another."""
    with Store.open(new_database(request.param)) as opened:
        yield opened


@settings(max_examples=25, deadline=None)
@given(steps=operations)
def test_what_counts_is_the_newest_that_was_not_withdrawn(shared: Store, steps: list[Verdict | str]) -> None:
    listing_id = f"N{shared.listing_count()}"
    shared.upsert_listings(frame([row(0, listing_id=listing_id)]))
    standing: list[Label] = []
    for step in steps:
        if isinstance(step, Verdict):
            reason = Reason.OTHER if step is Verdict.MISMATCH else None
            standing.append(shared.add_label(listing_id, step, reason, "", "ann"))
        elif standing:
            gone = standing.pop(-1 if step == "undo newest" else 0)
            expected = standing[-1] if standing else None
            assert shared.undo_label(gone.label_id, "ann") == expected
        query = LabelQuery(listing_id=listing_id)
        assert [found.label for found in shared.labels_page(query).rows] == standing[-1:]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def labelled(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[Store]:
    """Forty labels of twelve listings, a minute apart."""
    with Store.open(new_database(request.param)) as store:
        ids = fill(store, 12)
        publish(store, "v1", {listing_id: n / 12 for n, listing_id in enumerate(ids)})
        for n in range(40):
            verdict = list(Verdict)[n % 3]
            reason = list(Reason)[n % 4] if verdict is Verdict.MISMATCH else None
            label = store.add_label(ids[n * 5 % 11], verdict, reason, f"note {n}", ["ann", "bob"][n % 2])
            with store._write() as connection:  # tests may turn the clock; nothing else may
                moment = START + timedelta(minutes=n)
                here = labels.c.label_id == label.label_id
                connection.execute(update(labels).where(here).values(created_at=moment))
        yield store


START = datetime(2026, 3, 1, tzinfo=UTC)
moments = st.none() | st.integers(-1, 41).map(lambda n: START + timedelta(minutes=n))
label_queries = st.builds(
    LabelQuery,
    verdict=st.none() | st.sampled_from(Verdict),
    reason=st.none() | st.sampled_from(Reason),
    analyst=st.none() | st.sampled_from(["ann", "bob", "eve"]),
    text=st.sampled_from(["", "red", "camera RED", "100%", "_", "éclair"]),
    since=moments,
    until=moments,
    newest_only=st.booleans(),
    listing_id=st.none() | st.sampled_from(["L000", "L005", "nobody"]),
)


def wanted(found: Any, query: LabelQuery, newest: set[int]) -> bool:
    """Whether a label belongs to the answer, said without SQL."""
    label, title = found.label, found.title.casefold()
    return (
        (query.verdict is None or label.verdict is query.verdict)
        and (query.reason is None or label.reason == query.reason)
        and (query.analyst is None or label.analyst == query.analyst)
        and (query.listing_id is None or label.listing_id == query.listing_id)
        and (query.since is None or label.created_at >= query.since)
        and (query.until is None or label.created_at < query.until)
        and all(word in title for word in query.text.casefold().split())
        and (not query.newest_only or label.label_id in newest)
    )


@settings(max_examples=60, deadline=None)
@given(query=label_queries, size=st.integers(5, 50))
def test_label_filters_and_pages_are_those_of_a_plain_loop(
    labelled: Store, query: LabelQuery, size: int
) -> None:
    everything = labelled.labels_page(LabelQuery(newest_only=False), 1, 100).rows
    newest = {found.label.listing_id: found.label.label_id for found in reversed(everything)}
    expected = [found for found in everything if wanted(found, query, set(newest.values()))]
    pages = [labelled.labels_page(query, page, size) for page in range(1, len(expected) // size + 3)]
    assert {page.total for page in pages} == {len(expected)}
    assert [found for page in pages for found in page.rows] == expected
    assert [row.label_id for row in labelled.iter_labels(query)] == [f.label.label_id for f in expected]


def test_streaming_sees_the_labels_as_they_were_at_the_start(store: Store) -> None:
    fill(store, 2)
    first = store.add_label("L000", Verdict.MATCH, None, "", "ann")
    stream = store.iter_labels(LabelQuery(newest_only=False))
    assert next(stream).label_id == first.label_id
    store.add_label("L001", Verdict.MATCH, None, "", "ann")
    assert list(stream) == []


def label_many(url: str, analyst: str, barrier: Any, each: int) -> None:
    """One process of the test below: labels the same few listings as the others do, and undoes some."""
    with Store.open(url) as store:
        barrier.wait()
        for n in range(each):
            label = store.add_label(f"L{n % 3:03d}", list(Verdict)[1 + n % 2], None, str(n), analyst)
            if n % 10 == 9:
                store.undo_label(label.label_id, analyst)


def test_processes_that_label_at_once_lose_nothing(database_url: str) -> None:
    with Store.open(database_url) as store:
        publish(store, "v1", dict.fromkeys(fill(store, 3), 0.5))
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(4)
        processes = [
            context.Process(target=label_many, args=(database_url, f"analyst {n}", barrier, 50))
            for n in range(4)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * 4
        everything = list(store.iter_labels(LabelQuery(newest_only=False)))
        assert len(events(store)) == 200
        assert Counter(row.analyst for row in everything) == {f"analyst {n}": 45 for n in range(4)}
        newest = {row.listing_id: row.label_id for row in reversed(everything)}
        page = store.ranking_page(RankingQuery())
        standing = {r.listing.listing_id: r.label.label_id for r in page.rows if r.label is not None}
        assert standing == newest


def test_the_history_holds_what_was_taken_back_and_by_whom(store: Store) -> None:
    fill(store, 2)
    publish(store, "v1", {"L000": 0.25, "L001": 0.75})
    first = store.add_label("L000", Verdict.MISMATCH, Reason.OTHER, "", "ann")
    second = store.add_label("L000", Verdict.MATCH, None, "", "bob")
    store.add_label("L001", Verdict.UNSURE, None, "", "bob")
    store.undo_label(first.label_id, "cid")
    newest, oldest = store.label_history("L000")
    assert (newest.label, newest.withdrawn_by, newest.withdrawn_at) == (second, None, None)
    assert (oldest.label, oldest.withdrawn_by) == (first, "cid")
    assert oldest.withdrawn_at is not None and oldest.withdrawn_at >= second.created_at
    assert [past.label for past in store.label_history("L000", limit=1)] == [second]
    assert store.label_history("L999") == []
