"""What is known of each listing: networks that never saw it, networks that did, its neighbours.

A network scores the listings it was trained on too kindly, yet it has learnt whose photo is nobody's. So what
networks say out of fold and in sample live on scales of their own. Neighbours count by how far they are
trusted themselves, which is what is being found out: the evidence is gone through a few times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from mmquality.checkpoint import Scales
from mmquality.scoring.networks import UNSEEN, Doubles, Floats, Ints, standardise
from mmquality.suspicion.neighbours import Neighbourhood
from mmquality.suspicion.weighing import trust_after

ROUNDS = 5


@dataclass(frozen=True)
class Listings:
    """What is scored; row i of every array is the same listing. All neighbours are among them."""

    titles: Floats  # (n, title_dim) pretrained
    photos: Floats  # (n, photo_dim)
    fold: Ints  # (n,) the fold each was held out with in training, `UNSEEN` for one that is new
    shown: Floats  # (n, places) impressions at each place, (n, 0) without a log
    clicked: Floats  # (n, places)

    def __len__(self) -> int:
        return len(self.titles)


@dataclass(frozen=True)
class NetworkEvidence:
    """Standardised logits of the networks, both (n,); `seen` is 0 for a listing that none of them saw."""

    unseen: Doubles
    seen: Doubles


def network_evidence(logits: Doubles, fold: Ints, scales: Scales) -> NetworkEvidence:
    """From the logits of all networks (n, folds + 1): who never saw a listing, and the mean of who did."""
    out_of_fold = standardise(logits[:, :-1], scales.out_of_fold)
    held_out = out_of_fold[np.arange(len(fold)), fold]  # anything where `fold` is UNSEEN
    unseen = np.where(fold == UNSEEN, out_of_fold.mean(axis=1), held_out)
    saw = fold[:, None] != np.arange(logits.shape[1])
    seen = standardise(logits, scales.in_sample).mean(axis=1, where=saw)
    return NetworkEvidence(unseen, np.where(fold == UNSEEN, 0.0, seen))


def first_trust(network: NetworkEvidence, scales: Scales) -> Doubles:
    """How far each listing's photo is believed to be its own, from networks alone, (n,)."""
    return np.asarray(expit(-(scales.slope * (network.unseen + network.seen) + scales.intercept)))


def terms_of(network: NetworkEvidence, neighbourhood: Neighbourhood, trust: Doubles) -> Doubles:
    """The terms that are weighed, (n, 5): see `suspicion.weighing.TERMS`."""
    return np.column_stack([network.unseen, neighbourhood.terms(trust)])


def settled(
    network: NetworkEvidence, neighbourhood: Neighbourhood, fold: Ints, scales: Scales
) -> tuple[Doubles, Doubles]:
    """Log-odds of a mismatch, swapped photos against own, once trust in the neighbours has settled.

    Without what the networks that saw a listing say, and with it; both (n,).
    """
    trust = first_trust(network, scales)
    for _ in range(ROUNDS):
        log_odds = scales.weighing.log_odds(terms_of(network, neighbourhood, trust))
        blended = np.where(fold == UNSEEN, log_odds, blend(log_odds, network.seen, scales.blend))
        trust = trust_after(blended)
    return log_odds, blended


def blend(log_odds: Doubles, seen: Doubles, weights: tuple[float, float, float]) -> Doubles:
    """Log-odds with the in-sample logits added, on the scale of log-odds, (n,)."""
    return np.asarray(weights[0] * log_odds + weights[1] * seen + weights[2])
