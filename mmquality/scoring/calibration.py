"""The last step to a probability: what the click log adds, and what analysts' verdicts correct."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from mmquality.checkpoint import Scales
from mmquality.clicks import PhotoEffect, click_evidence, expected_clicks
from mmquality.rows import blocks
from mmquality.scoring.evidence import Listings
from mmquality.scoring.networks import Doubles, Floats

_BELIEF = 10.0  # verdicts' worth of trust in the calibration without verdicts


def click_log_odds(listings: Listings, scales: Scales) -> Doubles:
    """What the click log adds, in nats, (n,); nothing where the model or the catalogue has none."""
    if not scales.place_rates or not listings.shown.shape[1]:
        return np.zeros(len(listings))
    rates = np.array(scales.place_rates)
    # A place beyond those of training counts as the last of them, as deep places do in the log itself.
    of_place = rates[np.minimum(np.arange(listings.shown.shape[1]), len(rates) - 1)]
    effect, log_odds = PhotoEffect(*scales.photo_effect), np.empty(len(listings))
    for block in blocks(len(listings)):
        expected = expected_clicks(listings.shown[block], of_place)
        log_odds[block] = click_evidence(listings.clicked[block].sum(axis=1), expected, effect)
    return log_odds


def fit_verdicts(log_odds: Doubles, verdict: Floats) -> tuple[float, float]:
    """Slope `a` and shift `b` of Platt's `σ(a · log-odds + b)` for analysts' verdicts.

    Logistic loss of the judged listings, with ten verdicts' worth of belief in `a = 1, b = 0`: a handful of
    verdicts moves little, and without any the log-odds stay as they are. Verdicts may come from the head of
    the ranking alone; given the log-odds, that does not bias them. `a` stays above 0: the ranking holds.

    :param verdict: (n,) 1 mismatch, 0 match, NaN unjudged
    """
    judged = ~np.isnan(verdict)
    if not judged.any():
        return 1.0, 0.0
    x, y = log_odds[judged], verdict[judged].astype(np.float64)

    def loss(parameters: Doubles) -> float:
        log_slope, shift = parameters
        z = np.exp(log_slope) * x + shift
        return float((np.logaddexp(0, z) - y * z).sum() + _BELIEF * (log_slope**2 + shift**2) / 2)

    log_slope, shift = minimize(loss, [0.0, 0.0], method="L-BFGS-B", bounds=[(-2, 2), (-5, 5)]).x
    return float(np.exp(log_slope)), float(shift)
