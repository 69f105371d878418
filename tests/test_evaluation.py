"""Metrics against naive loops and scikit-learn; both evaluations on tables made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from mmquality.errors import InputFileError
from mmquality.evaluation.metrics import mismatch_metrics, precision_at, recall_at
from mmquality.evaluation.recall import evaluate_recall
from mmquality.evaluation.truth import evaluate_mismatch
from mmquality.index import GrownIndex, NeighbourIndex
from mmquality.records import Space

rankings = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0, 1, width=16), min_size=n, max_size=n, unique=True),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)


def average_precision(score: list[float], truth: list[bool]) -> float:
    """Mean over the mismatches of the precision at their rank."""
    ranked = [t for _, t in sorted(zip(score, truth, strict=True), reverse=True)]
    precisions = [sum(ranked[: k + 1]) / (k + 1) for k, t in enumerate(ranked) if t]
    return sum(precisions) / len(precisions)


def auc(score: list[float], truth: list[bool]) -> float:
    """The share of (mismatch, other) pairs in which the mismatch scores higher."""
    worse = [s for s, t in zip(score, truth, strict=True) if t]
    better = [s for s, t in zip(score, truth, strict=True) if not t]
    return sum(w > b for w in worse for b in better) / (len(worse) * len(better))


@given(rankings)
@settings(max_examples=60, deadline=None)
def test_metrics_of_a_ranking_against_naive_loops(ranking: tuple[list[float], list[bool]]) -> None:
    score, truth = ranking
    found = mismatch_metrics(np.array(score), np.array(truth))
    positives, n = sum(truth), len(truth)
    defined = 0 < positives < n
    ranked = [t for _, t in sorted(zip(score, truth, strict=True), reverse=True)]
    assert found == {
        "auc": pytest.approx(auc(score, truth)) if defined else None,
        "ap": pytest.approx(average_precision(score, truth)) if defined else None,
        "precision_at_n": pytest.approx(sum(ranked[:positives]) / positives) if positives else None,
        "precision_at_50": pytest.approx(sum(ranked[:50]) / min(50, n)),
        "n": n,
        "positives": positives,
    }


def test_metrics_with_ties_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    score, truth = rng.integers(0, 5, 200) / 4, rng.random(200) < 0.2
    found = mismatch_metrics(score, truth)
    assert found["ap"] == average_precision_score(truth, score)
    assert found["auc"] == roc_auc_score(truth, score)


@pytest.mark.parametrize("truth", [[], [True] * 3, [False] * 3], ids=["none", "all", "no"])
def test_what_is_not_defined_is_none(truth: list[bool]) -> None:
    found = mismatch_metrics(np.linspace(0, 1, len(truth)), np.array(truth, dtype=bool))
    assert found["auc"] is found["ap"] is None
    assert found["precision_at_n"] == (1.0 if truth and truth[0] else None)


@pytest.mark.parametrize(("k", "expected"), [(0, None), (1, 1.0), (2, 0.5), (3, 2 / 3), (9, 2 / 3)])
def test_precision_at(k: int, expected: float | None) -> None:
    assert precision_at(np.array([0.1, 0.9, 0.5]), np.array([True, True, False]), k) == expected


def test_recall_at_counts_hits_among_those_that_could_be_hit() -> None:
    found = [["a", "b", "c"], ["x", "y"], ["q"]]
    wanted = [{"b", "z"}, {"x", "y", "w"}, set()]
    assert recall_at(found, wanted, 1) == (0 / 1 + 1 / 1) / 2
    assert recall_at(found, wanted, 2) == (1 / 2 + 2 / 2) / 2
    assert recall_at(found, wanted, 10) == (1 / 2 + 2 / 3) / 2
    assert recall_at([["q"]], [set()], 5) is None


WriteTable = Callable[..., Path]


@pytest.fixture
def table(tmp_path: Path) -> WriteTable:
    """Writes a CSV: its name, then columns."""

    def write(name: str, **columns: list[str]) -> Path:
        pd.DataFrame(columns).to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return write


SCORES = pd.DataFrame({"listing_id": list("abcdef"), "score": [0.9, 0.8, 0.7, 0.3, 0.2, 0.1]})


def test_mismatch_of_the_catalogue_its_test_split_and_each_kind(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a", "c", "gone"], kind=["swap", "blank", "swap"])
    parts = ["train", "test", "test", "test", "valid"]
    split = table("split.csv", listing_id=list("abcdf"), split=parts)
    found = evaluate_mismatch(SCORES, truth, split)
    assert found["catalogue"] == {
        "auc": 7 / 8, "ap": pytest.approx((1 + 2 / 3) / 2), "precision_at_n": 0.5,
        "precision_at_50": pytest.approx(2 / 6), "n": 6, "positives": 2,
        "ece": pytest.approx((0.1 + 0.8 + 0.3 + 0.3 + 0.2 + 0.1) / 6),
        "brier": pytest.approx((0.01 + 0.64 + 0.09 + 0.09 + 0.04 + 0.01) / 6),
    }  # fmt: skip
    test = mismatch_metrics(np.array([0.8, 0.7, 0.3]), np.array([False, True, False]))
    calibration = {"ece": pytest.approx(1.4 / 3), "brier": pytest.approx((0.64 + 0.09 + 0.09) / 3)}
    assert found["test"] == test | calibration
    kinds = found["by_kind"]
    assert isinstance(kinds, dict) and list(kinds) == ["blank", "swap"]
    assert kinds["swap"]["ap"] == 1 and kinds["swap"]["n"] == 5  # a against the four that are not planted
    assert kinds["blank"]["ap"] == 0.5 and kinds["blank"]["positives"] == 1
    assert not {"ece", "brier"} & set(kinds["swap"])


def test_without_a_split_there_is_no_test_part(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a"], kind=["swap"])
    assert list(evaluate_mismatch(SCORES, truth)) == ["catalogue", "by_kind"]


def test_a_test_split_that_holds_nothing_is_empty_not_an_error(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a"], kind=["swap"])
    split = table("split.csv", listing_id=["elsewhere"], split=["test"])
    found = evaluate_mismatch(SCORES, truth, split)["test"]
    assert isinstance(found, dict) and (found["n"], found["ap"], found["precision_at_50"]) == (0, None, None)
    assert isinstance(found, dict) and found["ece"] is found["brier"] is None


def test_a_planted_listing_without_a_kind_is_still_a_mismatch(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a", "b"], kind=["", "swap"])
    found = evaluate_mismatch(SCORES, truth)
    assert isinstance(found["catalogue"], dict) and found["catalogue"]["positives"] == 2
    assert isinstance(found["by_kind"], dict) and list(found["by_kind"]) == ["swap"]


def test_a_line_given_twice_is_read_once_and_stray_spaces_are_forgiven(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a", " a ", "c"], kind=["swap", "swap", "swap"])
    found = evaluate_mismatch(SCORES, truth)["catalogue"]
    assert isinstance(found, dict) and found["positives"] == 2


def test_a_truth_that_contradicts_itself_is_told(table: WriteTable) -> None:
    truth = table("planted.csv", listing_id=["a", "a"], kind=["swap", "blank"])
    with pytest.raises(InputFileError, match="gives listing 'a' more than one kind"):
        evaluate_mismatch(SCORES, truth)
    fine = table("fine.csv", listing_id=["a"], kind=["swap"])
    split = table("split.csv", listing_id=["b", "b"], split=["train", "test"])
    with pytest.raises(InputFileError, match="gives listing 'b' more than one split"):
        evaluate_mismatch(SCORES, fine, split)


def test_a_truth_of_another_catalogue_is_told(table: WriteTable) -> None:
    with pytest.raises(InputFileError, match="No listing of .*planted.csv is in the workspace"):
        evaluate_mismatch(SCORES, table("planted.csv", listing_id=["x"], kind=["swap"]))
    with pytest.raises(InputFileError, match="kind"):
        evaluate_mismatch(SCORES, table("other.csv", listing_id=["a"]))


def indexes() -> dict[Space, NeighbourIndex]:
    """Five listings on a half circle, by title in order, by photo as a d e b c; unified as by title."""
    ids, angle = list("abcde"), np.array([0, 10, 25, 90, 180]) * np.pi / 180
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    spaces = {Space.TITLE: circle, Space.PHOTO: circle[[0, 3, 4, 1, 2]], Space.UNIFIED: circle}
    return {space: NeighbourIndex.build(v, ids) for space, v in spaces.items()}


def nearest_of(found: dict[str, object], space: str) -> dict[str, float]:
    value = found[space]
    assert isinstance(value, dict)
    return value


def test_recall_in_every_space(table: WriteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmquality.evaluation.recall.AT", (1, 2))
    pairs = table("pairs.csv", listing_id=["a", "a"], other_id=["b", "d"])
    found = evaluate_recall(indexes(), pairs)
    assert found["queries"] == 3 and set(found) == {
        "title",
        "photo",
        "unified",
        "concat",
        "queries",
        "pairs_trained_on",
    }
    # By title a is nearest to b, c; b to a, c; d to c, b. By photo a to d, e; b to e, d; d to a, e.
    assert found["title"] == {"recall@1": pytest.approx((1 + 1 + 0) / 3), "recall@2": (1 / 2 + 1 + 0) / 3}
    assert found["photo"] == {"recall@1": pytest.approx((1 + 0 + 1) / 3), "recall@2": (1 / 2 + 0 + 1) / 3}
    assert found["unified"] == found["title"]


def test_recall_asks_for_test_listings_among_all(table: WriteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmquality.evaluation.recall.AT", (1,))
    pairs = table("pairs.csv", listing_id=["a", "c"], other_id=["b", "d"])
    split = table("split.csv", listing_id=list("abcd"), split=["test", "train", "train", "train"])
    found = evaluate_recall(indexes(), pairs, split)
    assert found["queries"] == 1 and nearest_of(found, "title") == {"recall@1": 1.0}


def test_pairs_of_one_product_do_not_count(table: WriteTable) -> None:
    pairs = table("pairs.csv", listing_id=["a", "a", "c"], other_id=["b", "d", "d"])
    found = evaluate_recall(indexes(), pairs, product={"a": "p", "b": "p", "c": "d"})
    assert found["queries"] == 3  # a – d and c – d: that c's product is named as d is called ties them not
    with pytest.raises(InputFileError, match="no pair of different products"):
        evaluate_recall(
            indexes(), table("one.csv", listing_id=["a"], other_id=["b"]), product={"a": "p", "b": "p"}
        )


def test_what_has_gone_is_neither_asked_for_nor_found(table: WriteTable) -> None:
    ids, rng = [f"l{n:02d}" for n in range(40)], np.random.default_rng(3)
    vectors = {space: rng.normal(size=(40, 5)).astype(np.float32) for space in Space}
    pairs = table("pairs.csv", listing_id=ids[:-1], other_id=ids[1:])
    whole = {space: NeighbourIndex.build(v, ids) for space, v in vectors.items()}
    gone, left = set(ids[::4]), [n for n in range(40) if n % 4]
    anew = {space: NeighbourIndex.build(v[left], [ids[n] for n in left]) for space, v in vectors.items()}
    without = {space: GrownIndex((index, gone)) for space, index in whole.items()}
    found = evaluate_recall(without, pairs)
    assert found == evaluate_recall(anew, pairs) != evaluate_recall(whole, pairs)
    assert found["queries"] == len(left)


def test_recall_of_concatenated_embeddings_weighs_both_alike(table: WriteTable) -> None:
    spaces = indexes()
    both = np.hstack([spaces[Space.TITLE].vectors(list("abcde")), spaces[Space.PHOTO].vectors(list("abcde"))])
    by_hand = NeighbourIndex.build(both * 7, list("abcde"))
    pairs = table("pairs.csv", listing_id=["a", "b"], other_id=["e", "d"])
    concatenated = evaluate_recall(spaces, pairs)["concat"]
    assert concatenated == evaluate_recall(spaces | {Space.UNIFIED: by_hand}, pairs)["unified"]


def test_the_share_of_asked_pairs_that_the_model_knows(table: WriteTable) -> None:
    pairs = table("pairs.csv", listing_id=["a", "b", "c", "d"], other_id=["b", "c", "d", "e"])
    known = pd.DataFrame({"listing_id": ["c", "d", "a"], "other_id": ["b", "e", "c"]})
    assert evaluate_recall(indexes(), pairs)["pairs_trained_on"] is None
    assert evaluate_recall(indexes(), pairs, known=known)["pairs_trained_on"] == 2 / 4
    assert evaluate_recall(indexes(), pairs, known=known.head(0))["pairs_trained_on"] == 0
    split = table("split.csv", listing_id=list("abcde"), split=["train", "train", "test", "train", "train"])
    asked = evaluate_recall(indexes(), pairs, split, known=known)  # b – c and c – d
    assert asked["pairs_trained_on"] == 1 / 2


def test_nothing_to_measure_is_told(table: WriteTable) -> None:
    pairs = table("pairs.csv", listing_id=["x"], other_id=["y"])
    with pytest.raises(InputFileError, match="there is nothing to measure"):
        evaluate_recall(indexes(), pairs)
    known = table("known.csv", listing_id=["a"], other_id=["b"])
    split = table("split.csv", listing_id=["a"], split=["train"])
    with pytest.raises(InputFileError, match="and in the test split"):
        evaluate_recall(indexes(), known, split)


def test_queries_are_looked_up_in_blocks(table: WriteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = table("pairs.csv", listing_id=list("abcd"), other_id=list("bcde"))
    whole = evaluate_recall(indexes(), pairs)
    monkeypatch.setattr("mmquality.evaluation.recall._BLOCK", 2)
    assert evaluate_recall(indexes(), pairs) == whole
