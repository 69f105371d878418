"""Listings → mismatch scores and unified embeddings; pure functions of a checkpoint and embeddings.

A listing that was trained on is scored by the network that never saw it (out of fold) and by those that did
(in sample: they have learnt whose photo is nobody's). Each logit is standardised on its own scale, the two
kinds are averaged, and the average is read back on the out-of-fold scale, where held-out swapped photos tell
what a mismatch looks like. A listing that is new to the model has out-of-fold logits only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.network.siamese import SiameseNetwork

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UNSEEN = -1  # the fold of a listing that was not trained on
_BLOCK = 16_384  # listings scored at a time: memory stays constant in the catalogue's size
_KNOTS = 1_001
_LEAST_SLOPE = 0.01
_LEAST_DEVIATION = 1e-3  # of logits: where they differ by less, it is rounding, not evidence


@torch.inference_mode()
def mismatch_logits(network: SiameseNetwork, titles: Floats, photos: Floats) -> Doubles:
    """Mismatch logit `m` of each title (n, title_dim) with the photo (n, photo_dim) of the same row, (n,)."""
    logits = np.empty(len(titles))
    for block in _blocks(len(titles)):
        u, v = network.project(*_standardised(network, titles[block], photos[block]))
        logits[block] = network.mismatch(u, v).numpy()
    return logits


@torch.inference_mode()
def unified_embeddings(network: SiameseNetwork, titles: Floats, photos: Floats) -> Floats:
    """`z` of each listing, unit norm, (n, d_z)."""
    z = np.empty((len(titles), network.config.d_z), dtype=np.float32)
    for block in _blocks(len(titles)):
        projected = network.project(*_standardised(network, titles[block], photos[block]))
        z[block] = network.unified(projected).numpy()
    return z


def fit_scales(
    network: SiameseNetwork,
    fold_networks: Sequence[SiameseNetwork],
    titles: Floats,
    photos: Floats,
    fold: Ints,
    expected_share: float,
    seed: int,
) -> Scales:
    """Fit what `mismatch_scores` needs, on the training catalogue.

    :param fold: (n,) the fold network that never saw each listing
    :param expected_share: prior share of mismatches in a catalogue; it moves the scores, never the ranking
    """
    logits = _all_logits(network, fold_networks, titles, photos)
    unseen_by = fold[:, None] == np.arange(logits.shape[1])
    scales = Scales(
        in_sample=tuple(_scale(logits[~unseen_by[:, k], k]) for k in range(logits.shape[1])),
        out_of_fold=tuple(_scale(logits[fold == f, f]) for f in range(len(fold_networks))),
    )
    unseen, combined = _evidence(logits, fold, scales)
    swapped = _swapped_evidence(fold_networks, titles, photos, fold, scales, seed)
    slope, intercept = _platt(unseen, swapped, expected_share)
    levels = np.linspace(0, 1, min(_KNOTS, len(titles)))
    return replace(
        scales,
        slope=slope,
        intercept=intercept,
        knots_from=tuple(np.quantile(combined, levels).tolist()),
        knots_to=tuple(np.quantile(unseen, levels).tolist()),
    )


def mismatch_scores(checkpoint: Checkpoint, titles: Floats, photos: Floats, fold: Ints) -> Doubles:
    """Mismatch score of each listing, 0 (title and photo belong together) … 1 (they do not), (n,).

    :param titles: (n, title_dim), photos: (n, photo_dim); pretrained embeddings
    :param fold: (n,) the fold each listing was held out with in training, `UNSEEN` for one that is new
    """
    scales = checkpoint.scales
    logits = _all_logits(checkpoint.network, checkpoint.fold_networks, titles, photos)
    unseen, combined = _evidence(logits, fold, scales)
    read_back = np.interp(combined, scales.knots_from, scales.knots_to)
    evidence = np.where(fold == UNSEEN, unseen, read_back)
    return np.asarray(expit(scales.slope * evidence + scales.intercept))


def _all_logits(
    network: SiameseNetwork, fold_networks: Sequence[SiameseNetwork], titles: Floats, photos: Floats
) -> Doubles:
    """Logits of each fold network, then of the network trained on everything, (n, folds + 1)."""
    return np.stack([mismatch_logits(n, titles, photos) for n in (*fold_networks, network)], axis=1)


def _evidence(logits: Doubles, fold: Ints, scales: Scales) -> tuple[Doubles, Doubles]:
    """What the network says that never saw a listing, and its mean with what the others say, both (n,)."""
    out_of_fold = _standardise(logits[:, :-1], scales.out_of_fold)
    held_out = out_of_fold[np.arange(len(fold)), fold]  # anything where `fold` is UNSEEN
    unseen = np.where(fold == UNSEEN, out_of_fold.mean(axis=1), held_out)
    saw = fold[:, None] != np.arange(logits.shape[1])
    seen = _standardise(logits, scales.in_sample).mean(axis=1, where=saw)
    return unseen, (unseen + seen) / 2


def _swapped_evidence(
    fold_networks: Sequence[SiameseNetwork],
    titles: Floats,
    photos: Floats,
    fold: Ints,
    scales: Scales,
    seed: int,
) -> Doubles:
    """Out-of-fold evidence of each title with the photo of another listing of its fold, (n,)."""
    rng = np.random.default_rng(seed)
    evidence = np.empty(len(titles))
    for f, network in enumerate(fold_networks):
        rows = rng.permutation(np.flatnonzero(fold == f))
        others = np.roll(rows, 1)  # each listing gets the next one's photo, none its own
        logits = mismatch_logits(network, titles[rows], photos[others])
        evidence[rows] = _standardise(logits[:, None], scales.out_of_fold[f : f + 1])[:, 0]
    return evidence


def _platt(own: Doubles, swapped: Doubles, expected_share: float) -> tuple[float, float]:
    """Slope and intercept of P(mismatch) on the out-of-fold scale: own photos (0) against swapped (1).

    The slope is kept above 0: networks that cannot tell the two apart say little, but never the opposite.
    """
    x = np.concatenate([own, swapped])[:, None]
    y = np.repeat([0, 1], [len(own), len(swapped)])
    fitted = LogisticRegression().fit(x, y)
    slope = max(float(fitted.coef_[0, 0]), _LEAST_SLOPE)
    return slope, float(fitted.intercept_[0] + logit(expected_share))


def _scale(logits: Doubles) -> tuple[float, float]:
    return float(logits.mean()), float(max(logits.std(), _LEAST_DEVIATION))


def _standardise(logits: Doubles, scales: Sequence[tuple[float, float]]) -> Doubles:
    """Each column of (n, k) on its own scale."""
    mean, deviation = np.array(scales).T
    return np.asarray((logits - mean) / deviation)


def _standardised(
    network: SiameseNetwork, titles: Floats, photos: Floats
) -> tuple[torch.Tensor, torch.Tensor]:
    return network.standardised(torch.from_numpy(titles), torch.from_numpy(photos))


def _blocks(n: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, n, _BLOCK)]
