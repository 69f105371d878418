"""Scores: between 0 and 1, in the order of the evidence, planted swaps first, whatever the catalogue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score
from synthetic import NETWORK, TRAINING, checkpoint_of, synthetic, trained, without

from mmquality import scoring
from mmquality.network.projection import PROJECTIONS
from mmquality.scoring import UNSEEN, fit_scales, mismatch_logits, mismatch_scores, unified_embeddings
from mmquality.training.data import TrainingData


def test_planted_swaps_rank_first() -> None:
    catalogue, checkpoint, fold = trained()
    scores = mismatch_scores(checkpoint, catalogue.data.titles, catalogue.data.photos, fold)
    prevalence = catalogue.swapped.mean()
    assert average_precision_score(catalogue.swapped, scores) > 5 * prevalence
    assert ((scores > 0) & (scores < 1)).all()


def new_listings(n: int = 100) -> tuple[TrainingData, np.ndarray]:
    """Listings of the trained catalogue's kind that it does not hold, a third of them swapped."""
    catalogue, _, _ = trained()
    rng, data = np.random.default_rng(5), catalogue.data
    rows = np.flatnonzero(~catalogue.swapped)[:n]
    photos = data.photos[rows] + 0.1 * rng.normal(size=(n, data.photos.shape[1])).astype(np.float32)
    swapped = np.arange(n) < n // 3
    photos[swapped] = np.roll(photos[swapped], 1, axis=0)
    return replace(data.subset(rows), photos=photos), swapped


def test_listings_that_are_new_to_the_model_are_scored_too() -> None:
    _, checkpoint, _ = trained()
    data, swapped = new_listings()
    scores = mismatch_scores(checkpoint, data.titles, data.photos, np.full(100, UNSEEN))
    assert average_precision_score(swapped, scores) > 0.8
    assert ((scores > 0) & (scores < 1)).all()


def test_a_score_does_not_depend_on_who_else_is_scored() -> None:
    catalogue, checkpoint, fold = trained()
    data, mixed = catalogue.data, np.where(np.arange(240) % 3, fold, UNSEEN)
    together = mismatch_scores(checkpoint, data.titles, data.photos, mixed)
    order = np.random.default_rng(0).permutation(240)[:50]
    apart = mismatch_scores(checkpoint, data.titles[order], data.photos[order], mixed[order])
    np.testing.assert_allclose(apart, together[order], atol=1e-4)


def test_no_listings_no_scores() -> None:
    catalogue, checkpoint, fold = trained()
    data = catalogue.data
    assert mismatch_scores(checkpoint, data.titles[:0], data.photos[:0], fold[:0]).shape == (0,)
    assert unified_embeddings(checkpoint.network, data.titles[:0], data.photos[:0]).shape == (0, NETWORK.d_z)


@pytest.mark.parametrize("block", [1, 7, 240])
def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    catalogue, checkpoint, fold = trained()
    inputs = catalogue.data.titles, catalogue.data.photos
    expected = mismatch_scores(checkpoint, *inputs, fold), unified_embeddings(checkpoint.network, *inputs)
    monkeypatch.setattr(scoring, "_BLOCK", block)
    found = mismatch_scores(checkpoint, *inputs, fold), unified_embeddings(checkpoint.network, *inputs)
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, atol=1e-4)


def test_logits_and_embeddings_row_by_row() -> None:
    import torch

    catalogue, checkpoint, _ = trained()
    titles, photos = catalogue.data.titles[:20], catalogue.data.photos[:20]
    network = checkpoint.network
    with torch.no_grad():
        p = network.project(*network.standardised(torch.from_numpy(titles), torch.from_numpy(photos)))
        m, z = network.mismatch(p.u, p.v).numpy(), network.unified(p).numpy()
    np.testing.assert_allclose(mismatch_logits(network, titles, photos), m, atol=1e-5)
    np.testing.assert_allclose(unified_embeddings(network, titles, photos), z, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)


def test_a_score_rises_with_the_evidence() -> None:
    """Out of fold alone, as for new listings: the score is σ(slope · mean standardised logit + intercept)."""
    _, checkpoint, _ = trained()
    data, _ = new_listings()
    scores = mismatch_scores(checkpoint, data.titles, data.photos, np.full(100, UNSEEN))
    evidence = np.zeros(100)
    for network, (mean, deviation) in zip(
        checkpoint.fold_networks, checkpoint.scales.out_of_fold, strict=True
    ):
        evidence += (mismatch_logits(network, data.titles, data.photos) - mean) / deviation / 3
    scales = checkpoint.scales
    np.testing.assert_allclose(scores, expit(scales.slope * evidence + scales.intercept), atol=1e-6)
    assert (np.diff(scores[np.argsort(evidence)]) >= 0).all()


def test_knots_rise_so_that_known_listings_keep_the_order_of_their_evidence() -> None:
    _, checkpoint, _ = trained()
    scales = checkpoint.scales
    assert scales.slope > 0 and len(scales.knots_from) == len(scales.knots_to) == 240
    assert (np.diff(scales.knots_from) >= 0).all() and (np.diff(scales.knots_to) >= 0).all()


def test_the_expected_share_moves_scores_but_never_the_ranking() -> None:
    catalogue, checkpoint, fold = trained()
    data, means = catalogue.data, []
    networks, orders = (checkpoint.network, checkpoint.fold_networks), []
    for share in (0.01, 0.05, 0.3):
        scales = fit_scales(*networks, data.titles, data.photos, fold, share, seed=7)
        scores = mismatch_scores(replace(checkpoint, scales=scales), data.titles, data.photos, fold)
        means.append(scores.mean())
        orders.append(np.argsort(-scores, kind="stable"))
    assert means[0] < means[1] < means[2]
    assert (orders[0] == orders[1]).all() and (orders[1] == orders[2]).all()


def test_a_swapped_photo_scores_above_the_prior_and_ones_own_below() -> None:
    catalogue, checkpoint, fold = trained()
    data, share = catalogue.data, checkpoint.training_config.expected_share
    scores = mismatch_scores(checkpoint, data.titles, data.photos, fold)
    assert np.median(scores[catalogue.swapped]) > 3 * share
    assert np.median(scores[~catalogue.swapped]) < share / 3


def test_scoring_again_gives_the_same() -> None:
    catalogue, checkpoint, fold = trained()
    inputs = catalogue.data.titles, catalogue.data.photos, fold
    assert (mismatch_scores(checkpoint, *inputs) == mismatch_scores(checkpoint, *inputs)).all()


def test_networks_that_learnt_the_opposite_do_not_turn_the_ranking_round() -> None:
    catalogue, checkpoint, fold = trained()
    data = catalogue.data
    titles = data.titles[np.random.default_rng(0).permutation(240)]  # own photos look worse than swapped ones
    scales = fit_scales(checkpoint.network, checkpoint.fold_networks, titles, data.photos, fold, 0.05, seed=7)
    assert scales.slope > 0


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_every_projection_scores(projection: str) -> None:
    data = synthetic(80).data
    checkpoint, fold = checkpoint_of(
        data, replace(TRAINING, epochs=1), replace(NETWORK, projection=projection)
    )
    scores = mismatch_scores(checkpoint, data.titles, data.photos, fold)
    assert ((scores > 0) & (scores < 1)).all() and len(set(scores.tolist())) > 40


SAME = np.zeros(60, dtype=np.int64)
DATA = synthetic(60).data
ODD: dict[str, dict[str, Any]] = {
    "one photo for all": {"photos": np.repeat(DATA.photos[:1], 60, axis=0), "photo_key": SAME},
    "one photo for all, in files that differ": {"photos": np.repeat(DATA.photos[:1], 60, axis=0)},
    "photos without content": {"photos": np.zeros_like(DATA.photos)},
    "one title for all": {"titles": np.repeat(DATA.titles[:1], 60, axis=0), "title_key": SAME},
    "one title and one photo for all": {
        "titles": np.repeat(DATA.titles[:1], 60, axis=0),
        "photos": np.repeat(DATA.photos[:1], 60, axis=0),
        "title_key": SAME,
        "photo_key": SAME,
    },
    "two products": {"product_key": np.arange(60) % 2},
    "one product": {"product_key": SAME},
    "six photos": {"photos": np.repeat(DATA.photos[:6], 10, axis=0), "photo_key": np.arange(60) // 10},
    "all labelled mismatched": {"verdict": np.ones(60, dtype=np.float32)},
    "all labelled matched": {"verdict": np.zeros(60, dtype=np.float32)},
    "everything shown, nothing clicked": {"clicked": np.zeros_like(DATA.clicked)},
    "everything clicked": {"clicked": DATA.shown},
    "pairs of two listings only": {"pairs": np.array([[0, 1]])},
}


@pytest.mark.parametrize("changed", ODD.values(), ids=ODD.keys())
def test_odd_catalogues_are_scored(changed: dict[str, Any]) -> None:
    data = replace(DATA, **changed)
    checkpoint, fold = checkpoint_of(data, replace(TRAINING, epochs=2, folds=5))
    for known in (fold, np.full(60, UNSEEN)):
        scores = mismatch_scores(checkpoint, data.titles, data.photos, known)
        assert ((scores > 0) & (scores < 1)).all()
    assert np.isfinite(unified_embeddings(checkpoint.network, data.titles, data.photos)).all()


def test_where_all_listings_are_alike_rounding_is_not_taken_for_evidence() -> None:
    catalogue, checkpoint, fold = trained()
    titles = np.repeat(catalogue.data.titles[:1], 240, axis=0)
    photos = np.repeat(catalogue.data.photos[:1], 240, axis=0)
    photos *= 1 + 1e-6 * np.random.default_rng(0).normal(size=photos.shape).astype(np.float32)
    scales = fit_scales(checkpoint.network, checkpoint.fold_networks, titles, photos, fold, 0.05, seed=7)
    scores = mismatch_scores(replace(checkpoint, scales=scales), titles, photos, fold)
    assert scores == pytest.approx(0.05, abs=1e-4)


@pytest.mark.parametrize("clicks", [True, False], ids=["with clicks", "without"])
def test_the_smallest_catalogue_is_scored(clicks: bool) -> None:
    data = synthetic(20, swaps=0.1).data
    data = data if clicks else without(data, pairs=True, impressions=True)
    small = replace(NETWORK, title_components=19, photo_components=19)
    checkpoint, fold = checkpoint_of(data, replace(TRAINING, folds=5), small)
    scores = mismatch_scores(checkpoint, data.titles, data.photos, fold)
    assert ((scores > 0) & (scores < 1)).all() and np.bincount(fold).tolist() == [4] * 5
