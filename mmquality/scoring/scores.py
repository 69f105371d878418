"""Mismatch scores: all evidence of a listing as one probability."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.special import expit, logit

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.rows import New, in_memory
from mmquality.scoring.calibration import click_log_odds
from mmquality.scoring.evidence import Gathered, Listings, network_evidence, settled
from mmquality.scoring.networks import Doubles, Read, frozen, read_blocks
from mmquality.suspicion.neighbours import Neighbourhood
from mmquality.suspicion.weighing import trust_after

_SMALLEST = 1e-15


def mismatch_scores(
    checkpoint: Checkpoint, listings: Listings, read: Iterable[Read] | None = None, new: New = in_memory
) -> Doubles:
    """Mismatch score of each listing, 0 (title and photo belong together) … 1 (they do not), (n,).

    `score = σ(a · (log-odds of networks and neighbours + those of the clicks + logit(share)) + b)`, where a
    and b are 1 and 0 until analysts' verdicts say otherwise.
    Give the whole catalogue at once: a listing's neighbours are looked for among those that are scored.

    :param read: what the networks make of the listings, block by block in their order, by default read here
    :param new: gives room for what is kept of each listing while all of them are scored
    """
    if not len(listings):
        return np.empty(0)
    if read is None:
        networks = frozen(checkpoint.network, checkpoint.fold_networks)
        read = read_blocks(networks, listings.titles, listings.photos)
    return gathered_scores(checkpoint, listings, Gathered.of(len(listings), read, new), new)


def gathered_scores(checkpoint: Checkpoint, listings: Listings, gathered: Gathered, new: New) -> Doubles:
    """`mismatch_scores` of listings that the networks have read."""
    scales = checkpoint.scales
    said = network_evidence(gathered.logits, listings.fold, scales)
    shown = Neighbourhood.among(gathered.titles, gathered.photos, new).shown()
    _, log_odds = settled(said, shown, listings.fold, scales)
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
