"""What a language model said is kept with the case, and with the label that came of it; on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from catalogues import fill, publish

from mmquality.errors import MMQualityError, UnknownListingError
from mmquality.records import Suggestion, Verdict
from mmquality.store import AuditQuery, Deed, Explanation, LabelQuery, Store, export_labels

SENTENCE = "The title sells a mug, the photo shows a guitar."


@pytest.fixture
def shop(store: Store) -> Store:
    fill(store, 3)
    publish(store, "v1", {"L000": 0.9, "L001": 0.5, "L002": 0.1})
    return store


def told(listing_id: str = "L000", **more: Any) -> Explanation:
    given: dict[str, Any] = {
        "title_hash": "t", "photo_hash": "p", "question": "q", "host": "here:1", "prompt": "abc",
        "model": "tiny", "with_photo": True, "seconds": 2.0, "verdict": Verdict.MISMATCH,
        "reason": "wrong_product", "sentence": SENTENCE, "quotes": ("mug", "„=1+1“"), "tokens_in": 1_200,
        "tokens_out": 80, "cost": 0.25, "model_version": "v1",
    }  # fmt: skip
    return Explanation(listing_id, **(given | more))


def failed(listing_id: str = "L000", **more: Any) -> Explanation:
    gone: dict[str, Any] = {"verdict": None, "reason": None, "sentence": "", "quotes": ()}
    return told(listing_id, **(gone | {"failure": "here:1 cannot be reached.", "cost": None} | more))


def test_an_answer_is_read_as_it_was_written(shop: Store) -> None:
    kept = shop.add_explanation(told(), " ana ")
    assert (kept.analyst, kept.explanation_id > 0) == ("ana", True)
    assert datetime.now(UTC) - kept.created_at < timedelta(minutes=1)
    assert shop.explanation_for("L000", "q") == kept


def test_the_newest_answer_counts_and_a_failure_is_none(shop: Store) -> None:
    shop.add_explanation(told(), "ana")
    second = shop.add_explanation(told(sentence="Another."), "ben")
    shop.add_explanation(failed(), "ben")
    assert shop.explanation_for("L000", "q") == second
    assert shop.explanation_for("L000", "other") is None is shop.explanation_for("L001", "q")


def test_what_cannot_be_kept(shop: Store) -> None:
    with pytest.raises(UnknownListingError, match="'nowhere'"):
        shop.add_explanation(told("nowhere"), "ana")
    assert shop.explanation_use() == []


@pytest.mark.parametrize(
    ("verdict", "reason", "note", "made"),
    [
        (Verdict.MISMATCH, "wrong_product", f" {SENTENCE} ", Suggestion.ACCEPTED),
        (Verdict.MISMATCH, "wrong_product", "A guitar.", Suggestion.EDITED),
        (Verdict.MISMATCH, "poor_photo", SENTENCE, Suggestion.EDITED),
        (Verdict.MATCH, None, SENTENCE, Suggestion.EDITED),
    ],
)
def test_a_label_says_what_became_of_the_suggestion(
    shop: Store, tmp_path: Path, verdict: Verdict, reason: str | None, note: str, made: Suggestion
) -> None:
    kept = shop.add_explanation(told(), "ana")
    label = shop.add_label("L000", verdict, reason, note, "ana", explanation_id=kept.explanation_id)
    plain = shop.add_label("L001", Verdict.MATCH, None, "", "ana")
    assert (label.explanation_id, label.suggestion) == (kept.explanation_id, made)
    assert plain.explanation_id is None is plain.suggestion
    assert shop.label_history("L000")[0].label == label
    export_labels(shop, tmp_path / "labels.parquet", LabelQuery(listing_id="L000"))
    row = pd.read_parquet(tmp_path / "labels.parquet").iloc[0]
    assert (row["explanation_id"], row["suggestion"]) == (kept.explanation_id, str(made))


@pytest.mark.parametrize("case", ["another listing's", "a failure", "none"])
def test_a_label_takes_up_no_suggestion_that_is_none(shop: Store, case: str) -> None:
    made = {"another listing's": told("L001"), "a failure": failed()}
    number = shop.add_explanation(made[case], "ana").explanation_id if case in made else 99
    with pytest.raises(MMQualityError, match="That suggestion is none for this listing"):
        shop.add_label("L000", Verdict.MATCH, None, "", "ana", explanation_id=number)
    assert not shop.label_history("L000")


def test_what_became_of_all_of_them(shop: Store) -> None:
    numbers = [shop.add_explanation(told(f"L00{n % 3}"), "ana").explanation_id for n in range(4)]
    shop.add_explanation(failed(tokens_in=None, tokens_out=None), "ana")
    shop.add_explanation(told("L000", model="other", cost=None), "ben")
    for number, listing, note in ((0, "L000", SENTENCE), (0, "L000", "x"), (1, "L001", "x")):
        shop.add_label(
            listing, Verdict.MISMATCH, "wrong_product", note, "ana", explanation_id=numbers[number]
        )
    tiny, other = shop.explanation_use()
    assert (tiny.model, tiny.asked, tiny.failed, tiny.accepted, tiny.edited) == ("tiny", 5, 1, 1, 1)
    assert (tiny.tokens_in, tiny.tokens_out, tiny.cost, tiny.seconds) == (4_800, 320, 1.0, 2.0)
    assert (other.asked, other.cost, other.accepted) == (1, None, 0)


def test_the_audit_has_questions_and_what_labels_rest_on(shop: Store) -> None:
    kept = shop.add_explanation(told(), "ana")
    shop.add_explanation(failed("L001"), "ben")
    shop.add_label(
        "L000", Verdict.MISMATCH, "wrong_product", SENTENCE, "ana", explanation_id=kept.explanation_id
    )
    label, second, first = shop.audit_page(AuditQuery(analyst=None), size=3).rows
    assert (label.kind, label.suggestion) == (Deed.LABEL, "accepted")
    assert (second.analyst, second.verdict, second.what) == ("ben", None, "here:1 cannot be reached.")
    assert (first.verdict, first.reason, first.what) == ("mismatch", "wrong_product", SENTENCE)
    of_one = shop.audit_page(AuditQuery(kind=Deed.QUESTION, listing_id="L001"))
    assert [row.analyst for row in of_one.rows] == ["ben"] and "ben" in shop.actors()
