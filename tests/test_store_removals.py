"""Listings that are removed: out of all that is asked of the catalogue, their labels kept, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import pytest
from catalogues import fill, frame, publish, row

from mmquality.errors import MMQualityError, RemovedListingError, UnknownListingError
from mmquality.records import Drawn, GivenLabel, Verdict
from mmquality.store import AuditQuery, Deed, Fate, LabelQuery, Order, RankingQuery, Store
from mmquality.store.arrivals import Arrival
from mmquality.store.removals import take_out

COUNT = 20


@pytest.fixture
def ranked(store: Store) -> Store:
    """Twenty listings in two versions; in both the first is the worst."""
    ids = fill(store, COUNT)
    for name in ("v1", "v2"):
        publish(store, name, {listing_id: 1 - n / COUNT for n, listing_id in enumerate(ids)})
    return store


def test_a_removed_listing_is_nowhere(ranked: Store) -> None:
    mugs = RankingQuery(category=("Mugs",))
    before = ranked.ranking_page(mugs).total
    assert ranked.remove_listings(["L002", "L002"], "ann") == 1
    assert ranked.remove_listings(["L002"], "bob") == 0  # it is out already
    assert ranked.ranking_page(mugs).total == before - 1 == dict(ranked.categories())["Mugs"]
    seller = next(facet for facet in ranked.facets() if facet.name == "seller")
    assert sum(seller.values.values()) == ranked.listing_count() == COUNT - 1
    for query in (
        RankingQuery(text=row(2)["title"].split()[0]),
        RankingQuery(attributes=(("seller", ("seller 2",)),)),
        RankingQuery(sort="-imported"),
        RankingQuery(listing_ids=("L002",)),
        RankingQuery(version="v1"),
    ):
        assert "L002" not in ranked.ranking_ids(query, COUNT)
    assert "L002" not in set(ranked.catalogue_frame()["listing_id"])
    assert ranked.unscored_count() == 0 and ranked.ranked_listing("L003").rank == 3
    assert ranked.listing("L002").title == row(2)["title"]  # for its labels


def test_the_queue_hands_it_out_no_more(ranked: Store) -> None:
    case = ranked.next_case("ann", RankingQuery())
    assert case is not None and case.listing_id == "L000"
    ranked.remove_listings(["L000"], "bob")
    again = ranked.next_case("ann", RankingQuery())
    assert again is not None and again.listing_id == "L001"
    assert not ranked.take_up("cid", "L000", Drawn.QUEUE)


def test_labels_and_who_removed_it_stay(ranked: Store) -> None:
    ranked.add_label("L004", Verdict.MATCH, None, "", "ann")
    ranked.remove_listings(["L004"], "bob")
    assert [one.label.listing_id for one in ranked.labels_page(LabelQuery()).rows] == ["L004"]
    (removal, _) = ranked.audit_page(AuditQuery(listing_id="L004")).rows
    assert (removal.kind, removal.analyst, removal.title) == (Deed.REMOVAL, "bob", row(4)["title"])
    assert ranked.flagged(0.0).labelled == 0
    assert "bob" in ranked.actors()


def test_it_takes_no_verdict_alone_or_among_others(ranked: Store) -> None:
    ranked.remove_listings(["L004", "L005"], "bob")
    with pytest.raises(RemovedListingError, match=r"'L004' was removed .* An import brings it back"):
        ranked.add_label("L004", Verdict.MATCH, None, "", "ann")
    with pytest.raises(RemovedListingError, match=r"2 listings, 'L004' the first, were removed") as caught:
        ranked.add_labels(["L006", "L005", "L004"], Verdict.MATCH, None, "", "ann")
    assert caught.value.listing_ids == ("L004", "L005") and not ranked.labels_page().total
    ranked.upsert_listings(frame([row(4), row(5)]))
    assert ranked.add_labels(["L006", "L005", "L004"], Verdict.MATCH, None, "", "ann").standing == 3


def test_a_verdict_waits_for_a_removal_and_finds_it(ranked: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with ranked._write() as connection:
            take_out(connection, ["L004"], "bob")
            labelling = pool.submit(ranked.add_label, "L004", Verdict.MATCH, None, "", "ann")
            assert not wait([labelling], 0.3).done
        with pytest.raises(RemovedListingError):
            labelling.result()
    assert not ranked.labels_page().total


def test_what_was_said_before_can_be_taken_back(ranked: Store) -> None:
    before = ranked.add_label("L004", Verdict.UNSURE, None, "", "ann")
    label = ranked.add_label("L004", Verdict.MATCH, None, "", "ann")
    batch = ranked.add_labels(["L005", "L006"], Verdict.MATCH, None, "", "ann").batch
    ranked.remove_listings(["L004", "L005"], "bob")
    counts = ranked.undo_label(label.label_id, "ann")
    assert counts is not None and counts.label_id == before.label_id
    assert ranked.undo_batch(batch, "ann") == 2


def test_labels_from_elsewhere_are_told_of_it_and_the_others_come_in(ranked: Store) -> None:
    def given(listing_id: str, verdict: Verdict) -> GivenLabel:
        return GivenLabel(listing_id, verdict, None, "", "ann", None)

    now = datetime(2026, 3, 1, tzinfo=UTC)
    before = [given("L004", Verdict.MATCH)]
    assert [taken.fate for taken in ranked.import_labels(before, "a", now)] == [Fate.ADDED]
    ranked.remove_listings(["L004", "L005"], "bob")
    others = [("L004", Verdict.UNSURE), ("L005", Verdict.MATCH), ("L006", Verdict.MATCH)]
    some = [*before, *(given(*other) for other in others)]
    fates = [taken.fate for taken in ranked.import_labels(some, "b", now, replace=True)]
    assert fates == [Fate.KNOWN, Fate.REMOVED, Fate.REMOVED, Fate.ADDED]
    assert {one.label.listing_id for one in ranked.labels_page().rows} == {"L004", "L006"}


def test_an_import_brings_it_back(ranked: Store) -> None:
    label = ranked.add_label("L004", Verdict.MATCH, None, "", "ann")
    ranked.remove_listings(["L004", "L005"], "bob")
    counts = ranked.upsert_listings(frame([row(4), row(6)]))
    assert (counts.added, counts.unchanged) == (1, 1)
    assert ranked.listing_count() == COUNT - 1 and ranked.removed(["L004", "L005"]) == {"L005"}
    assert ranked.waiting("v2")["listing_id"].tolist() == ["L004"]
    ranked.upsert_listings(frame([row(5, title="another", title_hash="another")]))
    waiting = ranked.waiting("v2")
    arrivals = [
        Arrival(no, listing_id, 0.99, change)
        for no, listing_id, change in waiting[["listing_no", "listing_id", "change_no"]].itertuples(
            index=False
        )
    ]
    assert ranked.add_arrivals("v2", arrivals, 1) == 2
    found = ranked.ranked_listing("L004")
    assert found.rank == 2 and found.label is not None and found.label.label_id == label.label_id
    (removal, *_) = ranked.audit_page(AuditQuery(kind=Deed.REMOVAL)).rows
    back = ranked.audit_page(AuditQuery(kind=Deed.RETURN)).rows
    assert not removal.what and {row.what for row in back} == {"by an import"}
    assert "L004" in {row.listing_id for row in back} and min(row.at for row in back) > removal.at
    (mine,) = ranked.audit_page(AuditQuery(kind=Deed.RETURN, listing_id="L004")).rows
    assert mine.number in {row.number for row in back}


def test_what_was_removed_while_it_was_scored_is_not_ranked(ranked: Store) -> None:
    scored = {row(n)["listing_id"]: n / COUNT for n in range(COUNT)}
    ranked.remove_listings(["L007"], "ann")
    publish(ranked, "v3", scored)
    assert ranked.ranking_page(RankingQuery()).total == COUNT - 1
    assert ranked.current_version().ranked == COUNT - 1


def test_nothing_is_removed_where_one_is_unknown(ranked: Store) -> None:
    with pytest.raises(UnknownListingError, match="no 'nobody', 'no one': 2 of 3 ids unknown; nothing was"):
        ranked.remove_listings(["L001", "nobody", "no one"], "ann")
    assert ranked.unknown(["L001", "nobody", "no one", "nobody"]) == ["nobody", "no one"]
    with pytest.raises(MMQualityError, match="name of who removes"):
        ranked.remove_listings(["L001"], " ")
    assert ranked.listing_count() == COUNT


@pytest.mark.parametrize("order", [Order.WORST, Order.UNCERTAIN, Order.NEWEST])
def test_an_arrival_is_drawn_like_any_other(ranked: Store, order: Order) -> None:
    ranked.upsert_listings(frame([row(COUNT)]))
    waiting = ranked.waiting("v2").iloc[0]
    score = 0.501 if order is Order.UNCERTAIN else 1.0
    ranked.remove_listings(["L000", "L010"], "ann")  # which would come first
    arrival = Arrival(int(waiting["listing_no"]), f"L{COUNT:03d}", score, int(waiting["change_no"]))
    ranked.add_arrivals("v2", [arrival], 1)
    case = ranked.next_case("ann", RankingQuery(), order=order)
    assert case is not None and case.listing_id == f"L{COUNT:03d}"
    drawn = {ranked.next_case(f"a{n}", RankingQuery(), control_share=1.0).listing_id for n in range(18)}
    assert len(drawn | {case.listing_id}) == 19  # at random, and each is met
