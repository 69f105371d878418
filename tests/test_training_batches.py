"""Batches: every listing once, real pairs, swaps that are never excluded and hard where they should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import synthetic, without
from torch import Tensor

from mmquality.training.batches import Tensors, batch_count, epoch, swap
from mmquality.training.data import TrainingData


def tensors_of(data: TrainingData) -> Tensors:
    """`data` with its embeddings as they are."""
    owned = np.ones(len(data), dtype=bool)
    return Tensors.of(data, torch.from_numpy(data.titles), torch.from_numpy(data.photos), owned)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(n=st.integers(1, 90), batch_size=st.integers(1, 100), seed=st.integers(0, 1_000), pairs=st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_listing_once_an_epoch_in_batches_of_nearly_one_size(
    n: int, batch_size: int, seed: int, pairs: bool
) -> None:
    data = synthetic(90).data.subset(np.arange(n))
    tensors = tensors_of(without(data, pairs=not pairs))
    batches = list(epoch(tensors, batch_size, generator(seed)))
    listings = torch.cat([batch.rows[: batch.listings] for batch in batches])
    sizes = [batch.listings for batch in batches]
    assert sorted(listings.tolist()) == list(range(n))
    assert max(sizes) - min(sizes) <= 1 and len(batches) == batch_count(n, batch_size)
    known = {frozenset(pair) for pair in tensors.pairs.tolist()}
    for batch in batches:
        anchors, positives = batch.rows[batch.anchors].tolist(), batch.rows[batch.positives].tolist()
        assert {frozenset(pair) for pair in zip(anchors, positives, strict=True)} <= known
        assert batch.pairs == len(anchors) == min(batch.listings // 2, len(known))


def test_pairs_come_both_ways_round() -> None:
    data = replace(synthetic(60).data, pairs=np.array([[3, 5]]))
    batches = [batch for seed in range(5) for batch in epoch(tensors_of(data), 10, generator(seed))]
    assert {tuple(batch.rows[batch.anchors].tolist()) for batch in batches} >= {(3,), (5,)}


def test_an_epoch_repeats_for_its_seed_and_changes_with_it() -> None:
    tensors = tensors_of(synthetic(60).data)

    def rows(seed: int) -> list[list[int]]:
        return [batch.rows.tolist() for batch in epoch(tensors, 20, generator(seed))]

    assert rows(1) == rows(1) != rows(2)


@given(seed=st.integers(0, 1_000))
@settings(max_examples=15, deadline=None)
def test_excluded_and_co_clicked_pair_by_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = {name: rng.integers(0, 12, 20) for name in ("title_key", "photo_key", "product_key")}
    data = replace(synthetic(20).data, pairs=rng.integers(0, 20, (15, 2)), **keys)
    tensors = tensors_of(data)
    rows, others = torch.from_numpy(rng.integers(0, 20, 8)), torch.from_numpy(rng.integers(0, 20, 9))
    excluded, co_clicked = tensors.excluded(rows, others), tensors.co_clicked(rows, others)
    known = {tuple(pair) for pair in data.pairs.tolist()}
    for i, a in enumerate(rows.tolist()):
        for j, b in enumerate(others.tolist()):
            assert bool(excluded[i, j]) == any(key[a] == key[b] for key in keys.values())
            assert bool(co_clicked[i, j]) == ((a, b) in known or (b, a) in known)


def test_without_pairs_nothing_was_co_clicked() -> None:
    tensors = tensors_of(without(synthetic(20).data, pairs=True))
    assert not tensors.co_clicked(torch.arange(20), torch.arange(20)).any()


def titles_and_mask(b: int, seed: int, excluded_share: float = 0.3) -> tuple[Tensor, Tensor]:
    titles = torch.nn.functional.normalize(torch.randn(b, 4, generator=generator(seed)), dim=1)
    excluded = torch.rand(b, b, generator=generator(seed + 1)) < excluded_share
    return titles, excluded | excluded.T | torch.eye(b, dtype=torch.bool)


@given(
    b=st.integers(0, 12),
    seed=st.integers(0, 1_000),
    hard_share=st.sampled_from([0.0, 0.5, 1.0]),
    excluded_share=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_a_swapped_photo_is_never_an_excluded_one(
    b: int, seed: int, hard_share: float, excluded_share: float
) -> None:
    titles, excluded = titles_and_mask(b, seed, excluded_share)
    rows, chosen = swap(titles, excluded, hard_share, generator(seed))
    assert rows.tolist() == [i for i in range(b) if not excluded[i].all()]
    assert not excluded[rows, chosen].any()


def test_hard_swaps_take_the_photo_of_a_more_similar_title() -> None:
    titles, excluded = titles_and_mask(200, seed=0)

    def similarity(hard_share: float) -> float:
        rows, chosen = swap(titles, excluded, hard_share, generator(1))
        return float((titles[rows] * titles[chosen]).sum(dim=1).mean())

    random, half, hard = (similarity(share) for share in (0.0, 0.5, 1.0))
    assert random == pytest.approx(0, abs=0.15) and random + 0.3 < half < hard - 0.3


def test_random_swaps_are_uniform_over_what_is_not_excluded() -> None:
    titles, excluded = titles_and_mask(5, seed=3)
    counts, source = torch.zeros(5, 5), generator(0)
    for _ in range(2_000):
        rows, chosen = swap(titles, excluded, 0.0, source)
        counts[rows, chosen] += 1
    for row, allowed in zip(counts, ~excluded, strict=True):
        if allowed.any():
            assert row[allowed] / row.sum() == pytest.approx(1 / int(allowed.sum()), abs=0.05)


def test_of_titles_alike_any_may_be_chosen() -> None:
    same = torch.ones(40, 1)
    chosen = swap(same, torch.eye(40, dtype=torch.bool), 1.0, generator(0))[1]
    assert len(set(chosen.tolist())) > 15


@given(n=st.integers(1, 60), seed=st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_some_rows_of_a_catalogue_are_trained_on_as_a_catalogue_of_their_own(n: int, seed: int) -> None:
    """The same batches, in the row numbers of the whole."""
    data = synthetic(60).data
    rows = np.sort(np.random.default_rng(seed).permutation(60)[:n])
    part, alone = tensors_of(data).among(rows), tensors_of(data.subset(rows))
    for of_part, of_alone in zip(epoch(part, 20, generator()), epoch(alone, 20, generator()), strict=True):
        assert of_part.rows.tolist() == rows[of_alone.rows.numpy()].tolist()
        assert part.x[of_part.rows].equal(alone.x[of_alone.rows])
        known = part.co_clicked(of_part.rows, of_part.rows)
        assert known.equal(alone.co_clicked(of_alone.rows, of_alone.rows))
