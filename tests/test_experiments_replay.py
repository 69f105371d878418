"""Counterfactual replay against a logger whose propensities are known; places' propensities from a log."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.experiments.replay import Logged, examination, replay

LISTINGS, PLACES, PAGES = 6, 3, 4_000
THETA = 1 / (1 + 0.5 * np.arange(PLACES))


def logged_pages(
    relevance: np.ndarray, taste: np.ndarray, target: np.ndarray, seed: int, pages: int = PAGES
) -> Logged:
    """Pages of a logger that shows listing i with chance q_i, at a place drawn evenly (a page may be empty).

    :param taste: (n,) q; target: (n,) θ of each listing's place in the arm's list, 0 outside
    """
    rng = np.random.default_rng(seed)
    page, listing = np.nonzero(rng.random((pages, len(relevance))) < taste)
    place = rng.integers(0, PLACES, len(page))
    clicked = rng.random(len(page)) < THETA[place] * relevance[listing]
    return Logged(
        page, clicked.astype(float), THETA[place], taste[listing], target[listing], np.ones(pages, np.int64)
    )


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_ips_is_unbiased_where_propensities_are_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    relevance, taste = rng.uniform(0.1, 0.9, LISTINGS), rng.uniform(0.2, 0.9, LISTINGS)
    target = np.zeros(LISTINGS)
    target[rng.permutation(LISTINGS)[:PLACES]] = THETA
    logged = logged_pages(relevance, taste, target, seed)
    found = replay(logged, THETA.sum(), "ips", clip=np.inf, seed=1)
    truth = float(target @ relevance)
    terms = logged.weights(np.inf) * logged.clicked
    error = np.sqrt((np.bincount(logged.session, terms, PAGES)).var() / PAGES)
    assert abs(found.clicks - truth) < 4.5 * error


def test_snips_forgives_a_wrong_scale_of_the_logger() -> None:
    relevance, taste = np.linspace(0.2, 0.8, LISTINGS), np.full(LISTINGS, 0.5)
    target = np.zeros(LISTINGS)
    target[[5, 0, 3]] = THETA
    logged = logged_pages(relevance, taste, target, seed=0)
    tenth = Logged(**{**vars(logged), "chance": logged.chance / 10})
    right, scaled = (replay(one, THETA.sum(), "snips") for one in (logged, tenth))
    assert scaled.clicks == pytest.approx(right.clicks) == pytest.approx(target @ relevance, rel=0.05)
    assert replay(tenth, THETA.sum(), "ips").clicks == pytest.approx(10 * replay(logged, 1, "ips").clicks)


def test_effective_size_and_clipping() -> None:
    logged = Logged(
        np.arange(4), np.ones(4), np.ones(4), np.array([0.5, 0.5, 0.5, 0.01]),
        np.array([1.0, 1, 0, 1]), np.ones(4, np.int64),
    )  # fmt: skip
    found = replay(logged, 1.0, "ips", clip=np.inf)
    assert found.impressions == 3 and found.effective == pytest.approx(104**2 / (100**2 + 8))
    assert logged.weights(2.0).max() == pytest.approx(2 * 104 / 3)


def test_a_log_without_any_of_the_arms_listings_says_nothing() -> None:
    nothing = np.zeros(2)
    logged = Logged(np.arange(2), nothing + 1, nothing + 1, nothing + 1, nothing, np.ones(2, np.int64))
    assert replay(logged, 1.0, "snips").clicks is None


def test_the_interval_covers_the_truth_nineteen_times_in_twenty() -> None:
    relevance, taste = np.linspace(0.2, 0.8, LISTINGS), np.linspace(0.3, 0.9, LISTINGS)
    target = np.zeros(LISTINGS)
    target[[1, 4, 2]] = THETA
    covered = 0
    for seed in range(100):
        found = replay(logged_pages(relevance, taste, target, seed, 300), THETA.sum(), "snips")
        covered += found.low <= target @ relevance <= found.high
    assert 0.88 <= covered / 100 <= 0.99


def test_places_are_told_from_listings_that_stand_on_top() -> None:
    """The best listings stand first most of the time; examination comes out all the same."""
    rng = np.random.default_rng(4)
    relevance = rng.uniform(0.1, 0.9, 200)
    leaning = np.where(relevance[:, None] > 0.5, [600, 250, 150], [150, 250, 600])
    shown = rng.poisson(leaning).astype(float)
    clicked = rng.binomial(shown.astype(int), relevance[:, None] * THETA).astype(float)
    assert examination(shown, clicked) == pytest.approx(THETA, rel=0.03)
    naive = clicked.sum(axis=0) / shown.sum(axis=0)
    assert abs(naive / naive[0] - THETA).max() > 0.1
    assert (examination(shown, np.zeros_like(shown)) == 1).all()
