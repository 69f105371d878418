"""Clicks freed from places: each estimate against a naive one, the truth of a simulation, and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array

from mmquality.clicks import (
    LIMIT,
    Appeal,
    PhotoEffect,
    click_evidence,
    expected_clicks,
    fit_appeal,
    fit_click_evidence,
    no_click_probability,
    position_rates,
    shrunk_ratio,
)

RATES = 0.12 / (1 + 0.3 * np.arange(8))


def simulated(
    n: int = 6_000, strength: float = 2.5, wrong: float = 0.1, factor: float = 0.4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """shown, clicked (n, p), appeal and whether the photo is wrong (n,); wanted listings stand on top."""
    rng = np.random.default_rng(seed)
    appeal = rng.gamma(strength, 1 / strength, n)
    mismatched = rng.random(n) < wrong
    on_top = np.exp(-np.arange(len(RATES)) * np.minimum(appeal, 3)[:, None] * 0.4)
    shown = rng.poisson(60 * on_top / on_top.sum(axis=1, keepdims=True))
    clicked = rng.poisson(shown * RATES * (appeal * np.where(mismatched, factor, 1))[:, None])
    return shown.astype(np.float32), clicked.astype(np.float32), appeal, mismatched


class TestPositionRates:
    def test_recover_the_curve_although_wanted_listings_stand_on_top(self) -> None:
        shown, clicked, _, _ = simulated()
        found = position_rates(shown, clicked)
        raw = clicked.sum(axis=0) / shown.sum(axis=0)
        assert found / found[0] == pytest.approx(RATES / RATES[0], rel=0.12)
        assert raw[-1] / raw[0] < 0.75 * RATES[-1] / RATES[0]  # what the correction is for

    def test_of_sparse_counts_are_those_of_dense_ones(self) -> None:
        shown, clicked, _, _ = simulated(500)
        sparse = csr_array(shown), csr_array(clicked)
        rates = position_rates(*sparse)
        np.testing.assert_allclose(rates, position_rates(shown, clicked), rtol=1e-12)
        np.testing.assert_allclose(expected_clicks(sparse[0], rates), expected_clicks(shown, rates))

    def test_are_the_plain_click_rates_where_everybody_stands_everywhere(self) -> None:
        shown = np.full((40, 3), 1_000.0)
        clicked = np.tile([90.0, 60.0, 30.0], (40, 1))
        assert position_rates(shown, clicked) == pytest.approx([0.09, 0.06, 0.03])

    def test_maximise_the_likelihood_of_the_product_model(self) -> None:
        """The naive oracle: Poisson regression on dummy variables for listing and place, by Newton steps."""
        rng = np.random.default_rng(1)
        shown = rng.integers(200, 900, (12, 3)).astype(float)
        clicked = rng.poisson(shown * np.outer(rng.uniform(0.5, 2, 12), [1, 0.7, 0.4])).astype(float)
        found = position_rates(shown, clicked)
        design = np.concatenate([np.kron(np.eye(12), np.ones((3, 1))), np.tile(np.eye(3), (12, 1))[:, 1:]], 1)
        beta = np.zeros(design.shape[1])
        for _ in range(60):
            mean = shown.ravel() * np.exp(design @ beta)
            beta += np.linalg.solve(design.T @ (mean[:, None] * design), design.T @ (clicked.ravel() - mean))
        assert found[1:] / found[0] == pytest.approx(np.exp(beta[-2:]), rel=1e-3)

    def test_expected_clicks_sum_to_the_clicks(self) -> None:
        shown, clicked, _, _ = simulated(500)
        assert expected_clicks(shown, position_rates(shown, clicked)).sum() == pytest.approx(clicked.sum())

    def test_a_place_with_few_clicks_leans_on_its_neighbours(self) -> None:
        shown = np.array([[5_000.0, 5_000.0, 40.0, 5_000.0]])
        clicked = np.array([[500.0, 400.0, 0.0, 300.0]])
        rates = position_rates(shown, clicked)
        assert rates[3] * 0.99 <= rates[2] <= rates[1] * 1.01

    def test_a_place_with_many_clicks_keeps_its_own_rate_against_the_order(self) -> None:
        """In a grid the first place of the second row may do better than the last of the first."""
        shown = np.full((1, 3), 100_000.0)
        rates = position_rates(shown, np.array([[9_000.0, 3_000.0, 6_000.0]]))
        assert rates == pytest.approx([0.09, 0.03, 0.06], rel=0.02)

    def test_a_place_never_shown_gets_a_rate_between_its_neighbours(self) -> None:
        rates = position_rates(np.array([[900.0, 0.0, 900.0]]), np.array([[90.0, 0.0, 30.0]]))
        assert rates[0] > rates[1] > rates[2] > 0

    @pytest.mark.parametrize("places", [0, 4])
    def test_without_clicks_nothing_is_expected(self, places: int) -> None:
        shown = np.ones((3, places))
        rates = position_rates(shown, np.zeros((3, places)))
        assert rates.tolist() == [0] * places
        assert expected_clicks(shown, rates).tolist() == [0, 0, 0]


class TestAppeal:
    def test_recovers_the_spread_of_a_simulation(self) -> None:
        rng = np.random.default_rng(2)
        expected = rng.uniform(0.2, 4, 8_000)
        clicks = rng.poisson(expected * rng.gamma(2.0, 0.9 / 2.0, 8_000))
        found = fit_appeal(clicks, expected)
        assert found.strength == pytest.approx(2.0, rel=0.12)
        assert found.mean == pytest.approx(0.9, rel=0.05)

    def test_no_parameters_nearby_are_likelier(self) -> None:
        rng = np.random.default_rng(3)
        expected = rng.uniform(0.2, 4, 400)
        clicks = rng.poisson(expected * rng.gamma(1.5, 1 / 1.5, 400))
        found = fit_appeal(clicks, expected)

        def likelihood(strength: float, mean: float) -> float:
            p = strength / (strength + mean * expected)
            return float(stats.nbinom.logpmf(clicks, strength, p).sum())

        best = likelihood(found.strength, found.mean)
        for by in (0.97, 1.03):
            assert likelihood(found.strength * by, found.mean) < best
            assert likelihood(found.strength, found.mean * by) < best

    def test_listings_that_are_all_alike_are_hardly_told_apart(self) -> None:
        expected = np.full(3_000, 2.0)
        clicks = np.random.default_rng(4).poisson(expected)
        ratio = shrunk_ratio(clicks, expected, fit_appeal(clicks, expected))
        assert np.ptp(ratio.mean) < 0.5 < np.ptp(clicks / expected)

    def test_two_outliers_among_many_alike_do_not_pass_for_chance(self) -> None:
        expected = np.full(60, 40.0)
        clicks = np.array([40.0] * 58 + [8.0] * 2)  # hardly any spread but for the two
        ratio = shrunk_ratio(clicks, expected, fit_appeal(clicks, expected))
        assert (ratio.high[-2:] < 1).all() and (ratio.high[:58] > 1).all()

    @pytest.mark.parametrize("expected", [np.zeros(5), np.ones(5), np.zeros(0)])
    def test_a_log_without_clicks_makes_everybody_average(self, expected: np.ndarray) -> None:
        appeal = fit_appeal(np.zeros(len(expected)), expected)
        assert appeal.mean == 1
        assert shrunk_ratio(np.zeros(len(expected)), expected, appeal).mean == pytest.approx(1, rel=0.06)


class TestShrunkRatio:
    APPEAL = Appeal(2.0, 1.1)

    def test_is_the_posterior_by_numerical_integration(self) -> None:
        grid = np.linspace(1e-4, 40, 400_000)
        prior = stats.gamma.pdf(grid, 2.0, scale=1.1 / 2.0)
        for clicks, expected in ((0, 0.0), (0, 3.0), (4, 1.0), (9, 12.5)):
            weight = prior * stats.poisson.pmf(clicks, grid * expected)
            weight /= weight.sum()
            found = shrunk_ratio(np.array([clicks]), np.array([expected]), self.APPEAL, level=0.8)
            assert found.mean[0] == pytest.approx(weight @ grid, rel=1e-3)
            assert weight[grid < found.low[0]].sum() == pytest.approx(0.1, abs=1e-3)
            assert weight[grid > found.high[0]].sum() == pytest.approx(0.1, abs=1e-3)

    def test_intervals_hold_what_they_promise(self) -> None:
        rng = np.random.default_rng(5)
        truth = rng.gamma(2.0, 1.1 / 2.0, 20_000)
        expected = rng.uniform(0, 5, 20_000)
        found = shrunk_ratio(rng.poisson(truth * expected), expected, self.APPEAL)
        assert ((found.low <= truth) & (truth <= found.high)).mean() == pytest.approx(0.9, abs=0.01)

    @given(st.floats(0.01, 200), st.floats(0.05, 50), st.integers(0, 100))
    def test_lies_between_the_catalogues_mean_and_the_plain_ratio(
        self, expected: float, strength: float, clicks: int
    ) -> None:
        found = shrunk_ratio(np.array([clicks]), np.array([expected]), Appeal(strength, 1.1))
        ends = sorted([1.1, clicks / expected])
        assert ends[0] * (1 - 1e-9) <= found.mean[0] <= ends[1] * (1 + 1e-9)
        assert found.low[0] <= found.high[0]


class TestNoClickProbability:
    def test_is_what_drawing_from_the_posterior_gives(self) -> None:
        appeal = Appeal(2.0, 1.0)
        drawn = np.random.default_rng(6).gamma(2.0 + 3, 1 / (2.0 + 4.5), 400_000)
        found = no_click_probability(np.array([3]), np.array([4.5]), appeal, 1.5)
        assert found[0] == pytest.approx(np.exp(-1.5 * drawn).mean(), rel=0.005)

    @given(st.integers(0, 50), st.floats(0, 100), st.floats(0.01, 10))
    def test_falls_with_clicks_and_rises_with_what_was_seen_in_vain(
        self, clicks: int, expected: float, ahead: float
    ) -> None:
        appeal = Appeal(2.0, 1.0)
        counts, seen = np.array([clicks, clicks + 1]), np.array([expected, expected])
        now, after_a_click = no_click_probability(counts, seen, appeal, ahead)
        assert 0 < after_a_click < now < 1
        assert no_click_probability(counts, seen + 1, appeal, ahead)[0] > now


class TestClickEvidence:
    EFFECT = PhotoEffect(mismatched=0.5, other=1.1, strength=2.0)

    def test_is_the_ratio_of_two_negative_binomials(self) -> None:
        clicks, expected = np.array([0, 1, 2, 0, 5]), np.array([1.0, 1.0, 0.3, 9.0, 6.0])
        low, high = (stats.nbinom.logpmf(clicks, 2.0, 2.0 / (2.0 + rate * expected)) for rate in (0.5, 1.1))
        assert click_evidence(clicks, expected, self.EFFECT) == pytest.approx(low - high)

    @given(
        st.integers(0, 1_000), st.floats(0, 1e4), st.floats(0.05, 1), st.floats(0.1, 5), st.floats(0.05, 1e4)
    )
    def test_more_clicks_are_never_more_suspicious(
        self, clicks: int, expected: float, ratio: float, other: float, strength: float
    ) -> None:
        effect = PhotoEffect(ratio * other, other, strength)
        counts = np.array([clicks, clicks + 1])
        fewer, more = click_evidence(counts, np.array([expected, expected]), effect)
        assert -LIMIT <= more <= fewer <= LIMIT

    @given(st.floats(0, 1e3), st.floats(0.05, 1e4))
    def test_more_shown_in_vain_is_never_less_suspicious(self, expected: float, strength: float) -> None:
        effect = PhotoEffect(0.4, 1.0, strength)
        now, later = click_evidence(np.zeros(2), np.array([expected, expected + 0.5]), effect)
        assert 0 <= now <= later

    def test_nothing_seen_says_exactly_nothing(self) -> None:
        assert click_evidence(np.zeros(3), np.zeros(3), self.EFFECT).tolist() == [0, 0, 0]

    def test_without_an_effect_clicks_say_nothing(self) -> None:
        evidence = click_evidence(np.arange(5), np.full(5, 2.0), PhotoEffect(1.0, 1.0, 2.0))
        assert evidence == pytest.approx(0, abs=1e-12)


class TestFitClickEvidence:
    def test_recovers_the_effect_of_a_simulation(self) -> None:
        shown, clicked, _, wrong = simulated(12_000)
        expected = expected_clicks(shown, position_rates(shown, clicked))
        found = fit_click_evidence(clicked.sum(axis=1), expected, wrong)
        assert found.mismatched / found.other == pytest.approx(0.4, rel=0.12)
        assert found.strength == pytest.approx(2.5, rel=0.15)

    def test_unsure_probabilities_soften_the_effect_and_never_sharpen_it(self) -> None:
        shown, clicked, _, wrong = simulated(12_000)
        clicks, expected = clicked.sum(axis=1), expected_clicks(shown, position_rates(shown, clicked))
        ratios = []
        for sure in (1.0, 0.8, 0.6):
            found = fit_click_evidence(clicks, expected, np.where(wrong, sure, 1 - sure))
            ratios.append(found.mismatched / found.other)
        assert ratios[0] < ratios[1] < ratios[2] < 1

    def test_a_handful_of_clicks_moves_little(self) -> None:
        expected = np.full(20, 0.3)
        clicks = np.array([0] * 10 + [1] * 3 + [0] * 7)
        found = fit_click_evidence(clicks, expected, np.array([1.0] * 10 + [0.0] * 10))
        assert 0.5 < found.mismatched / found.other < 1

    def test_photos_that_please_more_are_no_evidence_against_the_others(self) -> None:
        expected = np.full(200, 2.0)
        clicks = np.random.default_rng(7).poisson(np.repeat([4.0, 1.0], 100))
        found = fit_click_evidence(clicks, expected, np.repeat([1.0, 0.0], 100))
        assert found.mismatched == found.other
        assert click_evidence(clicks, expected, found) == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize("expected", [np.zeros(4), np.ones(4)])
    def test_a_log_without_clicks_has_no_effect(self, expected: np.ndarray) -> None:
        found = fit_click_evidence(np.zeros(4), expected, np.full(4, 0.5))
        assert click_evidence(np.zeros(4), expected, found).tolist() == [0, 0, 0, 0]
