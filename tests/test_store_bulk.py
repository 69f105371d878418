"""One verdict for many listings, and saved views, on both engines."""

from __future__ import annotations

import pytest
from catalogues import fill, publish

from mmquality.errors import MMQualityError, UnknownListingError, WorkspaceError
from mmquality.records import Reason, Verdict
from mmquality.store import MOST_AT_ONCE, LabelQuery, Store


def test_many_labels_are_those_that_one_by_one_would_give(store: Store) -> None:
    ids = fill(store, 6)
    publish(store, "v1", {listing_id: 1 - n / 10 for n, listing_id in enumerate(ids[:5])})
    given = store.add_labels(ids[::-1], Verdict.MISMATCH, Reason.PLACEHOLDER, "all alike", " ana ")
    assert (given.labels, given.standing) == (6, 6) and store.batch(given.batch) == given
    alone = store.add_label(ids[0], Verdict.MISMATCH, Reason.PLACEHOLDER, "all alike", " ana ")
    together = [row.label for row in store.labels_page(LabelQuery(newest_only=False)).rows if row.label.batch]
    assert sorted(label.listing_id for label in together) == ids
    assert {label.batch for label in together} == {given.batch}
    first = next(label for label in together if label.listing_id == ids[0])
    assert (first.verdict, first.reason, first.note, first.analyst, first.score, first.rank) == (
        alone.verdict, alone.reason, alone.note, alone.analyst, alone.score, alone.rank
    )  # fmt: skip
    unscored = next(label for label in together if label.listing_id == ids[5])
    assert (unscored.model_version, unscored.score) == (None, None)
    assert store.labelled_among(ids) == 6


def test_a_batch_is_withdrawn_whole_and_what_was_said_before_counts_again(store: Store) -> None:
    ids = fill(store, 4)
    store.add_label(ids[0], Verdict.UNSURE, None, "", "bob")
    given = store.add_labels(ids[:3], Verdict.MATCH, None, "", "ana")
    store.add_label(ids[1], Verdict.UNSURE, None, "", "bob")  # later than the batch: it stays
    newest = next(row.label for row in store.labels_page().rows if row.label.listing_id == ids[2])
    store.undo_label(newest.label_id, "ana")
    assert store.batch(given.batch).standing == 2
    assert store.undo_batch(given.batch, "ana") == 2
    now = {row.label.listing_id: (row.label.verdict, row.label.analyst) for row in store.labels_page().rows}
    assert now == {ids[0]: (Verdict.UNSURE, "bob"), ids[1]: (Verdict.UNSURE, "bob")}
    assert store.label_counts()[Verdict.MATCH] == 0
    with pytest.raises(MMQualityError, match="withdrawn before"):
        store.undo_batch(given.batch, "ana")


def test_all_or_none(store: Store) -> None:
    ids = fill(store, 3)
    with pytest.raises(UnknownListingError, match="1 of these"):
        store.add_labels([*ids, "nobody"], Verdict.MATCH, None, "", "ana")
    with pytest.raises(MMQualityError, match="needs a reason"):
        store.add_labels(ids, Verdict.MISMATCH, None, "", "ana")
    with pytest.raises(WorkspaceError, match="no model version"):
        store.add_labels(ids, Verdict.MATCH, None, "", "ana", "v9")
    for many in ([], [str(n) for n in range(MOST_AT_ONCE + 1)]):
        with pytest.raises(MMQualityError, match="choose 1 to 500"):
            store.add_labels(many, Verdict.MATCH, None, "", "ana")
    assert store.labels_page().total == 0


def test_views_are_kept_replaced_renamed_and_deleted(store: Store) -> None:
    store.save_view("  Teal   mugs ", "where=colour%3Ateal", "ana")
    store.save_view("bags", "q=bag", "bob")
    store.save_view("bags", "q=bags", "cem")
    assert [(v.name, v.address, v.analyst) for v in store.saved_views()] == [
        ("bags", "q=bags", "cem"),
        ("Teal mugs", "where=colour%3Ateal", "ana"),
    ]
    with pytest.raises(MMQualityError, match="“bags” already"):
        store.rename_view("Teal mugs", "bags")
    store.rename_view("Teal mugs", "Mugs")
    store.delete_view("bags")
    assert [v.name for v in store.saved_views()] == ["Mugs"]
    with pytest.raises(MMQualityError, match="needs a name"):
        store.save_view("  ", "q=bag", "ana")
