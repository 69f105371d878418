"""What watchers keep: a batch and its position together, letters and what became of them, times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from catalogues import fill, frame, publish, row

from mmquality.store import Arrival, DeadLetter, Intake, LetterState, RankingQuery, Store, UpsertCounts

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def intake(*numbers: int, gone: tuple[str, ...] = (), position: str = "1", **more: object) -> Intake:
    ids = [row(number)["listing_id"] for number in numbers]
    made = frame([row(number) for number in numbers])
    return Intake("folder /drop", made, gone, (), {"": position}, dict.fromkeys(ids, NOW), **more)


def letter(payload: str = "{}", listing_id: str = "L000") -> DeadLetter:
    return DeadLetter("folder /drop", "a.jsonl, row 3", "title is empty", payload, listing_id)


def test_a_batch_comes_in_with_its_position_and_once_more_changes_nothing(store: Store) -> None:
    fill(store, 3)
    batch = intake(3, 4, gone=("L000", "never seen"), position="a.jsonl 7")
    assert store.take_in(batch, "watch") == (UpsertCounts(2, 0, 0), 1)
    change = store.last_change()
    assert store.take_in(batch, "watch") == (UpsertCounts(0, 0, 2), 0)
    assert store.last_change() == change
    assert store.listing_count() == 4 and store.removed(["L000", "L001"]) == {"L000"}
    assert store.positions("folder /drop") == {"": "a.jsonl 7"} and store.positions("another") == {}


def test_all_of_a_batch_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.take_in(intake(1), "watch")

    def broken(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr("mmquality.store.watched._keep_positions", broken)
        store.take_in(replace(intake(2, gone=("L001",), position="2"), letters=[letter()]), "watch")
    assert store.listing_count() == 1 and store.positions("folder /drop") == {"": "1"}
    assert store.dead_letters().total == 0


def test_letters_are_seen_tried_again_overtaken_and_dismissed(store: Store) -> None:
    long = letter("x" * 20_000)
    store.take_in(replace(intake(0), letters=[letter(), letter(listing_id="L001"), long]), "watch")
    newest, second, first = store.dead_letters().rows
    assert newest.cut and len(newest.payload) == 10_000 and not first.cut
    assert (first.place, first.reason, first.state) == ("a.jsonl, row 3", "title is empty", LetterState.OPEN)
    assert store.settle_letters(None, LetterState.AGAIN, "ann") == {
        first.letter_id,
        second.letter_id,
    }  # what was cut cannot be tried
    later = datetime.now(UTC) + timedelta(seconds=5)
    store.take_in(replace(intake(0), seen={"L000": later}), "watch")
    waiting, overtaken = store.letters_to_retry(10)
    assert [x.letter_id for x in waiting] == [first.letter_id, second.letter_id]
    assert overtaken == {first.letter_id}
    tried = {first.letter_id: LetterState.OVERTAKEN, second.letter_id: LetterState.RETRIED}
    store.take_in(replace(intake(), settled=tried), "watch")
    assert store.letters_to_retry(10) == ([], set())
    assert [x.settled_by for x in store.dead_letters(LetterState.RETRIED).rows] == ["watch"]
    both = [newest.letter_id, first.letter_id]
    assert store.settle_letters(both, LetterState.DISMISSED, "ann") == {newest.letter_id}
    assert store.dead_letters().total == 0 and store.dead_letters(LetterState.DISMISSED).total == 1


def test_a_letter_that_fails_once_more_keeps_its_number(store: Store) -> None:
    twins = [
        letter(),
        letter(listing_id="L001"),
        replace(letter(), place="b.jsonl, row 9"),
    ]  # two of one place
    store.take_in(replace(intake(0), letters=twins), "watch")
    numbers = sorted(x.letter_id for x in store.dead_letters().rows)
    store.settle_letters(None, LetterState.AGAIN, "ann")
    again = [replace(letter(), place="b.jsonl, row 9", reason="price is negative"), *twins[:2]]
    store.take_in(
        replace(intake(), letters=again, settled=dict.fromkeys(numbers, LetterState.RETRIED)), "watch"
    )
    found = {x.letter_id: x for x in store.dead_letters().rows}
    assert len(found) == 3 and found[numbers[2]].reason == "price is negative"
    assert found[numbers[2]].settled_by == "" and store.letters_to_retry(10) == ([], set())


def test_what_arrived_lately_is_a_filter_and_its_time_is_known(store: Store) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 3), 0.5))
    seen = datetime.now(UTC) - timedelta(seconds=2)
    store.take_in(replace(intake(3, 4), seen={"L003": seen}), "watch")
    waiting = store.waiting("v1")
    rows = waiting[["listing_no", "listing_id", "change_no"]].itertuples(index=False)
    store.add_arrivals("v1", [Arrival(no, i, 0.7, change) for no, i, change in rows], 1)
    assert store.waiting("v1", after=int(waiting["change_no"].max())).empty
    (seconds,) = store.arrival_seconds(seen)
    assert 2 <= seconds < 60
    for since, found in ((seen, ["L003", "L004"]), (seen + timedelta(days=1), [])):
        page = store.ranking_page(RankingQuery(arrived_since=since), 1, 10)
        assert ([x.listing.listing_id for x in page.rows], page.total) == (found, len(found))
    both = RankingQuery(arrived_since=seen, min_score=0.8)
    assert store.ranking_page(both, 1, 10).total == 0
