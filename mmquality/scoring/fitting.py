"""Fitting scores after training: held-out swapped photos say how much each piece of evidence counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from mmquality.checkpoint import Scales
from mmquality.clicks import expected_clicks, fit_click_evidence, position_rates
from mmquality.config import TrainingConfig
from mmquality.network.siamese import SiameseNetwork
from mmquality.rows import New, in_memory
from mmquality.scoring.calibration import click_log_odds, fit_verdicts
from mmquality.scoring.evidence import (
    ROUNDS,
    Gathered,
    Listings,
    NetworkEvidence,
    blend,
    first_trust,
    network_evidence,
    settled,
    terms_of,
)
from mmquality.scoring.networks import (
    Bools,
    Doubles,
    Floats,
    Ints,
    frozen,
    mismatch_logits,
    read_blocks,
    scale_of,
    standardise,
)
from mmquality.suspicion.neighbours import Neighbourhood, Shown
from mmquality.suspicion.swaps import swapped_within
from mmquality.suspicion.weighing import Weighing, estimated_share, fit_weighing, posterior, trust_after

IN_SAMPLE = 0.25  # weight of networks that saw a listing beside everything else, in standard deviations
_LEAST_SLOPE = 0.01
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Fitted:
    """Scales, and scores of swapped and own photos by which anyone may check them."""

    scales: Scales
    checked: Doubles  # P(mismatch) of trusted listings and, in the catalogue's share, of photos swapped anew
    swapped: Bools  # which of them were swapped


def fit_scales(
    network: SiameseNetwork,
    fold_networks: Sequence[SiameseNetwork],
    listings: Listings,
    keys: Ints,
    config: TrainingConfig,
    verdict: Floats | None = None,
    new: New = in_memory,
) -> Fitted:
    """Fit what `mismatch_scores` needs, on the training catalogue.

    :param listings: as they were trained on, each with its fold
    :param keys: (n, 3) title, photo and product key; listings that share one are never swapped
    :param verdict: (n,) 1 mismatch, 0 match, NaN where no analyst has spoken
    :param new: gives room for what is kept of each listing meanwhile
    """
    fold, nets = listings.fold, frozen(network, fold_networks)
    read = read_blocks(nets, listings.titles, listings.photos)
    gathered = Gathered.of(len(listings), read, new)
    logits = gathered.logits[:]
    unseen_by = fold[:, None] == np.arange(logits.shape[1])
    scales = Scales(
        in_sample=tuple(scale_of(logits[~unseen_by[:, k], k]) for k in range(logits.shape[1])),
        out_of_fold=tuple(scale_of(logits[fold == f, f]) for f in range(len(fold_networks))),
    )
    networks = network_evidence(logits, fold, scales)
    lender = swapped_within(fold, keys, config.seed)
    swapped = _swapped_logits(fold_networks, listings, lender, scales)
    slope, intercept = _platt(networks.unseen, swapped, config.expected_share)
    neighbourhood = Neighbourhood.among(gathered.titles, gathered.photos, new)
    own = neighbourhood.shown()
    guess = replace(scales, slope=slope, intercept=intercept)
    weighed = _weighed(guess, networks, swapped, own, neighbourhood.shown(lender), lender)
    alone, log_odds = settled(networks, own, fold, weighed)
    share = estimated_share(log_odds, config.expected_share)
    scales = _with_clicks(replace(weighed, share=share), listings, posterior(log_odds, share))
    if verdict is not None:
        said = log_odds + click_log_odds(listings, scales) + logit(share)
        scales = replace(scales, verdicts=fit_verdicts(said, verdict))
    anew = swapped_within(fold, keys, config.seed + 1)
    swapped_anew = np.column_stack(
        [
            _swapped_logits(fold_networks, listings, anew, scales),
            neighbourhood.shown(anew).terms(trust_after(log_odds)),
        ]
    )[anew != np.arange(len(anew))]
    return _checked(scales, alone[posterior(log_odds, share) < 0.5], scales.weighing.log_odds(swapped_anew))


def _checked(scales: Scales, own: Doubles, swapped: Doubles) -> Fitted:
    """Log-odds of trusted own photos and of photos swapped anew, mixed in the catalogue's proportions."""
    mixed = round(len(own) * scales.share / (1 - scales.share))
    spread = np.linspace(0, max(len(swapped) - 1, 0), min(mixed, len(swapped))).astype(int)
    log_odds = np.concatenate([own, swapped[spread]])  # from everywhere: catalogues come sorted
    return Fitted(scales, posterior(log_odds, scales.share), np.arange(len(log_odds)) >= len(own))


def _weighed(
    scales: Scales, networks: NetworkEvidence, swapped: Doubles, own: Shown, lent: Shown, lender: Ints
) -> Scales:
    """`scales` with weighing and blend, refitted as trust in the neighbours settles."""
    was_swapped = lender != np.arange(len(lender))
    if not was_swapped.any():  # everything shares a title, photo or product: only the networks can tell
        alone = Weighing(weights=(1.0, *(0.0,) * (len(scales.weighing.weights) - 1)))
        return replace(scales, weighing=alone)
    trust = first_trust(networks, scales)
    for _ in range(ROUNDS):
        of_own = terms_of(networks, own, trust)
        other = np.column_stack([swapped, lent.terms(trust)])[was_swapped]
        weighing = fit_weighing(of_own, other, trust)
        log_odds = weighing.log_odds(of_own)
        weights = _blend_weights(log_odds, networks.seen)
        trust = trust_after(blend(log_odds, networks.seen, weights))
    return replace(scales, weighing=weighing, blend=weights)


def _blend_weights(log_odds: Doubles, seen: Doubles) -> tuple[float, float, float]:
    """In-sample logits count a quarter of everything else; mean and deviation stay those of `log_odds`."""
    deviation = max(float(log_odds.std()), _LEAST_DEVIATION)
    both = log_odds / deviation + IN_SAMPLE * seen
    scale = deviation / max(float(both.std()), _LEAST_DEVIATION)
    return scale / deviation, scale * IN_SAMPLE, float(log_odds.mean() - scale * both.mean())


def _with_clicks(scales: Scales, listings: Listings, p_mismatch: Doubles) -> Scales:
    """`scales` with the click rate of each place, and by how much wrong photos lower clicks."""
    shown, clicked = listings.shown, listings.clicked
    if not clicked.sum():
        return scales
    rates = position_rates(shown, clicked)
    effect = fit_click_evidence(clicked.sum(axis=1), expected_clicks(shown, rates), p_mismatch)
    return replace(scales, place_rates=tuple(rates.tolist()), photo_effect=astuple(effect))


def _swapped_logits(
    fold_networks: Sequence[SiameseNetwork], listings: Listings, lender: Ints, scales: Scales
) -> Doubles:
    """Standardised out-of-fold logit of each title with its lender's photo, (n,)."""
    logits = np.empty(len(listings))
    for f, network in enumerate(fold_networks):
        rows = np.flatnonzero(listings.fold == f)
        found = mismatch_logits(network, listings.titles, listings.photos, rows, lender)
        logits[rows] = standardise(found[:, None], scales.out_of_fold[f : f + 1])[:, 0]
    return logits


def _platt(own: Doubles, swapped: Doubles, expected_share: float) -> tuple[float, float]:
    """Slope and intercept of P(mismatch) on the out-of-fold scale: own photos (0) against swapped (1).

    The slope is kept above 0: networks that cannot tell the two apart say little, but never the opposite.
    """
    x = np.concatenate([own, swapped])[:, None]
    y = np.repeat([0, 1], [len(own), len(swapped)])
    fitted = LogisticRegression().fit(x, y)
    slope = max(float(fitted.coef_[0, 0]), _LEAST_SLOPE)
    return slope, float(fitted.intercept_[0] + logit(expected_share))
