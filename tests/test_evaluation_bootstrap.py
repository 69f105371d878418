"""Bootstrap intervals against a naive loop; means and spreads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mmquality.evaluation.bootstrap import (
    Interval,
    average_precision_gain,
    average_precision_interval,
    mean_and_spread,
    mean_interval,
)


@pytest.mark.parametrize("levels", [4, 10_000], ids=["ties", "none"])
def test_average_precision_interval_against_a_naive_loop(levels: int) -> None:
    data = np.random.default_rng(0)
    truth = data.random(120) < 0.2
    score = (data.integers(0, levels, 120) + 3 * truth * levels / 10) / levels
    found = average_precision_interval(score, truth, resamples=60, seed=4)
    rng, drawn = np.random.default_rng(4), []
    for _ in range(60):
        rows = rng.integers(0, 120, 120)
        drawn.append(average_precision_score(truth[rows], score[rows]))
    assert found.value == pytest.approx(average_precision_score(truth, score))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_the_interval_of_several_seeds_is_that_of_their_mean() -> None:
    data = np.random.default_rng(3)
    truth, scores = data.random(80) < 0.3, data.random((3, 80))
    found = average_precision_interval(scores, truth, resamples=40, seed=1)
    rng, drawn = np.random.default_rng(1), []
    for _ in range(40):
        rows = rng.integers(0, 80, 80)
        drawn.append(np.mean([average_precision_score(truth[rows], score[rows]) for score in scores]))
    assert found.value == pytest.approx(np.mean([average_precision_score(truth, s) for s in scores]))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_a_gain_is_that_of_the_same_resampled_listings_for_both() -> None:
    data = np.random.default_rng(5)
    truth, before, after = data.random(90) < 0.3, data.random(90), data.random(90)
    found = average_precision_gain(before, after, truth, resamples=40, seed=2)
    rng, drawn = np.random.default_rng(2), []
    for _ in range(40):
        rows = rng.integers(0, 90, 90)
        ap = [average_precision_score(truth[rows], score[rows]) for score in (before, after)]
        drawn.append(ap[1] - ap[0])
    assert found.value == pytest.approx(
        average_precision_score(truth, after) - average_precision_score(truth, before)
    )
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    assert average_precision_gain(before, before, truth) == Interval(0, 0, 0)


def test_the_interval_covers_what_is_true_about_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(1), 0
    everyone = rng.normal(size=200_000)
    mismatched = rng.random(200_000) < 0.1
    everyone[mismatched] += 1.5
    right = average_precision_score(mismatched, everyone)
    for number in range(60):
        rows = rng.integers(0, 200_000, 1_500)
        found = average_precision_interval(everyone[rows], mismatched[rows], resamples=120, seed=number)
        assert found.low is not None and found.high is not None
        covered += found.low <= right <= found.high
    assert covered >= 50  # 57 of 60 expected


@given(st.lists(st.booleans(), min_size=2, max_size=30), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_an_interval_is_in_order_and_within_0_and_1(truth: list[bool], seed: int) -> None:
    found = average_precision_interval(
        np.random.default_rng(seed).random(len(truth)), np.array(truth), resamples=20
    )
    if all(truth) or not any(truth):
        assert found == Interval(None, None, None)
    elif found.low is not None:
        assert found.high is not None and 0 <= found.low <= found.high <= 1


def test_mean_interval_against_a_naive_loop() -> None:
    values = np.random.default_rng(2).random(50)
    rng = np.random.default_rng(9)
    drawn = [np.mean([values[i] for i in rng.integers(0, 50, 50)]) for _ in range(80)]
    found = mean_interval(values, resamples=80, seed=9)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    assert mean_interval(np.empty(0)) == Interval(None, None, None)


@pytest.mark.parametrize(
    ("values", "expected"), [([], (None, None)), ([0.5], (0.5, None)), ([1.0, 2.0, 3.0], (2.0, 1.0))]
)
def test_mean_and_spread(values: list[float], expected: tuple[float | None, float | None]) -> None:
    assert mean_and_spread(values) == expected
