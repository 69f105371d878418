"""Scores: between 0 and 1, in the order of the evidence, planted swaps first, whatever the catalogue."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.special import expit, logit
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from synthetic import NETWORK, TRAINING, checkpoint_of, learnt, listings_of, synthetic, trained, without

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.network.projection import PROJECTIONS
from mmquality.records import UNSEEN
from mmquality.rows import Stored, kept
from mmquality.scoring import (
    Listings,
    evidence,
    fit_scales,
    frozen,
    mismatch_logits,
    mismatch_scores,
    networks,
    read_block,
    read_blocks,
)
from mmquality.suspicion.neighbours import Neighbourhood
from mmquality.suspicion.weighing import trust_after
from mmquality.training.data import TrainingData


def of_the_trained() -> Listings:
    """The catalogue with planted swaps, as it was trained on."""
    catalogue, _, fold = trained()
    return listings_of(catalogue.data, fold)


def in_order(listings: Listings, rows: np.ndarray) -> Listings:
    """The listings `rows`, in that order."""
    arrays = (listings.titles, listings.photos, listings.fold, listings.shown, listings.clicked)
    return Listings(*(array[rows] for array in arrays))


def gathered_of(checkpoint: Checkpoint, listings: Listings) -> evidence.Gathered:
    """What the networks read of all listings."""
    nets = checkpoint.network, checkpoint.fold_networks
    return evidence.Gathered.of(len(listings), read_blocks(frozen(*nets), listings.titles, listings.photos))


def without_log(listings: Listings) -> Listings:
    none = np.zeros((len(listings), 0), dtype=np.float32)
    return replace(listings, shown=none, clicked=none)


def test_planted_swaps_rank_first() -> None:
    catalogue, checkpoint, _ = trained()
    scores = mismatch_scores(checkpoint, of_the_trained())
    assert average_precision_score(catalogue.swapped, scores) > 0.97
    assert ((scores > 0) & (scores < 1)).all()


def test_planted_swaps_rank_first_without_a_click_too() -> None:
    catalogue, checkpoint, _ = trained()
    scores = mismatch_scores(checkpoint, without_log(of_the_trained()))
    assert average_precision_score(catalogue.swapped, scores) > 0.95


def test_scores_say_how_many_there_are_and_which() -> None:
    catalogue, checkpoint, _ = trained()
    scores, planted = mismatch_scores(checkpoint, of_the_trained()), catalogue.swapped.mean()
    assert checkpoint.scales.share == pytest.approx(planted, abs=0.02)
    assert scores.mean() == pytest.approx(planted, abs=0.02)
    assert np.median(scores[catalogue.swapped]) > 0.9 and np.median(scores[~catalogue.swapped]) < 0.02


def new_listings(n: int = 100) -> tuple[TrainingData, np.ndarray]:
    """Listings of the trained catalogue's kind that it does not hold, a third of them swapped; no log."""
    catalogue, _, _ = trained()
    rng, data = np.random.default_rng(5), without(catalogue.data, impressions=True)
    rows = np.flatnonzero(~catalogue.swapped)[:n]
    photos = data.photos[rows] + 0.1 * rng.normal(size=(n, data.photos.shape[1])).astype(np.float32)
    swapped = np.arange(n) < n // 3
    photos[swapped] = np.roll(photos[swapped], 1, axis=0)
    return replace(data.subset(rows), photos=photos), swapped


def test_listings_that_are_new_to_the_model_are_scored_too() -> None:
    _, checkpoint, _ = trained()
    data, swapped = new_listings()
    scores = mismatch_scores(checkpoint, listings_of(data, np.full(100, UNSEEN)))
    assert average_precision_score(swapped, scores) > 0.9
    assert ((scores > 0) & (scores < 1)).all()


def test_a_few_new_listings_among_known_ones() -> None:
    """None of them loses its place: the networks' in-sample opinion is all that a new listing lacks."""
    catalogue, checkpoint, fold = trained()
    mixed = replace(of_the_trained(), fold=np.where(np.arange(240) % 4, fold, UNSEEN))
    scores = mismatch_scores(checkpoint, mixed)
    assert average_precision_score(catalogue.swapped, scores) > 0.95


def test_one_listing_alone_is_scored() -> None:
    _, checkpoint, _ = trained()
    for fold in (0, UNSEEN):
        one = replace(in_order(of_the_trained(), np.array([3])), fold=np.array([fold]))
        assert 0 < mismatch_scores(checkpoint, one)[0] < 1


def test_the_order_of_listings_does_not_matter() -> None:
    _, checkpoint, fold = trained()
    mixed = replace(of_the_trained(), fold=np.where(np.arange(240) % 3, fold, UNSEEN))
    order = np.random.default_rng(0).permutation(240)
    expected = mismatch_scores(checkpoint, mixed)[order]
    np.testing.assert_allclose(mismatch_scores(checkpoint, in_order(mixed, order)), expected, atol=1e-3)


def test_no_listings_no_scores() -> None:
    _, checkpoint, _ = trained()
    none = in_order(of_the_trained(), np.arange(0))
    assert mismatch_scores(checkpoint, none).shape == (0,)
    assert mismatch_logits(checkpoint.network, none.titles, none.photos).shape == (0,)


@pytest.mark.parametrize("block", [1, 7, 240])
def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    _, checkpoint, _ = trained()
    listings = of_the_trained()
    asked = checkpoint.network, listings.titles, listings.photos
    scores, logits = mismatch_scores(checkpoint, listings), mismatch_logits(*asked)
    monkeypatch.setattr(networks, "BLOCK", block)
    np.testing.assert_allclose(mismatch_scores(checkpoint, listings), scores, atol=1e-3)
    np.testing.assert_allclose(mismatch_logits(*asked), logits, atol=1e-5)


def test_files_give_what_memory_gives(tmp_path: Path) -> None:
    _, checkpoint, _ = trained()
    number, listings = count(), of_the_trained()

    def new(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        return Stored.create(tmp_path / f"{next(number)}.npy", shape, dtype)

    places = ("titles", "photos", "shown", "clicked")
    stored = replace(listings, **{name: kept(getattr(listings, name), new) for name in places})
    found = mismatch_scores(checkpoint, stored, new=new)
    np.testing.assert_array_equal(found, mismatch_scores(checkpoint, listings))


def test_logits_and_embeddings_row_by_row() -> None:
    catalogue, checkpoint, _ = trained()
    titles, photos = catalogue.data.titles[:20], catalogue.data.photos[:20]
    network = checkpoint.network
    with torch.no_grad():
        x, y = network.standardised(torch.from_numpy(titles), torch.from_numpy(photos))
        p = network.project(x, y)
        m, z = network.mismatch(p.u, p.v).numpy(), network.unified(p).numpy()
    np.testing.assert_allclose(mismatch_logits(network, titles, photos), m, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5)
    read = read_block(frozen(network, checkpoint.fold_networks), [titles], photos)
    by_hand = [other.mismatch(*other.project(x, y)).detach().numpy() for other in checkpoint.fold_networks]
    lengths = np.stack([np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1)], axis=1)
    at_unit_length = ((read.x, x.numpy() / lengths[:, :1]), (read.y, y.numpy() / lengths[:, 1:]), (read.z, z))
    for found, expected in (*at_unit_length, (read.lengths, lengths)):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(read.logits, np.stack([*by_hand, m], axis=1), atol=1e-5)


class TestEvidence:
    def test_who_never_saw_a_listing_and_who_did(self) -> None:
        """Against a naive loop over listings and networks; the last network is the one trained on all."""
        rng = np.random.default_rng(0)
        logits, fold = rng.normal(size=(30, 4)), rng.integers(-1, 3, 30)
        scales = Scales(
            in_sample=((0.1, 2.0), (0.2, 0.5), (0.3, 1.5), (0.4, 3.0)),
            out_of_fold=((-0.1, 1.0), (-0.2, 4.0), (-0.3, 0.7)),
        )
        found = evidence.network_evidence(logits, fold, scales)
        for i, held_out in enumerate(fold):
            apart = [(logits[i, k] - m) / d for k, (m, d) in enumerate(scales.out_of_fold)]
            saw = [(logits[i, k] - m) / d for k, (m, d) in enumerate(scales.in_sample) if k != held_out]
            new = held_out == UNSEEN
            assert found.unseen[i] == pytest.approx(np.mean(apart) if new else apart[held_out])
            assert found.seen[i] == pytest.approx(0 if new else np.mean(saw))

    def test_a_score_is_what_its_parts_add_up_to(self) -> None:
        """The formula of `mismatch_scores` for listings without clicks, trust refined in five rounds."""
        _, checkpoint, fold = trained()
        known = np.where(np.arange(240) % 3, fold, UNSEEN)
        listings, s = replace(without_log(of_the_trained()), fold=known), checkpoint.scales
        gathered = gathered_of(checkpoint, listings)
        said = evidence.network_evidence(gathered.logits, known, s)
        around = Neighbourhood.among(gathered.titles, gathered.photos)
        trust = 1 - expit(s.slope * (said.unseen + said.seen) + s.intercept)
        for _ in range(5):
            ratio = s.weighing.log_odds(np.column_stack([said.unseen, around.terms(trust)]))
            blended = s.blend[0] * ratio + s.blend[1] * said.seen + s.blend[2]
            ratio = np.where(known == UNSEEN, ratio, blended)
            trust = trust_after(ratio)
        expected = expit(ratio + logit(s.share))
        np.testing.assert_allclose(mismatch_scores(checkpoint, listings), expected, atol=1e-9)
        judged = replace(checkpoint, scales=replace(s, verdicts=(0.5, -1.0)))
        found = mismatch_scores(judged, listings)
        np.testing.assert_allclose(logit(found), 0.5 * logit(expected) - 1, rtol=1e-6)

    def test_in_sample_logits_count_a_quarter_and_change_neither_mean_nor_spread(self) -> None:
        """New listings, which lack them, are compared with known ones."""
        catalogue, checkpoint, fold = trained()
        s, gathered = checkpoint.scales, gathered_of(checkpoint, listings_of(catalogue.data, fold))
        said = evidence.network_evidence(gathered.logits, fold, s)
        shown = Neighbourhood.among(gathered.titles, gathered.photos).shown()
        alone, blended = evidence.settled(said, shown, fold, s)
        assert s.blend[1] > 0 and s.blend[1] / (s.blend[0] * alone.std()) == pytest.approx(0.25, rel=0.05)
        assert blended.mean() == pytest.approx(alone.mean(), abs=0.2)
        assert blended.std() == pytest.approx(alone.std(), rel=0.05)

    def test_a_neighbour_that_is_suspected_says_less(self) -> None:
        """Listings whose neighbours by photo show stolen photos are not blamed for it."""
        catalogue, checkpoint, _ = trained()
        robbed = np.flatnonzero(catalogue.swapped)
        listings = of_the_trained()
        photos = listings.photos.astype(np.float64)
        victims = [int(np.argsort(((photos - photos[r]) ** 2).sum(axis=1))[1]) for r in robbed]
        victims = [v for v in victims if not catalogue.swapped[v]]
        assert len(victims) > 10
        assert np.median(mismatch_scores(checkpoint, without_log(listings))[victims]) < 0.1


class TestFitting:
    @pytest.mark.parametrize("share", [0.01, 0.3])
    def test_the_expected_share_is_forgotten_once_the_catalogue_has_spoken(self, share: float) -> None:
        catalogue, checkpoint, _ = trained()
        nets, data = (checkpoint.network, checkpoint.fold_networks), catalogue.data
        config = replace(checkpoint.training_config, expected_share=share)
        scales = fit_scales(*nets, of_the_trained(), data.keys, config).scales
        assert scales.share == pytest.approx(checkpoint.scales.share, abs=0.02)
        scores = mismatch_scores(replace(checkpoint, scales=scales), of_the_trained())
        expected = mismatch_scores(checkpoint, of_the_trained())
        assert spearmanr(scores, expected).statistic > 0.98 and abs(scores - expected).mean() < 0.02

    def test_fitting_and_scoring_again_give_the_same(self) -> None:
        catalogue, checkpoint, _ = trained()
        nets, data = (checkpoint.network, checkpoint.fold_networks), catalogue.data
        again = fit_scales(*nets, of_the_trained(), data.keys, checkpoint.training_config, data.verdict)
        assert again.scales == checkpoint.scales
        scores = mismatch_scores(checkpoint, of_the_trained())
        assert (scores == mismatch_scores(checkpoint, of_the_trained())).all()

    def test_every_piece_of_evidence_counts_and_in_the_right_direction(self) -> None:
        """Networks, neighbours by photo and neighbours by title all tell swapped photos from own ones."""
        _, checkpoint, _ = trained()
        assert checkpoint.scales.slope > 0.5 and min(checkpoint.scales.weighing.weights[:3]) > 0.5

    def test_networks_that_learnt_the_opposite_are_not_turned_round_at_first_sight(self) -> None:
        catalogue, checkpoint, _ = trained()
        nets = deepcopy([checkpoint.network, *checkpoint.fold_networks])
        with torch.no_grad():
            for network in nets:
                for parameter in network.head.layers[-1].parameters():
                    parameter *= -1  # own photos look worse than swapped ones
        keys, config = catalogue.data.keys, checkpoint.training_config
        assert 0 < fit_scales(nets[0], nets[1:], of_the_trained(), keys, config).scales.slope < 0.1

    def test_where_all_listings_are_alike_rounding_is_not_taken_for_evidence(self) -> None:
        catalogue, checkpoint, _ = trained()
        titles, photos = (
            np.repeat(e[:1], 240, axis=0) for e in (catalogue.data.titles, catalogue.data.photos)
        )
        photos *= 1 + 1e-6 * np.random.default_rng(1).normal(size=photos.shape).astype(np.float32)
        listings = replace(without_log(of_the_trained()), titles=titles, photos=photos)
        nets, keys = (checkpoint.network, checkpoint.fold_networks), catalogue.data.keys
        scales = fit_scales(*nets, listings, keys, checkpoint.training_config).scales
        scores = mismatch_scores(replace(checkpoint, scales=scales), listings)
        share = checkpoint.training_config.expected_share
        assert np.ptp(scores) < share / 2 and share / 2 < scores.mean() < 2 * share

    def test_where_everything_shares_a_key_the_networks_alone_tell(self) -> None:
        catalogue, checkpoint, _ = trained()
        nets, one = (checkpoint.network, checkpoint.fold_networks), np.zeros((240, 3), dtype=np.int64)
        scales = fit_scales(*nets, of_the_trained(), one, checkpoint.training_config).scales
        assert scales.weighing.weights[0] > 0 and not any(scales.weighing.weights[1:])
        scores = mismatch_scores(replace(checkpoint, scales=scales), without_log(of_the_trained()))
        assert average_precision_score(catalogue.swapped, scores) > 0.8


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_every_projection_scores(projection: str) -> None:
    data = synthetic(80).data
    network = replace(NETWORK, projection=projection)
    checkpoint, fold = checkpoint_of(data, replace(TRAINING, epochs=1), network)
    scores = mismatch_scores(checkpoint, listings_of(data, fold))
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
        scores = mismatch_scores(checkpoint, listings_of(data, known))
        assert ((scores > 0) & (scores < 1)).all()
    assert np.isfinite(learnt(checkpoint.network, data.titles, data.photos)).all()


@pytest.mark.parametrize("clicks", [True, False], ids=["with clicks", "without"])
def test_the_smallest_catalogue_is_scored(clicks: bool) -> None:
    data = synthetic(20, swaps=0.1).data
    data = data if clicks else without(data, pairs=True, impressions=True)
    small = replace(NETWORK, title_components=19, photo_components=19)
    checkpoint, fold = checkpoint_of(data, replace(TRAINING, folds=5), small)
    scores = mismatch_scores(checkpoint, listings_of(data, fold))
    assert ((scores > 0) & (scores < 1)).all() and np.bincount(fold).tolist() == [4] * 5
