"""Second reviews: to somebody else, unseen, of a predictable share; what differs is settled by a third."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from catalogues import fill, frame, publish, row

from mmquality.pipeline import varying
from mmquality.pipeline.label_values import teaching_labels
from mmquality.records import Drawn, Label, ModelVersion, Reason, Verdict
from mmquality.store import Case, LabelFilter, Order, RankingQuery, Store
from mmquality.store.standing import second_draw

ANY = RankingQuery()
COUNT = 20


@pytest.fixture
def ranked(store: Store) -> Store:
    """L000 is the worst of twenty."""
    return rank(store)


def rank(store: Store) -> Store:
    fill(store, COUNT)
    publish(store, "v1", {f"L{n:03d}": 1 - n / COUNT for n in range(COUNT)})
    return store


def say(
    store: Store, listing_id: str, analyst: str, verdict: Verdict = Verdict.MATCH, drawn: Drawn = Drawn.QUEUE
) -> Label:
    reason = Reason.OTHER if verdict is Verdict.MISMATCH else None
    return store.add_label(listing_id, verdict, reason, "", analyst, drawn=drawn)


def disputed(store: Store) -> list[str]:
    labels = store.current_labels()
    return labels["listing_id"][labels["disputed"].astype(bool)].tolist()


def second(store: Store, analyst: str, share: float = 1.0, **more: object) -> Case | None:
    """What the analyst is given; None where it is no second review."""
    case = store.next_case(analyst, ANY, second_share=share, **more)  # type: ignore[arg-type]
    return case if case is not None and case.drawn is Drawn.SECOND else None


def test_a_case_is_judged_again_by_somebody_else_alone(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    assert second(ranked, "ann") is None
    assert second(ranked, "bob") == Case("L000", Drawn.SECOND) == second(ranked, "bob")
    assert second(ranked, "cy") is None  # bob has it
    say(ranked, "L000", "bob", drawn=Drawn.SECOND)
    assert second(ranked, "cy") is None  # twice is enough


def test_without_a_share_nothing_is_judged_again(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    assert ranked.next_case("bob", ANY) == Case("L001", Drawn.QUEUE)
    assert ranked.upcoming("cy", ANY, second_share=1.0) == "L000"
    assert ranked.upcoming("cy", ANY) == "L002"


@pytest.mark.parametrize(
    ("verdict", "drawn"), [(Verdict.UNSURE, Drawn.QUEUE), (Verdict.MATCH, Drawn.BROWSED)]
)
def test_only_a_yes_or_no_of_the_queue_is_judged_again(ranked: Store, verdict: Verdict, drawn: Drawn) -> None:
    say(ranked, "L000", "ann", verdict, drawn)
    assert second(ranked, "bob") is None


def test_the_share_is_a_share_and_always_the_same_listings(ranked: Store) -> None:
    draws = [second_draw(f"listing {n}") for n in range(2_000)]
    assert 350 < sum(draw < 0.2 for draw in draws) < 450
    for n in range(COUNT):
        say(ranked, f"L{n:03d}", "ann")
    handed = []
    while case := second(ranked, "bob", 0.3):
        handed.append(case.listing_id)
        say(ranked, case.listing_id, "bob", drawn=Drawn.SECOND)
    assert sorted(handed) == [i for n in range(COUNT) if second_draw(i := f"L{n:03d}") < 0.3]


def test_filters_hold_for_second_reviews_and_say_nothing_of_labels(ranked: Store) -> None:
    for listing_id in ("L000", "L002"):
        say(ranked, listing_id, "ann")
    asked = RankingQuery(category=("Mugs",), label=LabelFilter.UNLABELLED)
    assert ranked.next_case("bob", asked, second_share=1.0) == Case("L002", Drawn.SECOND)


def test_an_undone_second_verdict_may_be_given_again(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    last = say(ranked, "L000", "bob", Verdict.MISMATCH, Drawn.SECOND)
    assert disputed(ranked) == ["L000"]
    ranked.undo_label(last.label_id, "bob")
    assert disputed(ranked) == []
    assert second(ranked, "bob") == Case("L000", Drawn.SECOND)


def test_who_judges_unseen_is_known_until_the_verdict(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    assert second(ranked, "bob") is not None
    assert ranked.judged_unseen("bob") == "L000" and ranked.judged_unseen("ann") is None
    say(ranked, "L000", "bob", drawn=Drawn.SECOND)
    assert ranked.judged_unseen("bob") is None


def test_what_two_disagree_on_goes_to_a_third_and_teaches_nothing_until_then(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    say(ranked, "L000", "bob", Verdict.MISMATCH, Drawn.SECOND)
    say(ranked, "L001", "ann")
    assert teaching_labels(ranked)["listing_id"].tolist() == ["L001"]
    assert ranked.judged_scores()["score"].tolist() == [0.95]
    for analyst in ("ann", "bob"):
        assert ranked.next_case(analyst, ANY, 1.0, order=Order.DISPUTES) is None
    assert ranked.next_case("cy", ANY, 1.0, order=Order.DISPUTES) == Case("L000", Drawn.DISPUTE)
    assert ranked.next_case("dee", ANY, order=Order.DISPUTES) is None  # cy has it
    settled = say(ranked, "L000", "cy", Verdict.MISMATCH, Drawn.DISPUTE)
    assert disputed(ranked) == [] and ranked.ranked_listing("L000").label == settled
    assert teaching_labels(ranked)["listing_id"].tolist() == ["L000", "L001"]
    ranked.undo_label(settled.label_id, "cy")
    assert disputed(ranked) == ["L000"]


def test_two_who_come_to_agree_need_no_third(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    say(ranked, "L000", "bob", Verdict.MISMATCH, Drawn.SECOND)
    say(ranked, "L000", "ann", Verdict.MISMATCH)
    assert disputed(ranked) == []


def test_verdicts_on_what_the_listing_was_are_no_dispute(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    ranked.upsert_listings(frame([row(0, photo_hash="another")]))
    say(ranked, "L000", "bob", Verdict.MISMATCH)
    assert disputed(ranked) == []


def test_who_was_unsure_before_somebody_was_sure_does_not_disagree(ranked: Store) -> None:
    say(ranked, "L000", "ann", Verdict.UNSURE)
    say(ranked, "L000", "bob", Verdict.MISMATCH, Drawn.BROWSED)
    assert disputed(ranked) == [] and list(teaching_labels(ranked)["listing_id"]) == ["L000"]
    say(ranked, "L000", "cid", drawn=Drawn.BROWSED)
    assert disputed(ranked) == ["L000"]
    say(ranked, "L000", "ann")  # who is neither of the two, and settles it
    assert disputed(ranked) == []


def test_a_bulk_label_disagrees_like_any_other(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    bulk = ranked.add_labels(["L000", "L001"], Verdict.UNSURE, None, "", "bob")
    assert disputed(ranked) == ["L000"]
    ranked.undo_batch(bulk.batch, "bob")
    assert disputed(ranked) == []


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_was_judged_comes_back_only_when_title_or_photo_change(ranked: Store, verdict: Verdict) -> None:
    say(ranked, "L000", "ann", verdict, Drawn.BROWSED)
    publish(ranked, "v2", {f"L{n:03d}": 1 - n / COUNT for n in range(COUNT)})
    ranked.upsert_listings(frame([row(0, price=99.0)]))
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)
    ranked.give_back("ann")
    ranked.upsert_listings(frame([row(0, title="Another title", title_hash="another")]))
    assert ranked.next_case("ann", ANY) == Case("L000", Drawn.QUEUE, changed=True)
    ranked.upsert_listings(frame([row(0)]))  # as it was
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)
    ranked.upsert_listings(frame([row(0, photo_hash="another")]))
    ranked.give_back("ann")
    say(ranked, "L000", "bob", verdict)
    assert ranked.next_case("ann", ANY) == Case("L001", Drawn.QUEUE)


def test_a_changed_listing_is_no_second_review(ranked: Store) -> None:
    say(ranked, "L000", "ann")
    ranked.upsert_listings(frame([row(0, photo_hash="another")]))
    assert ranked.next_case("bob", ANY, second_share=1.0) == Case("L000", Drawn.QUEUE, changed=True)


def test_the_newest_import_comes_first_where_asked(ranked: Store) -> None:
    assert ranked.next_case("ann", ANY, order=Order.NEWEST) == Case("L019", Drawn.QUEUE)
    say(ranked, "L019", "ann")
    assert ranked.upcoming("ann", ANY, order=Order.NEWEST) == "L018"
    mugs = RankingQuery(category=("Mugs",))
    assert ranked.upcoming("ann", mugs, ["L018"], order=Order.NEWEST) == "L014"


def test_the_most_uncertain_comes_first_where_asked(ranked: Store) -> None:
    order = []
    while case := ranked.next_case("ann", RankingQuery(max_score=0.7), order=Order.UNCERTAIN):
        order.append(case.listing_id)
        say(ranked, case.listing_id, "ann")
    scores = {f"L{n:03d}": 1 - n / COUNT for n in range(COUNT)}
    assert len(order) == 14
    distances = [round(abs(scores[listing_id] - 0.5), 6) for listing_id in order]
    assert distances == sorted(distances)


def test_the_most_varied_come_first_where_asked_then_the_worst(store: Store) -> None:
    fill(store, 4)
    version = ModelVersion("v1", datetime(2026, 1, 2, tzinfo=UTC), 4)
    scores = pd.DataFrame({"listing_id": ["L000", "L001", "L002", "L003"], "score": [0.9, 0.8, 0.7, 0.6]})
    store.publish(version, scores, varied=["L002", "L000"])
    order = []
    while case := store.next_case("ann", ANY, order=Order.VARIED):
        order.append(case.listing_id)
        say(store, case.listing_id, "ann")
    assert order == ["L002", "L000", "L001", "L003"]


def test_a_region_comes_again_once_every_other_came() -> None:
    rng = np.random.default_rng(3)
    centres = 10 * rng.normal(size=(3, 8))
    region = np.array([0] * 30 + [1] * 4 + [2])  # the worst ones are all alike
    vectors = (centres[region] + rng.normal(size=(35, 8))).astype(np.float32)
    scores = pd.DataFrame({"listing_id": [f"L{n:02d}" for n in range(35)], "score": np.linspace(1, 0, 35)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(varying, "REGIONS", 3)
        order = varying.varied_order(scores, vectors)
    assert order[:7] == ["L00", "L30", "L34", "L01", "L31", "L02", "L32"]
    assert sorted(order) == scores["listing_id"].tolist()


def test_listings_that_are_all_the_same_are_in_the_order_of_their_scores() -> None:
    scores = pd.DataFrame({"listing_id": ["a", "b", "c"], "score": [0.1, 0.9, 0.9]})
    assert varying.varied_order(scores, np.ones((3, 4), np.float32)) == ["b", "c", "a"]


def test_who_judged_the_same_case_and_how(ranked: Store) -> None:
    def verdicts() -> list[tuple[str, ...]]:
        return list(ranked.judged_twice().itertuples(index=False, name=None))

    assert verdicts() == []
    say(ranked, "L001", "ann")
    say(ranked, "L001", "bob", drawn=Drawn.BROWSED)  # he may have seen the first
    first = say(ranked, "L000", "ann", Verdict.MISMATCH)
    last = say(ranked, "L000", "bob", drawn=Drawn.SECOND)
    said = [("L000", "ann", "mismatch", "bob", "match")]
    assert verdicts() == said
    say(ranked, "L000", "cy", drawn=Drawn.DISPUTE)
    say(ranked, "L000", "bob", Verdict.MISMATCH, Drawn.SECOND)  # he changed his mind since
    ranked.upsert_listings(frame([row(0, photo_hash="another")]))
    assert verdicts() == said  # on what it was
    ranked.undo_label(last.label_id, "bob")
    assert verdicts() == [("L000", "ann", "mismatch", "bob", "mismatch")]
    ranked.undo_label(first.label_id, "ann")
    assert verdicts() == []
