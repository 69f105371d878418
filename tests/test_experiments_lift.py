"""Lifts, sample sizes and the test that may be watched: coverage, power and false alarms by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mmquality.experiments.lift import lifts, visitors_needed
from mmquality.experiments.visitors import Slates, UserModel, expected_ctr, simulate
from mmquality.experiments.watching import FEWEST, first_decided, sequence, watch

MODEL = UserModel(slate=4, interest_spread=0.8)
WEIGHT = np.ones(1)
Z = 1.959964


def shown(relevance: float) -> Slates:
    return Slates(np.full((1, 4), relevance), np.zeros((1, 4), dtype=bool))


def trial(before: float, after: float, visitors: int, seed: int) -> pd.DataFrame:
    return simulate({"old": shown(before), "new": shown(after)}, WEIGHT, visitors, MODEL, seed)


def delta_interval(outcomes: pd.DataFrame) -> tuple[float, float]:
    """The 95 % interval of log(rate / control's rate), step by step."""
    logs, variances = [], []
    for arm in ("new", "old"):
        own = outcomes[outcomes["arm"] == arm]
        rate = own["clicks"].sum() / own["views"].sum()
        residual = (own["clicks"] - rate * own["views"]) / own["views"].mean()
        logs.append(np.log(rate))
        variances.append(residual.var(ddof=1) / len(own) / rate**2)
    half = Z * np.sqrt(sum(variances))
    return logs[0] - logs[1] - half, logs[0] - logs[1] + half


def test_the_interval_is_that_of_the_delta_method() -> None:
    outcomes = trial(0.5, 0.6, 2_000, seed=1)
    found = next(lift for lift in lifts(outcomes, "old") if lift.metric == "ctr")
    low, high = delta_interval(outcomes)
    assert (found.low, found.high) == pytest.approx((np.expm1(low), np.expm1(high)), rel=1e-6)
    assert found.lift == pytest.approx(found.rate / found.control - 1)


def test_intervals_cover_the_truth_nineteen_times_in_twenty() -> None:
    """Of 200 experiments 93 to 97 % cover; seeds are fixed, so it is the same 200 each time."""
    true = expected_ctr(shown(0.55), WEIGHT, MODEL) / expected_ctr(shown(0.5), WEIGHT, MODEL) - 1
    covered = 0
    for seed in range(200):
        found = lifts(trial(0.5, 0.55, 600, seed), "old")[0]
        covered += found.low <= true <= found.high
    assert 0.93 <= covered / 200 <= 0.97


def test_without_an_event_there_is_no_lift() -> None:
    clicks = [1, 2, 0, 1, 1, 1]
    outcomes = pd.DataFrame({"arm": ["old", "new"] * 3, "views": 4, "clicks": clicks, "purchases": 0})
    found = {lift.metric: lift for lift in lifts(outcomes, "old")}
    assert found["ctr"].lift == pytest.approx(1.0) and found["ptr"].lift is None
    assert visitors_needed(outcomes, "ptr", 0.1) is None


def test_with_the_visitors_needed_a_lift_is_found_four_times_in_five() -> None:
    control = trial(0.5, 0.5, 20_000, seed=5)
    needed = visitors_needed(control, "ctr", 0.15)
    assert needed is not None
    found = [lifts(trial(0.5, 0.575, 2 * needed, seed), "old")[0] for seed in range(60)]
    power = np.mean([lift.low > 0 for lift in found])
    assert 0.68 <= power <= 0.92
    assert visitors_needed(control, "ctr", 0.05) == pytest.approx(9 * needed, rel=0.1)


class TestWatching:
    def test_whoever_looks_after_every_visitor_is_hardly_ever_wrong(self) -> None:
        """500 experiments in which nothing differs: the sequence errs in at most 5 %, a p-value oftener."""
        rng = np.random.default_rng(0)
        wrong = naive = 0
        for _ in range(500):
            outcome, treated = rng.poisson(0.6, 1_500).astype(float), rng.random(1_500) < 0.5
            _, low, high = sequence(outcome, treated)
            wrong += first_decided(low, high) is not None
            naive += peeked(outcome, treated)
        assert wrong / 500 <= 0.05 < 0.15 < naive / 500

    def test_a_difference_is_found_and_told(self) -> None:
        outcomes = trial(0.3, 0.6, 4_000, seed=2)
        course = watch(outcomes, "new", "old")
        assert course is not None and course.decided_after is not None
        assert FEWEST <= course.decided_after < 4_000 and course.stopped > 0
        assert course.visitors[0] == FEWEST and course.visitors[-1] == 4_000
        assert course.low[-1] < course.difference[-1] < course.high[-1]
        means = outcomes.groupby("arm")["clicks"].mean()
        assert course.difference[-1] == pytest.approx(means["new"] - means["old"], abs=0.05)

    def test_few_visitors_say_nothing(self) -> None:
        assert watch(trial(0.3, 0.6, FEWEST, seed=2), "new", "old") is None


def peeked(outcome: np.ndarray, treated: np.ndarray) -> bool:
    """Whether a z test is at 5 % after any visitor from `FEWEST` on."""
    n = np.cumsum(treated), np.cumsum(~treated)
    means = [
        np.cumsum(outcome * who) / np.maximum(m, 1) for who, m in zip((treated, ~treated), n, strict=True)
    ]
    z = (means[0] - means[1]) / np.sqrt(outcome.var() * (1 / np.maximum(n[0], 1) + 1 / np.maximum(n[1], 1)))
    return bool((abs(z[FEWEST:]) > Z).any())
