"""Simulated visitors: the arms they are dealt to, and what they click, against plain arithmetic."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mmquality.data.sample import clicks
from mmquality.experiments.visitors import Slates, UserModel, arm_of, expected_ctr, simulate

ARMS = ("title", "photo", "unified")
MODEL = UserModel(slate=3)


def slates(relevance: float, wrong: bool = False, seeds: int = 4) -> Slates:
    shape = seeds, MODEL.slate
    return Slates(np.full(shape, relevance), np.full(shape, wrong))


def rate(outcomes: pd.DataFrame, arm: str, event: str = "clicks") -> float:
    own = outcomes[outcomes["arm"] == arm]
    return float(own[event].sum() / own["views"].sum())


def test_a_visitor_always_sees_the_same_arm_and_another_salt_deals_anew() -> None:
    users = [f"user-{n}" for n in range(3_000)]
    dealt = [arm_of(user, ARMS, "a") for user in users]
    assert dealt == [arm_of(user, ARMS, "a") for user in users]
    assert dealt != [arm_of(user, ARMS, "b") for user in users]
    assert all(abs(count - 1_000) < 4 * np.sqrt(3_000 * 2 / 9) for count in Counter(dealt).values())


def test_the_user_model_is_the_samples() -> None:
    model = UserModel()
    assert (model.slate, model.base_rate) == (clicks.SLATE, clicks.BASE_RATE)
    assert (model.position_slope, model.wrong_photo) == (clicks.POSITION_SLOPE, clicks.WRONG_PHOTO_FACTOR)


def test_click_rates_are_examination_times_relevance() -> None:
    one = Slates(np.array([[1.0, 0.5, 9.0]]), np.array([[False, True, False]]))
    expected = [0.34, 0.34 / 1.18 * 0.5 * 0.35, 0.9]
    assert MODEL.click_rate(one)[0] == pytest.approx(expected)
    assert MODEL.purchase_rate_of(one)[0] == pytest.approx([0.05, 0.05 * 0.5 / 3, 0.05])


def test_outcomes_tend_to_what_the_model_says() -> None:
    arms = {"right": slates(0.5), "wrong": slates(0.5, wrong=True)}
    weight = np.array([1.0, 2.0, 0.0, 1.0])
    outcomes = simulate(arms, weight, 20_000, MODEL, seed=3)
    for arm, shown in arms.items():
        assert rate(outcomes, arm) == pytest.approx(expected_ctr(shown, weight, MODEL), rel=0.06)
    bought = rate(outcomes, "right", "purchases") / rate(outcomes, "right")
    assert bought == pytest.approx(0.05 * 0.5, rel=0.25)
    assert outcomes["views"].mean() == pytest.approx(3 * MODEL.pages, rel=0.05)
    assert (outcomes["purchases"] <= outcomes["clicks"]).all()


def test_the_same_seed_gives_the_same_visitors() -> None:
    arms = {"a": slates(0.4), "b": slates(0.5)}
    weight = np.ones(4)
    first, again, other = (simulate(arms, weight, 300, MODEL, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
