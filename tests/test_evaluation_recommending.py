"""Recall of queries and the AUC of co-clicked pairs, against naive loops."""

from __future__ import annotations

import numpy as np
import pytest

from mmquality.evaluation.recommending import co_click_auc, positives_of, recall_of_queries

VECTORS = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_positives_are_co_clicked_listings_of_another_product_each_once() -> None:
    pairs = np.array([[0, 1], [1, 0], [2, 0], [3, 3], [0, 4]])
    product = np.array([0, 1, 2, 3, 0])  # 0 and 4 are one product
    found = positives_of(pairs, product, np.array([0, 1, 3, 4]))
    assert [f.tolist() for f in found] == [[1, 2], [0], [], []]
    assert [len(f) for f in positives_of(np.empty((0, 2), np.int64), product, np.array([0]))] == [0]


def test_recall_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    rows = np.array([3, 8, 20])
    wanted = [np.array([1, 2]), np.arange(9, 16), np.array([5])]
    queries = VECTORS[rows] + 0.2 * rng.normal(size=(3, 5)).astype(np.float32)
    found = recall_of_queries(queries, VECTORS, rows, wanted, at=(2, 10))
    for k in (2, 10):
        for share, query, row, want in zip(found[k], queries, rows, wanted, strict=True):
            near = sorted((j for j in range(40) if j != row), key=lambda j: -cosine(query, VECTORS[j]))[:k]
            assert share == pytest.approx(len(set(near) & set(want.tolist())) / min(k, len(want)))


def test_recall_deeper_than_the_catalogue() -> None:
    found = recall_of_queries(VECTORS[:1], VECTORS[:6], np.array([0]), [np.array([1, 5])], at=(100,))
    assert found[100].tolist() == [1.0]


def test_auc_is_the_chance_that_a_co_clicked_pair_is_nearer() -> None:
    circle = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, np.pi, 30)], dtype=np.float32)
    near = np.stack([np.arange(29), np.arange(1, 30)], axis=1)
    assert co_click_auc(circle, near, np.arange(30), seed=0) == 1.0  # no other pair is as near as neighbours
    far = np.array([[0, 29]])
    assert co_click_auc(circle, far, np.arange(29), seed=0) == 0.0
    shuffled = np.random.default_rng(0).integers(0, 30, (400, 2))
    chance = co_click_auc(
        np.random.default_rng(1).normal(size=(30, 64)).astype(np.float32), shuffled, np.arange(30), 0
    )
    assert chance is None or 0.3 < chance < 0.7


def test_auc_needs_pairs_and_somebody_else() -> None:
    pairs = np.array([[0, 1]])
    assert co_click_auc(VECTORS, np.empty((0, 2), np.int64), np.arange(40), 0) is None
    assert co_click_auc(VECTORS, pairs, np.array([1, 1]), 0) is None
    assert co_click_auc(VECTORS[:2], pairs, np.array([0, 1]), 0) is None  # nobody was not co-clicked
