"""The peers: formulas against naive loops, planted swaps found, nothing learnt of the fold that is scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from synthetic import PHOTO_DIM, TITLE_DIM, synthetic

from mmquality.evaluation.peers import PEERS, peers_for
from mmquality.evaluation.peers.aligned import RIDGE, cca_cosine, cca_maps, cosine, ridge_cosine
from mmquality.evaluation.peers.catalogue import PeerCatalogue, cosines, out_of_fold, principal_inputs, swaps
from mmquality.evaluation.peers.classifiers import logistic_regression, multilayer_perceptron
from mmquality.evaluation.peers.confident import confident_learning, label_quality, out_of_sample
from mmquality.evaluation.peers.contrastive import Schedule, info_nce, symmetric_info_nce
from mmquality.evaluation.peers.lemon import PUBLISHED, TUNED, Constants, lemon
from mmquality.evaluation.peers.spaces import (
    SPACES,
    SpaceData,
    concatenation,
    info_nce_space,
    pca_concatenation,
)

SCHEDULE = Schedule(d=12, hidden=24, dropout=0.3, epochs=8, batch_size=40)
FOLDS = 4


def made(n: int = 240, swaps: float = 0.12, seed: int = 3) -> tuple[PeerCatalogue, np.ndarray]:
    """A catalogue with planted swaps whose categories are visible in both title and photo, and its truth."""
    catalogue = synthetic(n, swaps=swaps, seed=seed, noise=0.2)
    data = catalogue.data
    side = data.titles @ np.random.default_rng(0).normal(size=TITLE_DIM) > 0
    x, y = principal_inputs(data.titles, data.photos)
    peers = PeerCatalogue(
        titles=data.titles,
        photos=data.photos,
        x=x,
        y=y,
        fold=np.arange(n) % FOLDS,
        keys=np.stack([data.title_key, data.photo_key, data.product_key], axis=1),
        category=np.where(side, "lamps", "mugs").astype(object),
    )
    return peers, catalogue.swapped


@pytest.fixture(scope="module")
def planted() -> tuple[PeerCatalogue, np.ndarray]:
    return made()


def of(name: str, data: PeerCatalogue) -> np.ndarray:
    return info_nce(data, SCHEDULE) if name == "infonce" else PEERS[name](data)


LEARNING = ["ridge cosine", "cca", "logistic regression", "mlp", "confident learning", "infonce"]


@pytest.mark.parametrize("name", [*LEARNING, "lemon", "lemon tuned"])
def test_every_peer_finds_planted_swaps(name: str, planted: tuple[PeerCatalogue, np.ndarray]) -> None:
    data, swapped = planted
    score = of(name, data)
    assert score.shape == (240,) and score.dtype == np.float64 and np.isfinite(score).all()
    least = 0.6 if name == "confident learning" else 0.8  # a swap within one category looks right to it
    assert roc_auc_score(swapped, score) > least


@pytest.mark.parametrize("name", [*LEARNING, "lemon", "random"])
def test_the_same_seed_gives_the_same_scores(name: str, planted: tuple[PeerCatalogue, np.ndarray]) -> None:
    np.testing.assert_array_equal(of(name, planted[0]), of(name, planted[0]))


def mixed_up(data: PeerCatalogue, fold: int) -> tuple[PeerCatalogue, np.ndarray, np.ndarray]:
    """Twenty listings of a fold have changed photos and categories among themselves; they, and the others."""
    held = np.flatnonzero(data.fold == fold)
    photos, y, category = data.photos.copy(), data.y.copy(), data.category
    for of_photos in (photos, y):
        of_photos[held[:20]] = of_photos[np.roll(held[:20], 1)]
    assert category is not None
    category = category.copy()
    category[held[:20]] = category[np.roll(held[:20], 1)]
    return replace(data, photos=photos, y=y, category=category), held[:20], held[20:]


@pytest.mark.parametrize("name", [name for name in LEARNING if name != "confident learning"])
def test_what_goes_with_what_in_a_fold_teaches_its_model_nothing(
    name: str, planted: tuple[PeerCatalogue, np.ndarray]
) -> None:
    data, _ = planted
    changed, _, rest = mixed_up(data, fold=1)
    before, after = of(name, data), of(name, changed)
    # Fold 1's own model is the same: its other listings are scored as before, on a scale moved and stretched.
    slope, intercept = np.polyfit(before[rest], after[rest], 1)
    np.testing.assert_allclose(after[rest], slope * before[rest] + intercept, atol=0.02)
    other = data.fold == 0
    assert not np.allclose(before[other], after[other], atol=0.02)


def test_the_categories_of_a_fold_teach_its_model_nothing(planted: tuple[PeerCatalogue, np.ndarray]) -> None:
    data, _ = planted
    known, label = np.ones(len(data), dtype=bool), (data.category == "mugs").astype(np.int64)
    changed, _, rest = mixed_up(data, fold=1)
    changed = replace(
        changed, photos=data.photos, y=data.y
    )  # else photo and category would still go together
    before = out_of_sample(data, known, label, 2)
    after = out_of_sample(changed, known, (changed.category == "mugs").astype(np.int64), 2)
    np.testing.assert_allclose(before[rest], after[rest], atol=1e-3)
    other = data.fold == 0
    assert not np.allclose(before[other], after[other], atol=1e-3)


def test_the_photos_of_a_fold_do_not_align_its_own_lemon() -> None:
    data, _ = made()
    only_match = Constants(k=5, beta=0, gamma=0, tau_1=0, tau_2=0)
    changed, _, rest = mixed_up(data, fold=1)
    before, after = lemon(data, only_match), lemon(changed, only_match)
    np.testing.assert_allclose(before[rest], after[rest], atol=1e-4)
    assert not np.allclose(before[data.fold == 0], after[data.fold == 0], atol=1e-4)


def test_plain_cosine_against_a_loop() -> None:
    data, _ = made(30)
    data = replace(data, photos=data.photos[:, :TITLE_DIM])
    expected = [
        -(x @ y) / np.linalg.norm(x) / np.linalg.norm(y)
        for x, y in zip(data.titles, data.photos, strict=True)
    ]
    np.testing.assert_allclose(cosine(data), expected, atol=1e-6)


def test_ridge_cosine_against_the_normal_equations() -> None:
    data, _ = made(60)
    x, y = data.x.astype(np.float64), data.y.astype(np.float64)
    expected = np.empty(60)
    for f in range(FOLDS):
        train, held = data.fold != f, data.fold == f
        gram = y[train].T @ y[train]
        w = (
            np.linalg.inv(gram + RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram)))
            @ y[train].T
            @ x[train]
        )
        raw = np.array(
            [
                -(a @ (b @ w)) / np.linalg.norm(a) / np.linalg.norm(b @ w)
                for a, b in zip(x[held], y[held], strict=True)
            ]
        )
        expected[held] = (raw - raw.mean()) / raw.std()
    np.testing.assert_allclose(ridge_cosine(data), expected, atol=1e-3)


def test_cca_cosine_is_the_cosine_of_what_a_cca_of_the_other_folds_gives() -> None:
    data, _ = made(80)
    x, y = data.x, data.y
    train, held = data.fold != 2, data.fold == 2
    a, b = cca_maps(x[train], y[train])
    raw = -cosines(x[held] @ a, y[held] @ b)
    np.testing.assert_allclose(cca_cosine(data)[held], (raw - raw.mean()) / raw.std(), atol=1e-6)


def naive_lemon(data: PeerCatalogue, c: Constants) -> np.ndarray:
    """The formula, listing by listing and neighbour by neighbour."""
    n = len(data)
    d_mm = lemon(data, Constants(k=1, beta=0, gamma=0, tau_1=0, tau_2=0))

    def d(vectors: np.ndarray, i: int, j: int) -> float:
        a, b = vectors[i].astype(float), vectors[j].astype(float)
        return float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    def term(near: np.ndarray, other: np.ndarray, i: int) -> float:
        nearest = sorted((j for j in range(n) if j != i), key=lambda j: d(near, i, j))[: c.k]
        parts = [
            d(other, i, j) * np.exp(-c.tau_1 * d(near, i, j)) * np.exp(-c.tau_2 * d_mm[j]) for j in nearest
        ]
        return float(np.mean(parts))

    return np.array(
        [
            d_mm[i] + c.beta * term(data.photos, data.titles, i) + c.gamma * term(data.titles, data.photos, i)
            for i in range(n)
        ]
    )


@pytest.mark.parametrize("constants", [PUBLISHED, TUNED, Constants(4, 2.0, 0.5, 3.0, 0.0)])
def test_lemon_against_its_formula(constants: Constants) -> None:
    data, _ = made(50)
    np.testing.assert_allclose(lemon(data, constants), naive_lemon(data, constants), rtol=1e-4, atol=1e-5)


def test_lemon_of_fewer_listings_than_neighbours() -> None:
    assert np.isfinite(lemon(made(12)[0])).all()


def test_info_nce_against_a_loop() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 6, 4))
    related = np.zeros((6, 6), dtype=bool)
    related[0, 3] = related[3, 0] = True
    scale = 7.0
    cosine_of = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in v] for a in u])
    total = 0.0
    for logits in (scale * cosine_of, scale * cosine_of.T):
        for i in range(6):
            left = [logits[i, j] for j in range(6) if j == i or not related[i, j]]
            total += -logits[i, i] + np.log(np.sum(np.exp(left)))
    tensors = (
        torch.from_numpy(u),
        torch.from_numpy(v),
        torch.tensor(np.log(scale)),
        torch.from_numpy(related),
    )
    assert float(symmetric_info_nce(*tensors)) == pytest.approx(total / 12)


def test_label_quality_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    probability, label = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    threshold = [
        np.mean([p[k] for p, own in zip(probability, label, strict=True) if own == k]) for k in range(3)
    ]
    for found, p, own in zip(label_quality(probability, label), probability, label, strict=True):
        adjusted = [p[k] - threshold[k] + max(threshold) for k in range(3)]
        adjusted = [a / sum(adjusted) for a in adjusted]
        other = max(a for k, a in enumerate(adjusted) if k != own)
        assert found == pytest.approx((adjusted[own] - other + 1) / 2)


def test_a_category_too_small_to_learn_is_judged_by_nothing() -> None:
    data, _ = made()
    assert data.category is not None
    category = data.category.copy()
    category[:3], category[3:6] = "rare", ""
    found = confident_learning(replace(data, category=category))
    assert (found[:6] == 0.5).all() and (found[6:] != 0.5).any()
    alone = np.full(240, "mugs", dtype=object)
    assert (confident_learning(replace(data, category=alone)) == 0.5).all()


def test_a_swap_is_never_that_of_a_relative() -> None:
    data, _ = made(60)
    keys = np.stack([np.arange(60) // 2, np.arange(60) // 3, np.arange(60) // 5], axis=1)
    data = replace(data, keys=keys)
    rows = np.flatnonzero(data.fold != 0)
    title, photo = swaps(data, rows, np.random.default_rng(0))
    assert len(title) == len(photo) == len(rows) and set(title) | set(photo) <= set(rows)
    assert not (keys[title] == keys[photo]).any()
    all_one = replace(data, keys=np.zeros((60, 3), dtype=np.int64))
    assert len(swaps(all_one, rows, np.random.default_rng(0))[0]) == 0


def test_half_of_the_swaps_are_those_of_similar_titles() -> None:
    data, _ = made()
    rows = np.arange(240)
    title, photo = swaps(data, rows, np.random.default_rng(0))
    centred = data.titles / np.linalg.norm(data.titles, axis=1, keepdims=True)
    order = np.argsort(-(centred @ centred.T), axis=1)
    rank = np.array([int(np.flatnonzero(order[t] == p)[0]) for t, p in zip(title, photo, strict=True)])
    assert 0.4 < (rank <= 20).mean() < 0.75


def test_each_folds_scores_are_standardised() -> None:
    data, _ = made(40)
    found = out_of_fold(data, lambda train, held: held.astype(np.float64) * 9 + len(train))
    for f in range(FOLDS):
        assert found[data.fold == f].mean() == pytest.approx(0) and found[
            data.fold == f
        ].std() == pytest.approx(1)
    assert not out_of_fold(data, lambda train, held: np.ones(len(held))).any()


def test_only_what_a_catalogue_allows() -> None:
    data, _ = made(30)
    assert set(PEERS) - set(peers_for(data)) == {"cosine"}
    same = replace(data, photos=data.photos[:, :TITLE_DIM], category=None)
    assert set(PEERS) - set(peers_for(same)) == {"confident learning"}
    assert PHOTO_DIM != TITLE_DIM


def test_two_folds_are_enough() -> None:
    data, _ = made(80)
    data = replace(data, fold=np.arange(80) % 2)
    for peer in (logistic_regression, multilayer_perceptron):
        assert np.isfinite(peer(data)).all()


def space_data(n: int = 200) -> SpaceData:
    data = synthetic(n, seed=5).data
    return SpaceData(data.titles, data.photos, np.arange(n)[:, None], data.pairs)


def cosine_gap(vectors: np.ndarray, pairs: np.ndarray) -> float:
    """How much nearer co-clicked listings are than the mean pair."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((unit[pairs[:, 0]] * unit[pairs[:, 1]]).sum(axis=1).mean() - (unit @ unit.T).mean())


def test_every_space_brings_co_clicked_listings_together() -> None:
    data = space_data()
    for name, space in SPACES.items():
        found = info_nce_space(data, SCHEDULE) if name == "infonce" else space(data)
        assert len(found) == 200 and np.isfinite(found).all() and cosine_gap(found, data.pairs) > 0.1, name


def test_concatenation_is_the_mean_of_both_cosines() -> None:
    data = space_data(20)
    both = concatenation(data).astype(float)
    titles, photos = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (data.titles, data.photos))
    np.testing.assert_allclose(both @ both.T / 2, (titles @ titles.T + photos @ photos.T) / 2, atol=1e-5)


def test_info_nce_learns_from_pairs_and_stays_at_its_start_without() -> None:
    data = space_data()
    none = replace(data, pairs=np.empty((0, 2), dtype=np.int64))
    np.testing.assert_array_equal(info_nce_space(none), pca_concatenation(data))
    odd = replace(data, pairs=np.stack([np.arange(100), np.arange(100, 200)], axis=1))  # nothing tells them
    start = pca_concatenation(odd, SCHEDULE.d)
    assert cosine_gap(info_nce_space(odd, SCHEDULE), odd.pairs) > cosine_gap(start, odd.pairs) + 0.1
