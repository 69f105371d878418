"""A first look at a catalogue, before any network is trained: whose photo is probably not its own.

A network that takes a wrong photo for a listing's own learns to excuse it, and one listing in ten may show
one. What closed forms find in seconds (a CCA of the other folds, and the neighbours) is good enough to keep
most of them from being positives. Photos that unrelated titles share, be they placeholders or copies, stand
out at once: their neighbours' titles have nothing in common.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch
from torch import Tensor

from mmquality.config import TrainingConfig
from mmquality.index import unit
from mmquality.linear import cca_of_moments, second_moments
from mmquality.rows import New, blocks, in_memory
from mmquality.suspicion.neighbours import Neighbourhood
from mmquality.suspicion.swaps import swapped_within
from mmquality.suspicion.weighing import fit_weighing, trust_after
from mmquality.training.data import Bools, Doubles, Floats, Ints

_ROUNDS = 5  # the first trusts every listing, each later one those that the one before did not suspect
_DIRECTIONS = 128


def owned_photos(trusted: Bools, verdict: Floats) -> Bools:
    """(n,) whether a listing's photo may serve as a positive example of its title.

    An analyst's verdict decides where there is one; elsewhere, whether it is trusted at first look.
    """
    return np.asarray(np.where(np.isnan(verdict), trusted, verdict == 0))


def trusted_photos(
    x: Floats, y: Floats, keys: Ints, fold: Ints, config: TrainingConfig, new: New = in_memory
) -> Bools:
    """(n,) whether P(mismatch) at `first_look` is below ½: neither clicks nor analysts are asked."""
    return first_look(x, y, keys, fold, config, new) < 0.5


def first_look(
    x: Floats, y: Floats, keys: Ints, fold: Ints, config: TrainingConfig, new: New = in_memory
) -> Doubles:
    """P(mismatch) of each listing from closed forms alone, (n,), whatever analysts say.

    :param x: standardised titles, (n, title_components)
    :param y: standardised photos, (n, photo_components)
    :param keys: (n, 3), see `TrainingData.keys`
    :param fold: (n,); what is said of a listing was learnt on other folds
    :param new: gives room for the neighbours of every listing meanwhile
    """
    neighbourhood = Neighbourhood.of(x, y, new)
    lender = swapped_within(fold, keys, config.seed)
    swapped = np.flatnonzero(lender != np.arange(len(x)))
    shown, lent = neighbourhood.shown(), neighbourhood.shown(lender)
    trust = np.ones(len(x))
    for _ in range(_ROUNDS):
        alone = _out_of_fold(x, y, fold, trust > 0.5, lender, config)
        own = np.column_stack([alone[0], shown.terms(trust)])
        if not len(swapped):  # everything shares a title, photo or product: nothing to compare with
            return 1 - trust
        other = np.column_stack([alone[1], lent.terms(trust)])
        weighing = fit_weighing(own, other[swapped], trust)
        trust = trust_after(weighing.log_odds(own))
    return np.asarray(1 - trust)


def _out_of_fold(
    x: Floats, y: Floats, fold: Ints, trusted: Bools, lender: Ints, config: TrainingConfig
) -> Doubles:
    """Minus the canonical cosine of each title with its own photo, and with its lender's, (2, n).

    The CCA is fitted to the trusted listings of the other folds; each fold is standardised on its own.
    """
    unlikeness = np.zeros((2, len(x)))
    moments = {n: _moments(x, y, np.flatnonzero((fold == n) & trusted)) for n in np.unique(fold)}
    for number in moments:
        held, learnt_from = np.flatnonzero(fold == number), int(((fold != number) & trusted).sum())
        if not learnt_from:
            continue  # nobody to learn from: the neighbours alone decide
        mean = torch.stack([of for other, of in moments.items() if other != number]).sum(dim=0) / learnt_from
        a, b, _ = cca_of_moments(mean, x.shape[1], _DIRECTIONS, config.cca_ridge, config.cca_power)
        for rows in (held[block] for block in blocks(len(held))):
            titles = unit(x[rows] @ a.numpy())
            for which, shown in enumerate((rows, lender[rows])):
                unlikeness[which, rows] = -(titles * unit(y[shown] @ b.numpy())).sum(axis=1)
        own = unlikeness[0, held]
        unlikeness[:, held] = (unlikeness[:, held] - own.mean()) / max(own.std(), 1e-3)
    return unlikeness


def _moments(x: Floats, y: Floats, rows: Ints) -> Tensor:
    """`second_moments` of `rows`."""
    parts = (rows[block] for block in blocks(len(rows))) if len(rows) else [rows]
    of_parts = (second_moments(torch.from_numpy(x[part]), torch.from_numpy(y[part])) for part in parts)
    return reduce(torch.add, of_parts)
