"""Propagation over co-clicked pairs: against a loop, and what must hold for any graph."""

from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
import pytest
import torch  # noqa: F401  # here, or the first example waits for it
from hypothesis import given
from hypothesis import strategies as st

from mmquality.graph import propagated

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NO_PAIRS = np.empty((0, 2), dtype=np.int64)


def unit_vectors(n: int, seed: int = 0, d: int = 5) -> Floats:
    vectors = np.random.default_rng(seed).normal(size=(n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def by_hand(z: Floats, pairs: Ints, weight: float) -> Floats:
    """The formula, a listing and a partner at a time."""
    partners: list[set[int]] = [set() for _ in z]
    for a, b in pairs.tolist():
        if a != b:
            partners[a].add(b)
            partners[b].add(a)
    result = []
    for i, others in enumerate(partners):
        vector = z[i].astype(np.float64)
        for j in others:
            vector = vector + weight * z[j] / len(others) ** 0.5
        result.append(vector / np.linalg.norm(vector))
    return np.array(result, dtype=np.float32)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Floats, Ints]:
    """Unit vectors of up to twelve listings, and pairs of them: doubled, mirrored, of one listing alone."""
    n = draw(st.integers(1, 12))
    row = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(row, row), max_size=30))
    return unit_vectors(n, draw(st.integers(0, 99))), np.array(pairs, dtype=np.int64).reshape(-1, 2)


WEIGHTS = st.floats(0, 3)


@given(graphs(), WEIGHTS)
def test_propagation_against_a_loop(graph: tuple[Floats, Ints], weight: float) -> None:
    np.testing.assert_allclose(propagated(*graph, weight), by_hand(*graph, weight), atol=2e-3)


@pytest.mark.parametrize("block", [1, 5])
def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    z, pairs = unit_vectors(40), np.random.default_rng(1).integers(0, 40, (90, 2))
    expected = propagated(z, pairs, 0.4)
    monkeypatch.setattr("mmquality.graph._BLOCK", block)
    np.testing.assert_array_equal(propagated(z, pairs, 0.4), expected)


@given(graphs(), WEIGHTS, st.integers(1, 4))
def test_partners_may_be_read_a_few_at_a_time(graph: tuple[Floats, Ints], weight: float, few: int) -> None:
    z, most = graph[0], []

    class Read(np.ndarray):
        def __getitem__(self, rows: object) -> Floats:
            most.append(len(found := z[rows]))
            return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("mmquality.graph._GATHERED", few)
        patched.setattr("mmquality.graph._BLOCK", few)
        found = propagated(z.view(Read), graph[1], weight)
    np.testing.assert_allclose(found, by_hand(*graph, weight), atol=2e-3)
    assert max(most) <= few


@given(graphs(), WEIGHTS)
def test_every_vector_keeps_unit_norm(graph: tuple[Floats, Ints], weight: float) -> None:
    np.testing.assert_allclose(np.linalg.norm(propagated(*graph, weight), axis=1), 1, atol=1e-5)


@given(graphs(), WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_listings_does_not_matter(
    graph: tuple[Floats, Ints], weight: float, random: Random
) -> None:
    z, pairs = graph
    order = list(range(len(z)))
    random.shuffle(order)  # row i of the shuffled catalogue is listing order[i]
    new_row = np.argsort(order)
    shuffled = propagated(z[order], new_row[pairs], weight)
    np.testing.assert_allclose(shuffled, propagated(z, pairs, weight)[order], atol=2e-3)


@given(graphs(), WEIGHTS)
def test_listings_without_a_partner_stay(graph: tuple[Floats, Ints], weight: float) -> None:
    z, pairs = graph
    alone = np.setdiff1d(np.arange(len(z)), pairs[pairs[:, 0] != pairs[:, 1]])
    np.testing.assert_array_equal(propagated(z, pairs, weight)[alone], z[alone])


@given(graphs())
def test_weight_zero_and_no_pairs_change_nothing(graph: tuple[Floats, Ints]) -> None:
    z, pairs = graph
    np.testing.assert_array_equal(propagated(z, pairs, 0), z)
    np.testing.assert_array_equal(propagated(z, NO_PAIRS, 1), z)


def test_partners_come_nearer_and_their_own_partners_count_in_full() -> None:
    z = unit_vectors(4)
    moved = propagated(z, np.array([[0, 1], [0, 2]]), 0.5)
    assert moved[0] @ z[1] > z[0] @ z[1] and moved[1] @ z[0] > z[1] @ z[0]
    expected = z[0] + 0.5 * (z[1] + z[2]) / 2**0.5
    np.testing.assert_allclose(moved[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_a_listing_that_its_partner_cancels_out_stays() -> None:
    z = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    np.testing.assert_array_equal(propagated(z, np.array([[0, 1]]), 1.0), z)


def test_what_is_given_is_left_alone() -> None:
    z = unit_vectors(3)
    before = z.copy()
    result = propagated(z, np.array([[0, 1]]), 1.0)
    assert result is not z and result.dtype == np.float32
    np.testing.assert_array_equal(z, before)


def test_an_empty_catalogue() -> None:
    assert propagated(np.empty((0, 5), np.float32), NO_PAIRS, 0.5).shape == (0, 5)


@pytest.mark.parametrize("pairs", [[[0, 1], [1, 0]], [[0, 1], [0, 1]], [[0, 1], [1, 1]]])
def test_a_pair_counts_once(pairs: list[list[int]]) -> None:
    z = unit_vectors(3)
    expected = propagated(z, np.array([[0, 1]]), 0.7)
    np.testing.assert_array_equal(propagated(z, np.array(pairs), 0.7), expected)
