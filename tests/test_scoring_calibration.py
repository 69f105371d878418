"""The last step to a probability: clicks only ever excuse, verdicts correct, and anyone may check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from synthetic import PLACES, TRAINING, checkpoint_of, listings_of, synthetic, trained, without

from mmquality.clicks import PhotoEffect, click_evidence, position_rates
from mmquality.evaluation.calibration import error_of, reliability
from mmquality.scoring import Fitted, Listings, fit_scales, mismatch_scores
from mmquality.scoring.calibration import click_log_odds, fit_verdicts


def known() -> Listings:
    catalogue, _, fold = trained()
    return listings_of(catalogue.data, fold)


class TestClicks:
    @pytest.mark.parametrize("place", range(PLACES))
    def test_more_clicks_at_the_same_places_never_raise_a_score(self, place: int) -> None:
        _, checkpoint, _ = trained()
        before, clicked = mismatch_scores(checkpoint, known()), known().clicked.copy()
        clicked[::2, place] += 1
        after = mismatch_scores(checkpoint, replace(known(), clicked=clicked))
        assert (after[::2] <= before[::2]).all() and (after[::2] < before[::2]).sum() > 10
        assert (after[1::2] == before[1::2]).all()  # nobody else's clicks matter

    def test_more_impressions_without_a_click_never_lower_a_score(self) -> None:
        _, checkpoint, _ = trained()
        nobody = replace(known(), clicked=np.zeros_like(known().clicked))
        more = replace(nobody, shown=nobody.shown * 2)
        assert (mismatch_scores(checkpoint, more) >= mismatch_scores(checkpoint, nobody)).all()

    def test_the_log_odds_are_those_of_the_clicks_at_the_rates_of_training(self) -> None:
        catalogue, checkpoint, _ = trained()
        data, scales = catalogue.data, checkpoint.scales
        rates = position_rates(data.shown, data.clicked)
        assert scales.place_rates == pytest.approx(rates.tolist())
        expected = np.array([sum(s * r for s, r in zip(row, rates, strict=True)) for row in data.shown])
        by_hand = click_evidence(data.clicked.sum(axis=1), expected, PhotoEffect(*scales.photo_effect))
        np.testing.assert_allclose(click_log_odds(known(), scales), by_hand, atol=1e-9)
        quiet = replace(checkpoint, scales=replace(scales, place_rates=()))
        with_log, without_log = mismatch_scores(checkpoint, known()), mismatch_scores(quiet, known())
        clear = (with_log > 1e-6) & (with_log < 1 - 1e-6)
        np.testing.assert_allclose((logit(with_log) - logit(without_log))[clear], by_hand[clear], atol=1e-5)

    def test_wrong_photos_were_seen_to_lower_clicks(self) -> None:
        """Planted: a rate of 0.02 instead of 0.2."""
        catalogue, checkpoint, _ = trained()
        mismatched, other, _ = checkpoint.scales.photo_effect
        assert mismatched < 0.3 * other
        said = click_log_odds(known(), checkpoint.scales)
        assert said[catalogue.swapped].mean() > 1 and said[~catalogue.swapped].mean() < -1

    def test_a_model_without_a_log_has_no_rates_and_hears_no_clicks(self) -> None:
        data = synthetic(60).data
        checkpoint, fold = checkpoint_of(without(data, impressions=True), replace(TRAINING, epochs=1))
        assert checkpoint.scales.place_rates == ()
        silent = mismatch_scores(checkpoint, listings_of(without(data, impressions=True), fold))
        assert (mismatch_scores(checkpoint, listings_of(data, fold)) == silent).all()

    def test_a_log_without_a_click_teaches_no_rates(self) -> None:
        catalogue, checkpoint, _ = trained()
        nobody = replace(known(), clicked=np.zeros_like(known().clicked))
        networks, keys = (checkpoint.network, checkpoint.fold_networks), catalogue.data.keys
        scales = fit_scales(*networks, nobody, keys, checkpoint.training_config).scales
        assert scales.place_rates == ()

    def test_a_catalogue_without_a_log_is_like_one_that_nobody_saw(self) -> None:
        _, checkpoint, _ = trained()
        none, zero = np.zeros((240, 0), np.float32), np.zeros((240, PLACES), np.float32)
        without_log = mismatch_scores(checkpoint, replace(known(), shown=none, clicked=none))
        unseen = mismatch_scores(checkpoint, replace(known(), shown=zero, clicked=zero))
        assert (without_log == unseen).all()

    def test_places_beyond_those_of_training_count_as_the_last(self) -> None:
        _, checkpoint, _ = trained()
        scales, rng = checkpoint.scales, np.random.default_rng(0)
        deep = rng.integers(0, 20, size=(240, 2)).astype(np.float32)
        apart = replace(
            known(),
            shown=np.concatenate([known().shown, deep], axis=1),
            clicked=np.concatenate([known().clicked, np.zeros_like(deep)], axis=1),
        )
        shown = known().shown.copy()
        shown[:, -1] += deep.sum(axis=1)
        together = replace(known(), shown=shown)
        np.testing.assert_allclose(click_log_odds(apart, scales), click_log_odds(together, scales), atol=1e-6)
        assert not np.allclose(click_log_odds(apart, scales), click_log_odds(known(), scales), atol=0.1)

    def test_fewer_places_than_in_training_keep_their_rates(self) -> None:
        _, checkpoint, _ = trained()
        steep = replace(checkpoint.scales, place_rates=(0.4, 0.2, 0.1, 0.05))
        two = replace(known(), shown=known().shown[:, :2], clicked=known().clicked[:, :2])
        four = replace(known(), shown=known().shown.copy(), clicked=known().clicked.copy())
        four.shown[:, 2:] = four.clicked[:, 2:] = 0
        np.testing.assert_allclose(click_log_odds(two, steep), click_log_odds(four, steep), atol=1e-6)


class TestVerdicts:
    def test_without_verdicts_nothing_moves(self) -> None:
        assert fit_verdicts(np.linspace(-5, 5, 9), np.full(9, np.nan)) == (1.0, 0.0)

    def test_many_verdicts_recover_slope_and_shift(self) -> None:
        rng = np.random.default_rng(0)
        log_odds = rng.normal(-1, 3, 20_000)
        verdict = (rng.random(20_000) < expit(0.6 * log_odds + 1.2)).astype(np.float32)
        verdict[::3] = np.nan
        slope, shift = fit_verdicts(log_odds, verdict)
        assert slope == pytest.approx(0.6, abs=0.03) and shift == pytest.approx(1.2, abs=0.08)

    def test_those_of_the_head_of_the_ranking_alone_do_not_bias_it(self) -> None:
        rng = np.random.default_rng(1)
        log_odds = np.sort(rng.normal(-3, 3, 40_000))[::-1]
        verdict = (rng.random(40_000) < expit(0.8 * log_odds - 0.5)).astype(np.float32)
        verdict[6_000:] = np.nan
        slope, shift = fit_verdicts(log_odds, verdict)
        assert slope == pytest.approx(0.8, abs=0.1) and shift == pytest.approx(-0.5, abs=0.15)

    def test_a_handful_moves_little_and_more_of_the_same_moves_more(self) -> None:
        shifts = []
        for count in (0, 3, 30, 300):
            verdict = np.full(400, np.nan)
            verdict[:count] = 1  # at log-odds of 0: the model would have said one in two
            shifts.append(fit_verdicts(np.zeros(400), verdict)[1])
        assert shifts[0] == 0 < shifts[1] < 0.3 < shifts[2] < shifts[3]

    def test_verdicts_against_the_ranking_flatten_it_but_never_turn_it_round(self) -> None:
        log_odds = np.linspace(-6, 6, 500)
        slope, _ = fit_verdicts(log_odds, (log_odds < 0).astype(np.float32))
        assert 0 < slope < 0.2

    def test_verdicts_move_scores_but_not_the_ranking(self) -> None:
        catalogue, checkpoint, _ = trained()
        before = mismatch_scores(checkpoint, known())
        verdict = np.where(before < np.median(before), 1.0, np.nan).astype(np.float32)  # all that look right
        networks, keys = (checkpoint.network, checkpoint.fold_networks), catalogue.data.keys
        scales = fit_scales(*networks, known(), keys, checkpoint.training_config, verdict).scales
        assert replace(scales, verdicts=(1.0, 0.0)) == checkpoint.scales != scales
        after = mismatch_scores(replace(checkpoint, scales=scales), known())
        assert after.sum() > 2 * before.sum() and (np.diff(after[np.argsort(before)]) >= 0).all()


class TestCheck:
    def fitted(self) -> Fitted:
        catalogue, checkpoint, _ = trained()
        networks = checkpoint.network, checkpoint.fold_networks
        return fit_scales(*networks, known(), catalogue.data.keys, checkpoint.training_config)

    def test_holds_swapped_and_own_photos_in_the_proportion_of_the_catalogue(self) -> None:
        (catalogue, _, _), fitted = trained(), self.fitted()
        assert len(fitted.checked) == len(fitted.swapped) == pytest.approx(240, abs=5)
        assert fitted.swapped.mean() == pytest.approx(fitted.scales.share, abs=0.01)
        own = (~fitted.swapped).sum()
        assert own == pytest.approx((~catalogue.swapped).sum(), abs=5)  # planted ones are not own

    def test_scores_of_the_check_are_probabilities_that_hold(self) -> None:
        fitted = self.fitted()
        assert ((fitted.checked > 0) & (fitted.checked < 1)).all()
        assert np.median(fitted.checked[fitted.swapped]) > 0.5
        assert np.quantile(fitted.checked[~fitted.swapped], 0.99) < 0.5
        assert error_of(reliability(fitted.checked, fitted.swapped, 10, equal_width=True)) < 0.05
