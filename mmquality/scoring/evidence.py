"""What is known of each listing: networks that never saw it, networks that did, its neighbours.

A network scores the listings it was trained on too kindly, yet it has learnt whose photo is nobody's. So what
networks say out of fold and in sample live on scales of their own. Neighbours count by how far they are
trusted themselves, which is what is being found out: the evidence is gone through a few times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit

from mmquality.checkpoint import Scales
from mmquality.clicks import Counts
from mmquality.cores import on_every_core
from mmquality.records import UNSEEN
from mmquality.rows import New, Rows, Writable, blocks, in_memory
from mmquality.scoring.networks import Doubles, Ints, Read, standardise
from mmquality.suspicion.weighing import Weighing, trust_after

ROUNDS = 5
_WEIGHED = 4_096  # listings at a time, on one core


@dataclass(frozen=True)
class Listings:
    """What is scored; row i of every array is the same listing. All neighbours are among them."""

    titles: Rows  # (n, title_dim) pretrained
    photos: Rows  # (n, photo_dim)
    fold: Ints  # (n,) the fold each was held out with in training, `UNSEEN` for one that is new
    shown: Counts  # (n, places) impressions at each place, (n, 0) without a log
    clicked: Counts  # (n, places)

    def __len__(self) -> int:
        return len(self.titles)


@dataclass(frozen=True)
class Gathered:
    """What is kept of what the networks read: logits, and the spaces in which neighbours are looked up."""

    logits: Writable  # (n, folds + 1)
    titles: Writable  # (n, title_components) standardised, unit length
    photos: Writable  # (n, photo_components)

    @classmethod
    def of(cls, n: int, read: Iterable[Read], new: New = in_memory) -> Gathered:
        """From all blocks in their order, which hold n listings together."""
        start, kept = 0, None
        for some in read:
            if kept is None:
                kept = cls(
                    new((n, some.logits.shape[1]), np.float64),
                    new((n, some.x.shape[1]), np.float32),
                    new((n, some.y.shape[1]), np.float32),
                )
            rows = slice(start, start := start + len(some.x))
            kept.logits[rows], kept.titles[rows], kept.photos[rows] = some.logits, some.x, some.y
        assert kept is not None and start == n
        return kept


class Company(Protocol):
    """The neighbours of some listings, whoever is trusted: `Shown`, or what has others beside them."""

    def terms(self, trust: Doubles, block: slice, /) -> Doubles: ...


@dataclass(frozen=True)
class NetworkEvidence:
    """Standardised logits of the networks, both (n,); `seen` is 0 for a listing that none of them saw."""

    unseen: Doubles
    seen: Doubles


def network_evidence(logits: Rows, fold: Ints, scales: Scales) -> NetworkEvidence:
    """From the logits of all networks (n, folds + 1): who never saw a listing, and the mean of who did."""
    said = NetworkEvidence(np.empty(len(fold)), np.empty(len(fold)))
    for rows in blocks(len(fold)):
        said.unseen[rows], said.seen[rows] = _who_said(logits[rows], fold[rows], scales)
    return said


def _who_said(logits: Doubles, fold: Ints, scales: Scales) -> tuple[Doubles, Doubles]:
    out_of_fold = standardise(logits[:, :-1], scales.out_of_fold)
    held_out = out_of_fold[np.arange(len(fold)), fold]  # anything where `fold` is UNSEEN
    unseen = np.where(fold == UNSEEN, out_of_fold.mean(axis=1), held_out)
    saw = fold[:, None] != np.arange(logits.shape[1])
    seen = standardise(logits, scales.in_sample).mean(axis=1, where=saw)
    return unseen, np.where(fold == UNSEEN, 0.0, seen)


def first_trust(network: NetworkEvidence, scales: Scales) -> Doubles:
    """How far each listing's photo is believed to be its own, from networks alone, (n,)."""
    return np.asarray(expit(-(scales.slope * (network.unseen + network.seen) + scales.intercept)))


def terms_of(network: NetworkEvidence, shown: Company, trust: Doubles, block: slice = slice(None)) -> Doubles:
    """The terms that are weighed, (n, 5), or those of a block: see `suspicion.weighing.TERMS`."""
    return np.column_stack([network.unseen[block], shown.terms(trust, block)])


def settled(network: NetworkEvidence, shown: Company, fold: Ints, scales: Scales) -> tuple[Doubles, Doubles]:
    """Log-odds of a mismatch, swapped photos against own, once trust in the neighbours has settled.

    Without what the networks that saw a listing say, and with it; both (n,).
    """
    trust = first_trust(network, scales)
    for _ in range(ROUNDS):
        log_odds = _weighed(scales.weighing, network, shown, trust)
        blended = np.where(fold == UNSEEN, log_odds, blend(log_odds, network.seen, scales.blend))
        trust = trust_after(blended)
    return log_odds, blended


def _weighed(weighing: Weighing, network: NetworkEvidence, shown: Company, trust: Doubles) -> Doubles:
    log_odds = np.empty(len(trust))

    def weigh(block: slice) -> None:
        log_odds[block] = weighing.log_odds(terms_of(network, shown, trust, block))

    for _ in on_every_core(weigh, blocks(len(trust), _WEIGHED)):
        pass
    return log_odds


def blend(log_odds: Doubles, seen: Doubles, weights: tuple[float, float, float]) -> Doubles:
    """Log-odds with the in-sample logits added, on the scale of log-odds, (n,)."""
    return np.asarray(weights[0] * log_odds + weights[1] * seen + weights[2])
