"""Mismatch scores: all evidence of a listing as one probability."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.clicks import PhotoEffect, click_evidence, expected_clicks
from mmquality.scoring.evidence import Listings, network_evidence, settled
from mmquality.scoring.networks import Doubles, all_logits, standardised_inputs
from mmquality.suspicion.neighbours import Neighbourhood


def mismatch_scores(checkpoint: Checkpoint, listings: Listings) -> Doubles:
    """Mismatch score of each listing, 0 (title and photo belong together) … 1 (they do not), (n,).

    `score = σ(log-odds of networks and neighbours + log-likelihood ratio of the clicks + logit(share))`.
    Give the whole catalogue at once: a listing's neighbours are looked for among those that are scored.
    """
    if not len(listings):
        return np.empty(0)
    networks = checkpoint.network, checkpoint.fold_networks
    titles, photos, scales = listings.titles, listings.photos, checkpoint.scales
    said = network_evidence(all_logits(*networks, titles, photos), listings.fold, scales)
    neighbourhood = Neighbourhood.of(*standardised_inputs(checkpoint.network, titles, photos))
    _, log_odds = settled(said, neighbourhood, listings.fold, scales)
    return np.asarray(expit(log_odds + _of_clicks(listings, scales) + logit(scales.share)))


def _of_clicks(listings: Listings, scales: Scales) -> Doubles:
    """What the click log adds, in nats, (n,); nothing where the model or the catalogue has none."""
    if not scales.place_rates or not listings.shown.shape[1]:
        return np.zeros(len(listings))
    rates = np.array(scales.place_rates)
    # A place beyond those of training counts as the last of them, as deep places do in the log itself.
    of_place = rates[np.minimum(np.arange(listings.shown.shape[1]), len(rates) - 1)]
    expected = expected_clicks(listings.shown, of_place)
    return click_evidence(listings.clicked.sum(axis=1), expected, PhotoEffect(*scales.photo_effect))
