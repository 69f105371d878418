"""Calibration against naive loops, scikit-learn and statements that hold for every score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from mmquality.evaluation.calibration import (
    ReliabilityBin,
    brier_score,
    error_of,
    expected_calibration_error,
    reliability,
)

samples = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0, 1, width=16), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
    )
)
bins_ = st.integers(1, 20)


def arrays(sample: tuple[list[float], list[bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(sample[0], dtype=np.float64), np.array(sample[1], dtype=np.bool_)


def naive_places(score: list[float], bins: int, equal_width: bool) -> list[int]:
    """The bin of each score, one score at a time."""
    places = []
    for own in score:
        if equal_width:
            places.append(max(b for b in range(bins) if own * bins >= b))
        else:
            below, same = sum(s < own for s in score), sum(s == own for s in score)
            places.append(int((below + same / 2) * bins / len(score)))
    return places


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's interval as he wrote it: the shares from which the observed one is 1.96 errors away."""
    z = 1.959963984540054
    share, spread = hits / n, z * z / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (share + spread / 2 - half) / (1 + spread), (share + spread / 2 + half) / (1 + spread)


@given(samples, bins_, st.booleans())
@settings(max_examples=80, deadline=None)
def test_reliability_and_its_error_against_a_naive_loop(
    sample: tuple[list[float], list[bool]], bins: int, equal_width: bool
) -> None:
    score, truth = sample
    places = naive_places(score, bins, equal_width)
    curve = reliability(*arrays(sample), bins, equal_width)
    error = 0.0
    for found, place in zip(curve, sorted(set(places)), strict=True):
        rows = [row for row, p in enumerate(places) if p == place]
        mean, hits = sum(score[r] for r in rows) / len(rows), sum(truth[r] for r in rows)
        assert (found.score, found.share) == (pytest.approx(mean), pytest.approx(hits / len(rows)))
        assert (found.low, found.high) == pytest.approx(wilson(hits, len(rows)), abs=1e-9)
        assert found.count == len(rows)
        error += len(rows) / len(score) * abs(hits / len(rows) - mean)
    assert expected_calibration_error(*arrays(sample), bins, equal_width) == pytest.approx(error)
    assert error_of(curve) == pytest.approx(error)


@given(samples, bins_, st.booleans())
@settings(max_examples=80, deadline=None)
def test_what_holds_for_every_score(
    sample: tuple[list[float], list[bool]], bins: int, equal_width: bool
) -> None:
    score, truth = arrays(sample)
    curve = reliability(score, truth, bins, equal_width)
    assert 1 <= len(curve) <= bins and sum(b.count for b in curve) == len(score)
    assert [b.score for b in curve] == sorted(b.score for b in curve)
    assert all(0 <= b.low <= b.share <= b.high <= 1 for b in curve)
    error = expected_calibration_error(score, truth, bins, equal_width)
    assert error is not None and abs(score.mean() - truth.mean()) - 1e-9 <= error <= 1
    order = np.random.default_rng(len(score)).permutation(len(score))
    assert reliability(score[order], truth[order], bins, equal_width) == about(curve)
    assert brier_score(score, truth) == pytest.approx(brier_score_loss(truth, score))


def about(curve: list[ReliabilityBin]) -> list[ReliabilityBin]:
    """The same bins; a mean may differ in its last digit with the order of its terms."""
    return [
        type(b)(*(pytest.approx(getattr(b, name)) for name in ("score", "share", "low", "high", "count")))
        for b in curve
    ]


def test_bins_of_equal_mass_hold_equally_many() -> None:
    score, truth = np.linspace(0, 1, 30) ** 3, np.zeros(30, dtype=np.bool_)
    assert [b.count for b in reliability(score, truth, 10)] == [3] * 10
    assert [b.count for b in reliability(score, truth, 10, equal_width=True)][0] > 10


def test_equal_scores_share_a_bin() -> None:
    score = np.array([0.1] * 7 + [0.9] * 3)
    curve = reliability(score, np.arange(10) % 2 == 0, 5)
    assert [(b.count, b.score) for b in curve] == [(7, pytest.approx(0.1)), (3, pytest.approx(0.9))]


def test_a_calibrated_score_has_a_small_error_and_a_boastful_one_has_not() -> None:
    rng = np.random.default_rng(5)
    chance = rng.beta(0.4, 4, 20_000)
    truth = rng.random(len(chance)) < chance
    honest, boastful = (expected_calibration_error(s, truth) for s in (chance, np.sqrt(chance)))
    assert honest is not None and boastful is not None and honest < 0.01 < 0.1 < boastful
    inside = [b.low <= b.score <= b.high for b in reliability(chance, truth)]
    assert sum(inside) >= 12  # of 15, at 95 % each


def test_without_listings_there_is_nothing_to_say() -> None:
    nothing = np.empty(0), np.empty(0, dtype=np.bool_)
    assert reliability(*nothing) == [] and error_of([]) is None
    assert expected_calibration_error(*nothing) is brier_score(*nothing) is None


@pytest.mark.parametrize("score", [[0.5, 1.2], [0.5, -0.1], [0.5, float("nan")]])
def test_a_score_that_is_no_probability_is_refused(score: list[float]) -> None:
    truth = np.array([True, False])
    for measure in (reliability, expected_calibration_error, brier_score):
        with pytest.raises(ValueError, match="no probability"):
            measure(np.array(score), truth)
    with pytest.raises(ValueError, match="do not fit"):
        brier_score(np.array([0.5]), truth)
