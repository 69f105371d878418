"""Mismatch scores: all evidence of a listing as one probability."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.scoring.calibration import click_log_odds
from mmquality.scoring.evidence import Listings, network_evidence, settled
from mmquality.scoring.networks import Doubles, all_logits, standardised_inputs
from mmquality.suspicion.neighbours import Neighbourhood
from mmquality.suspicion.weighing import trust_after

_SMALLEST = 1e-15


def mismatch_scores(checkpoint: Checkpoint, listings: Listings) -> Doubles:
    """Mismatch score of each listing, 0 (title and photo belong together) … 1 (they do not), (n,).

    `score = σ(a · (log-odds of networks and neighbours + those of the clicks + logit(share)) + b)`, where a
    and b are 1 and 0 until analysts' verdicts say otherwise.
    Give the whole catalogue at once: a listing's neighbours are looked for among those that are scored.
    """
    if not len(listings):
        return np.empty(0)
    networks = checkpoint.network, checkpoint.fold_networks
    titles, photos, scales = listings.titles, listings.photos, checkpoint.scales
    said = network_evidence(all_logits(*networks, titles, photos), listings.fold, scales)
    neighbourhood = Neighbourhood.of(*standardised_inputs(checkpoint.network, titles, photos))
    _, log_odds = settled(said, neighbourhood, listings.fold, scales)
    return probability(log_odds, listings, scales)


def probability(log_odds: Doubles, listings: Listings, scales: Scales) -> Doubles:
    """The score of each listing, (n,), from the log-odds of networks and neighbours, (n,)."""
    slope, shift = scales.verdicts
    everything = log_odds + click_log_odds(listings, scales) + logit(scales.share)
    return np.asarray(expit(slope * everything + shift))


def trust_behind(scores: Doubles, listings: Listings, scales: Scales) -> Doubles:
    """How far each listing's photo is believed to be its own, (n,), once its score is known.

    The way of `probability` back to the log-odds that trust follows from.
    """
    slope, shift = scales.verdicts
    inside = np.clip(scores, _SMALLEST, 1 - _SMALLEST)  # of a certain one the odds are not finite
    everything = (logit(inside) - shift) / slope
    return trust_after(everything - click_log_odds(listings, scales) - logit(scales.share))
