"""The propagation weight: chosen where pairs say more than the vectors, none where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mmquality import rows as arrays
from mmquality.rows import Made, Stored, in_folder
from mmquality.training import propagation
from mmquality.training.propagation import WEIGHTS, propagation_weight

Ints = npt.NDArray[np.int64]

N = 600


def unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def pairs_within(groups: Ints, rng: np.random.Generator, each: int) -> Ints:
    """`each` random partners of the same group for every listing."""
    found = [
        (i, other)
        for i in range(len(groups))
        for other in rng.choice(np.flatnonzero(groups == groups[i]), each)
        if other != i
    ]
    return np.array(found, dtype=np.int64)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pairs_that_tell_what_vectors_only_whisper_are_propagated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 12, N)
    vectors = unit(0.3 * np.eye(12)[groups] + 0.2 * rng.normal(size=(N, 12)))
    pairs = pairs_within(groups, rng, 6)
    assert propagation_weight(vectors, pairs, np.arange(N), seed) >= 0.2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pairs_that_vectors_foretell_are_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(N, 3)))
    nearest = np.argsort(-vectors @ vectors.T, axis=1)[:, 1:3]
    alike = np.stack([np.repeat(np.arange(N), 2), nearest.ravel()], axis=1)
    assert propagation_weight(vectors, alike, np.arange(N), seed) == 0


def test_without_a_pair_to_ask_for_the_weight_is_zero() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(40, 4)))
    none = np.empty((0, 2), dtype=np.int64)
    assert propagation_weight(vectors, none, np.arange(40), 7) == 0
    assert propagation_weight(vectors, np.array([[0, 1]]), np.arange(40), 7) == 0  # too few to hold one out
    pairs = np.stack([np.arange(0, 40, 2), np.arange(1, 40, 2)], axis=1)
    assert propagation_weight(vectors, pairs, np.arange(40) // 2, 7) == 0  # variants of one product


def test_the_same_seed_chooses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    vectors, pairs = unit(rng.normal(size=(N, 6))), rng.integers(0, N, (N, 2))
    asked: list[list[int]] = []
    monkeypatch.setattr(propagation, "_recall", lambda v, wanted, k: asked.append(list(wanted)) or np.ones(3))
    for seed in (7, 7, 8):
        propagation_weight(vectors, pairs, np.arange(N), seed)
    assert asked[0] == asked[len(WEIGHTS)] != asked[-1]


def test_held_out_listings_lose_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    vectors, pairs = unit(rng.normal(size=(N, 6))), rng.integers(0, N, (N, 2))
    left: list[Ints] = []
    asked: list[set[int]] = []
    monkeypatch.setattr(propagation, "propagate", lambda own, p, weight, moved: left.append(p))
    monkeypatch.setattr(propagation, "_recall", lambda v, wanted, k: asked.append(set(wanted)) or np.ones(3))
    propagation_weight(vectors, pairs, np.arange(N), 7)
    assert asked[0] and len(left[0]) and not asked[0] & set(left[0].ravel().tolist())


def test_vectors_that_are_made_when_asked_for_and_kept_in_files_tell_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rng, given = np.random.default_rng(1), []
    groups = rng.integers(0, 12, N)
    vectors = unit(0.3 * np.eye(12)[groups] + 0.2 * rng.normal(size=(N, 12)))
    pairs, recall, told = pairs_within(groups, rng, 6), propagation._recall, []

    def recording(of: Stored, *rest: object) -> np.ndarray:
        given.append(type(of))
        told.append(recall(of, *rest))
        return told[-1]

    monkeypatch.setattr(propagation, "_recall", recording)
    weight = propagation_weight(vectors, pairs, np.arange(N), 7)
    monkeypatch.setattr(arrays, "BLOCK", 64)
    made = Made(N, 12, lambda rows: vectors[rows])
    assert propagation_weight(made, pairs, np.arange(N), 7, in_folder(tmp_path)) == weight > 0
    assert set(given[len(WEIGHTS) :]) == {Stored} and len(list(tmp_path.iterdir())) == 2
    np.testing.assert_array_equal(told[: len(WEIGHTS)], told[len(WEIGHTS) :])


def test_recall_against_a_loop() -> None:
    rng = np.random.default_rng(5)
    vectors = unit(rng.normal(size=(30, 4)))
    wanted = {3: {1, 2, 9}, 8: {0}, 20: set(range(10))}
    by_hand = []
    for query, others in wanted.items():
        order = [i for i in np.argsort(-vectors @ vectors[query]) if i != query][:5]
        by_hand.append(len(others & set(order)) / min(5, len(others)))
    np.testing.assert_allclose(propagation._recall(vectors, wanted, 5), by_hand)
