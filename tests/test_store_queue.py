"""The queue: the worst case first, nobody's twice, control cases from everywhere, on both engines."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from catalogues import fill, publish
from sqlalchemy import update

from mmquality.records import Drawn, Reason, Verdict
from mmquality.store import Case, Order, RankingQuery, Store
from mmquality.store.draw import Draw
from mmquality.store.tables import leases

ANY = RankingQuery()


@pytest.fixture
def ranked(store: Store) -> Store:
    """L000 is the worst of twenty."""
    fill(store, 20)
    publish(store, "v1", {f"L{n:03d}": 1 - n / 20 for n in range(20)})
    return store


def match(store: Store, listing_id: str, analyst: str = "ann") -> None:
    store.add_label(listing_id, Verdict.MATCH, None, "", analyst)


def test_nothing_is_handed_out_before_there_is_a_ranking(store: Store) -> None:
    assert store.next_case("ann", ANY) is None


def test_the_worst_unlabelled_case_stays_until_its_verdict(ranked: Store) -> None:
    assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE) == ranked.next_case("ann", ANY)
    match(ranked, "L000")
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)


def test_no_case_is_before_two_analysts(ranked: Store) -> None:
    assert [ranked.next_case(a, ANY) for a in ("ann", "bob")] == [
        Case("L000", Drawn.QUEUE),
        Case("L001", Drawn.QUEUE),
    ]
    match(ranked, "L002", "somebody else")
    match(ranked, "L000")
    assert ranked.next_case("ann", ANY) == Case("L003", Drawn.QUEUE)
    ranked.give_back("bob")
    match(ranked, "L003")
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)


def test_many_at_once_never_get_the_same(ranked: Store) -> None:
    def work(analyst: str) -> list[str]:
        done = []
        while case := ranked.next_case(analyst, ANY, control_share=0.3):
            match(ranked, case.listing_id, analyst)
            done.append(case.listing_id)
        return done

    with ThreadPoolExecutor(4) as pool:
        judged = Counter(i for done in pool.map(work, ["ann", "bob", "cy", "dee"]) for i in done)
    assert judged == {f"L{n:03d}": 1 for n in range(20)}


def test_the_same_analyst_in_many_windows_has_one_case(ranked: Store) -> None:
    together = Barrier(4)

    def look(_: int) -> Case | None:
        together.wait()
        return ranked.next_case("ann", ANY, control_share=0.5)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert len(set(pool.map(look, range(4)))) == 1
            ranked.give_back("ann")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
class TestDrawsAtOnce:
    def test_do_not_wait_for_each_other(self, ranked: Store) -> None:
        with ranked._write() as connection:
            Draw(connection, 1, "ann", ANY, ()).new(Order.WORST, 0, 0, random.Random())
            assert ranked.next_case("bob", ANY) == Case("L001", Drawn.QUEUE)
        assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE)

    @pytest.mark.parametrize("also_judged", [False, True])
    def test_leave_a_case_to_who_was_quicker(
        self, ranked: Store, monkeypatch: pytest.MonkeyPatch, also_judged: bool
    ) -> None:
        lease = Draw._lease

        def late(draw: Draw, number: int, drawn: Drawn) -> Case | None:
            """Between the look for a case and its lease another model comes, and somebody does it all."""
            monkeypatch.setattr(Draw, "_lease", lease)
            publish(ranked, "v2", {f"L{n:03d}": 1 - n / 20 for n in range(20)})
            assert ranked.next_case("bob", ANY) == Case("L000", Drawn.QUEUE)
            if also_judged:
                match(ranked, "L000", "bob")
            return lease(draw, number, drawn)

        monkeypatch.setattr(Draw, "_lease", late)
        assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)
        assert ranked.next_case("bob", ANY) == Case("L002" if also_judged else "L000", Drawn.QUEUE)


def test_a_lease_that_ended_gives_the_case_to_others(ranked: Store) -> None:
    ranked.next_case("ann", ANY)
    with ranked._write() as connection:
        connection.execute(update(leases).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert ranked.next_case("bob", ANY) == Case("L000", Drawn.QUEUE)
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)


def test_what_is_skipped_does_not_come_again_to_who_skipped_it(ranked: Store) -> None:
    assert ranked.next_case("ann", ANY, apart_from=["L000"]) == Case("L001", Drawn.QUEUE)
    assert ranked.next_case("bob", ANY) == Case("L000", Drawn.QUEUE)
    assert ranked.next_case("ann", ANY, apart_from=["L000", "L001"]) == Case("L002", Drawn.QUEUE)


def test_another_question_gives_the_case_back(ranked: Store) -> None:
    ranked.next_case("ann", ANY)
    assert ranked.next_case("ann", RankingQuery(max_score=0.5)) == Case("L010", Drawn.QUEUE)
    assert ranked.next_case("bob", ANY) == Case("L000", Drawn.QUEUE)


def test_an_empty_queue_says_so(ranked: Store) -> None:
    assert ranked.next_case("ann", RankingQuery(text="no such word")) is None


def test_control_cases_come_from_everywhere_whatever_is_asked(ranked: Store) -> None:
    seen = Counter[str]()
    for seed in range(300):
        case = ranked.next_case("ann", RankingQuery(min_score=0.9), 1.0, rng=random.Random(seed))
        assert case is not None and case.drawn is Drawn.CONTROL
        seen[case.listing_id] += 1
        ranked.give_back("ann")
    assert len(seen) == 20 and max(seen.values()) < 40  # 15 expected of each


def test_a_control_case_stays_the_same_until_its_verdict(ranked: Store) -> None:
    case = ranked.next_case("ann", ANY, 1.0)
    assert case == ranked.next_case("ann", RankingQuery(text="no such word"), 0.0)


def test_the_share_of_control_cases_is_the_one_asked_for(ranked: Store) -> None:
    drawn = Counter()
    for seed in range(400):
        case = ranked.next_case("ann", ANY, 0.25, rng=random.Random(seed))
        assert case is not None
        drawn[case.drawn] += 1
        ranked.give_back("ann")
    assert 70 < drawn[Drawn.CONTROL] < 130


def test_a_label_keeps_how_it_was_drawn(ranked: Store) -> None:
    label = ranked.add_label(
        "L003", Verdict.MISMATCH, Reason.OTHER, "", "ann", drawn=Drawn.CONTROL, score_hidden=True
    )
    assert (label.drawn, label.score_hidden) == (Drawn.CONTROL, True)
    assert ranked.ranked_listing("L003").label == label
    match(ranked, "L004")
    assert ranked.ranked_listing("L004").label.drawn is Drawn.BROWSED  # type: ignore[union-attr]


def judged(store: Store, label_id: int | None = None) -> str | None:
    """The listing of ann's verdict before this one."""
    before = store.judged_before("ann", label_id)
    return None if before is None else before[1]


def test_the_way_back_and_the_work_of_a_day(ranked: Store) -> None:
    start = datetime.now(UTC)
    for listing_id in ("L000", "L005", "L001"):
        match(ranked, listing_id)
        match(ranked, "L009", "bob")
    last = ranked.judged_before("ann")
    assert last is not None and last[1] == "L001"
    assert judged(ranked, last[0]) == "L005"
    assert ranked.judged_before("cy") is None
    times = ranked.judged_since("ann", start)
    assert len(times) == 3 and times == sorted(times, reverse=True)
    assert ranked.judged_since("ann", datetime.now(UTC) + timedelta(seconds=1)) == []


def test_a_verdict_that_does_not_stand_is_no_work_and_nothing_to_go_back_to(ranked: Store) -> None:
    start = datetime.now(UTC)
    for listing_id in ("L000", "L001", "L000"):
        match(ranked, listing_id)
    mended = ranked.ranked_listing("L000").label
    assert mended is not None and judged(ranked) == "L000" and judged(ranked, mended.label_id) == "L001"
    assert len(ranked.judged_since("ann", start)) == 2
    match(ranked, "L000", "bob")  # whose verdict counts now; ann's still stands
    assert len(ranked.judged_since("ann", start)) == 2

    ranked.undo_label(mended.label_id, "ann")  # her first one of L000 stands again
    assert judged(ranked) == "L001" and len(ranked.judged_since("ann", start)) == 2
    together = ranked.add_labels(["L002", "L003"], Verdict.MATCH, None, "", "ann")
    assert len(ranked.judged_since("ann", start)) == 4
    ranked.undo_batch(together.batch, "ann")
    assert judged(ranked) == "L001" and len(ranked.judged_since("ann", start)) == 2


def test_a_label_is_found_by_its_number_for_its_analyst_alone(ranked: Store) -> None:
    match(ranked, "L000")
    label = ranked.ranked_listing("L000").label
    assert label is not None
    ranked.undo_label(label.label_id, "ann")
    assert ranked.judged_as("ann", label.label_id) == "L000"
    assert ranked.judged_as("bob", label.label_id) is None
    assert ranked.judged_as("ann", label.label_id + 1) is None


def test_a_case_is_taken_up_beside_the_one_that_is_held_or_instead_of_it(ranked: Store) -> None:
    assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE)
    assert ranked.take_up("ann", "L003", Drawn.BROWSED)
    assert not ranked.take_up("bob", "L003", Drawn.QUEUE) and not ranked.take_up("bob", "L000", Drawn.QUEUE)
    assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE)  # and the other one is given back
    assert ranked.take_up("ann", "L003", Drawn.CONTROL, instead=True)
    assert ranked.next_case("bob", ANY) == Case("L000", Drawn.QUEUE)
    assert ranked.next_case("ann", ANY) == Case("L003", Drawn.CONTROL)


def test_what_is_judged_or_not_there_is_not_taken_up(ranked: Store) -> None:
    match(ranked, "L000", "bob")
    assert not ranked.take_up("ann", "L000", Drawn.QUEUE) and not ranked.take_up("ann", "none", Drawn.QUEUE)


def test_what_comes_next_is_said_and_not_handed_out(ranked: Store) -> None:
    assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE)
    assert ranked.next_case("bob", ANY) == Case("L001", Drawn.QUEUE)
    match(ranked, "L002", "somebody else")
    assert ranked.upcoming("ann", ANY, ["L000"]) == "L003" == ranked.upcoming("ann", ANY, ["L000"])
    assert ranked.upcoming("ann", ANY, ["L000", "L003"]) == "L004"
    assert ranked.next_case("cid", ANY) == Case("L003", Drawn.QUEUE)
    assert ranked.upcoming("ann", RankingQuery(text="no such title")) is None


def test_nothing_comes_next_before_there_is_a_ranking(store: Store) -> None:
    assert not store.take_up("ann", "L000", Drawn.QUEUE)
    assert store.upcoming("ann", ANY) is None
