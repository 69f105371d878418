"""Scores of listings that arrive after the catalogue was scored: held against it, they leave it as it is.

All is as in `mismatch_scores`, but that the others' trust has settled: what the few that arrive would say of
their neighbours waits until the whole catalogue is scored again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mmquality.checkpoint import Checkpoint
from mmquality.index import NeighbourIndex, VectorIndex
from mmquality.rows import in_memory
from mmquality.scoring.evidence import Gathered, Listings, network_evidence, settled
from mmquality.scoring.networks import Doubles, Floats, Ints, Read
from mmquality.scoring.scores import probability
from mmquality.suspicion.neighbours import NEIGHBOURS, Near, Shown, Side
from mmquality.suspicion.weighing import trust_after


@dataclass(frozen=True)
class Ground:
    """What arrivals are held against: the listings scored before, in the spaces of the standardised inputs.

    A row is the same listing in all three.
    """

    titles: VectorIndex
    photos: VectorIndex
    trust: Doubles  # (rows,) how far each listing's photo is believed to be its own


@dataclass(frozen=True)
class Arrived:
    """What became of the arrivals; row i of each is the same listing."""

    scores: Doubles  # (n,)
    titles: Floats  # (n, title_components) standardised, unit length
    photos: Floats  # (n, photo_components)
    trust: Doubles  # (n,)


def arrival_scores(
    checkpoint: Checkpoint, listings: Listings, ground: Ground, read: Iterable[Read]
) -> Arrived:
    """Score `listings`, none of which is found in `ground`; their neighbours are there and among them.

    :param read: what the networks make of the listings, block by block in their order
    """
    scales, fold = checkpoint.scales, listings.fold
    gathered = Gathered.of(len(listings), read)
    said = network_evidence(gathered.logits, fold, scales)
    titles, photos = gathered.titles[:], gathered.photos[:]
    _, log_odds = settled(said, _Company(ground, titles, photos), fold, scales)
    return Arrived(probability(log_odds, listings, scales), titles, photos, trust_after(log_odds))


class _Company:
    """The neighbours of the arrivals: rows 0…n − 1 are the arrivals', then come those of the ground."""

    def __init__(self, ground: Ground, titles: Floats, photos: Floats) -> None:
        by_title, by_photo = _near(ground.titles, titles), _near(ground.photos, photos)
        met, places = np.unique(np.concatenate([by_title.rows, by_photo.rows], axis=1), return_inverse=True)
        known = met[met >= len(titles)] - len(titles)
        self._trust = ground.trust[known]
        # The arrivals keep their rows; the neighbours that are met follow without gaps.
        row = np.where(met < len(titles), met, len(titles) + np.cumsum(met >= len(titles)) - 1)
        rows = row[places.reshape(len(titles), -1)]
        k = by_title.rows.shape[1]
        arrivals = np.arange(len(titles))
        of = arrivals, arrivals  # each with its own photo
        all_titles = np.concatenate([titles, ground.titles.vectors_at(known)])
        all_photos = np.concatenate([photos, ground.photos.vectors_at(known)])
        self._shown = Shown(
            Side.of(Near(rows[:, k:], by_photo.cosine), *of, all_titles, arrivals, in_memory),
            Side.of(Near(rows[:, :k], by_title.cosine), *of, all_photos, arrivals, in_memory),
        )

    def terms(self, trust: Doubles, block: slice) -> Doubles:
        """What neighbours say of some arrivals, see `Neighbourhood.terms`; `trust` (n,) is of arrivals."""
        return self._shown.terms(np.concatenate([trust, self._trust]), block)


def _near(ground: VectorIndex, vectors: Floats) -> Near:
    """The `NEIGHBOURS` nearest of each arrival among the others and the ground, whose rows follow theirs."""
    n = len(vectors)
    rows, distances = ground.search(vectors, NEIGHBOURS)
    among = NeighbourIndex.build(vectors, [""] * n)
    own_rows, own_distances = among.search_others(vectors, np.arange(n), NEIGHBOURS)
    both: Ints = np.concatenate([own_rows, rows + n], axis=1)
    far = np.concatenate([own_distances, distances], axis=1)
    nearest = np.argsort(far, axis=1, kind="stable")[:, :NEIGHBOURS]
    cosine = 1 - np.take_along_axis(far, nearest, axis=1) ** 2 / 2
    return Near(np.take_along_axis(both, nearest, axis=1), cosine.astype(np.float32))
