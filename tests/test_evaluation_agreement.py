"""Agreement of a score with verdicts: AUC against counting pairs, and an interval that keeps its promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmquality.evaluation.agreement import auc_with_interval


def test_auc_counts_pairs_and_ties_half() -> None:
    score = np.array([0.1, 0.4, 0.4, 0.8, 0.3])
    positive = np.array([False, True, False, True, False])
    pairs = [(a > b) + (a == b) / 2 for a in score[positive] for b in score[~positive]]
    found = auc_with_interval(score, positive)
    assert found is not None and found.auc == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("positive", [[True, True], [False, False], []])
def test_without_both_verdicts_there_is_no_agreement(positive: list[bool]) -> None:
    assert auc_with_interval(np.zeros(len(positive)), np.array(positive, dtype=bool)) is None


def test_the_interval_solves_its_own_equation() -> None:
    """θ at an end is 1.96 standard errors away, the error taken at θ (Newcombe's method 5)."""
    rng = np.random.default_rng(0)
    positive = np.repeat([True, False], [12, 30])
    found = auc_with_interval(rng.normal(size=42) + positive, positive)
    assert found is not None
    for theta in (found.low, found.high):
        others = 42 / 2 - 1
        spread = 1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta)
        error = np.sqrt(theta * (1 - theta) * spread / (12 * 30))
        assert abs(found.auc - theta) == pytest.approx(1.959964 * error, rel=1e-4)


@given(st.integers(1, 30), st.integers(1, 30))
def test_perfect_agreement_of_few_is_not_certain(positives: int, negatives: int) -> None:
    positive = np.repeat([True, False], [positives, negatives])
    found = auc_with_interval(positive.astype(float), positive)
    assert found is not None
    assert found.auc == found.high == 1
    assert 0 < found.low < 1
    opposite = auc_with_interval(-positive.astype(float), positive)
    assert opposite is not None
    assert opposite.low == opposite.auc == 0
    assert opposite.high == pytest.approx(1 - found.low, abs=1e-6)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    positive = np.repeat([True, False], [10, 25])
    truth = 0.7601  # Φ(1 / √2)
    held = 0
    for _ in range(1_000):
        found = auc_with_interval(rng.normal(size=35) + positive, positive)
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 1_000 <= 0.99
