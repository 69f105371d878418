"""Folds that nothing straddles."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import synthetic

from mmquality.training.data import TrainingData
from mmquality.training.groups import grouped_folds


def keyed(title_key: list[int], photo_key: list[int], product_key: list[int]) -> TrainingData:
    keys = (np.array(key, dtype=np.int64) for key in (title_key, photo_key, product_key))
    names = ("title_key", "photo_key", "product_key")
    return replace(synthetic(len(title_key)).data, **dict(zip(names, keys, strict=True)))


@st.composite
def catalogues(draw: st.DrawFn) -> TrainingData:
    """20 to 60 listings, among which sharing a title, photo or product is rare, common or the rule."""
    n, values = draw(st.integers(20, 60)), draw(st.sampled_from([1, 4, 40, 10_000]))
    key = st.lists(st.integers(0, values), min_size=n, max_size=n)
    return keyed(draw(key), draw(key), draw(key))


def groups_of(data: TrainingData) -> list[set[int]]:
    """Listings tied together by shared keys, found by joining until nothing changes."""
    groups = [{row} for row in range(len(data))]
    for key in (data.title_key, data.photo_key, data.product_key):
        for a, b in combinations(range(len(data)), 2):
            if key[a] == key[b]:
                one, other = (next(g for g in groups if row in g) for row in (a, b))
                if one is not other:
                    one |= other
                    groups.remove(other)
    return groups


@given(data=catalogues(), folds=st.integers(2, 5), seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_nothing_straddles_two_folds_unless_it_is_larger_than_a_fold(
    data: TrainingData, folds: int, seed: int
) -> None:
    fold, groups = grouped_folds(data, folds, seed), groups_of(data)
    share = len(data) // folds
    for group in groups:
        assert len(group) > share or len({int(fold[row]) for row in group}) == 1
    largest = max((len(group) for group in groups if len(group) <= share), default=1)
    sizes = np.bincount(fold, minlength=folds)
    assert len(sizes) == folds and sizes.min() > 0
    assert sizes.max() - sizes.min() <= largest


def test_a_tie_over_three_kinds_of_key_holds() -> None:
    key = list(range(40))
    title, photo, product = key.copy(), key.copy(), key.copy()
    title[1], photo[2], product[3] = title[0], photo[1], product[2]  # 0 – 1 – 2 – 3
    fold = grouped_folds(keyed(title, photo, product), 5, seed=0)
    assert len(set(fold[:4])) == 1


@pytest.mark.parametrize("alike", [30, 60], ids=["half the catalogue", "all of it"])
def test_one_placeholder_for_much_of_the_catalogue_is_spread_over_the_folds(alike: int) -> None:
    key = list(range(60))
    fold = grouped_folds(keyed(key, [0] * alike + key[alike:], key), 3, seed=0)
    assert np.bincount(fold).tolist() == [20, 20, 20]


def test_keys_may_be_any_numbers() -> None:
    far = [10**15 + 7 * n // 2 for n in range(40)]  # 0 and 1 share a key, as do 2 and 3, …
    fold = grouped_folds(keyed(far, list(range(40)), [-n for n in range(40)]), 4, seed=0)
    by_key: dict[int, set[int]] = {}
    for key, f in zip(far, fold, strict=True):
        by_key.setdefault(key, set()).add(int(f))
    assert all(len(folds) == 1 for folds in by_key.values())


def test_folds_repeat_for_a_seed_and_change_with_it() -> None:
    data = synthetic(60).data
    assert (grouped_folds(data, 3, 1) == grouped_folds(data, 3, 1)).all()
    assert (grouped_folds(data, 3, 1) != grouped_folds(data, 3, 2)).any()
