"""Folds that nothing straddles, and photos that are nobody's."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import TRAINING, synthetic

from mmquality.training.data import Ints, TrainingData
from mmquality.training.groups import grouped_folds, owned_photos


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


def with_photo_of(data: TrainingData, rows: list[int], photo: int, noise: float = 0.0) -> TrainingData:
    """The catalogue in which `rows` show the photo of `photo`, up to `noise`."""
    photos, rng = data.photos.copy(), np.random.default_rng(0)
    photos[rows] = data.photos[photo] + noise * rng.normal(size=(len(rows), photos.shape[1]))
    return replace(data, photos=photos)


def with_titles(data: TrainingData, rows: list[int], like: int, noise: float = 0.05) -> TrainingData:
    """The catalogue in which the titles of `rows` are much like that of `like`."""
    titles, rng = data.titles.copy(), np.random.default_rng(1)
    titles[rows] = data.titles[like] + noise * rng.normal(size=(len(rows), titles.shape[1]))
    return replace(data, titles=titles)


def unrelated_to(data: TrainingData, row: int, count: int) -> list[int]:
    """The listings whose titles are least like that of `row`."""
    unit = data.titles / np.linalg.norm(data.titles, axis=1, keepdims=True)
    return [int(other) for other in np.argsort(unit @ unit[row])[:count]]


def nobodys(data: TrainingData) -> Ints:
    return np.flatnonzero(~owned_photos(data, TRAINING))


def test_a_photo_of_ones_own_is_owned() -> None:
    assert not len(nobodys(synthetic(120).data))


@pytest.mark.parametrize("noise", [0.0, 0.2], ids=["the same file", "the same to the eye"])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_a_photo_shared_by_unrelated_titles_is_nobodys(count: int, noise: float) -> None:
    data = synthetic(120).data
    others = unrelated_to(data, 0, count)
    assert set(nobodys(with_photo_of(data, others, 0, noise))) >= {0, *others[: min(count, 5)]}


def test_variants_with_like_titles_keep_their_photo() -> None:
    data = synthetic(120).data
    variants = [3, 4, 5]
    assert not len(nobodys(with_photo_of(with_titles(data, variants, like=0), variants, 0)))


def test_one_stranger_among_variants_makes_their_photo_nobodys() -> None:
    data = synthetic(120).data
    stranger = unrelated_to(data, 0, 1)
    shared = with_photo_of(with_titles(data, [3, 4], like=0), [3, 4, *stranger], 0)
    assert set(nobodys(shared)) == {0, 3, 4, *stranger}


def test_where_half_the_catalogue_has_one_title_its_photos_are_still_owned() -> None:
    data = synthetic(120).data
    titles = np.random.default_rng(0).normal(size=(120, 384)).astype(np.float32)
    titles[:80] = titles[0]  # no random pair is more alike, and rounding may make these a little less
    key = np.where(np.arange(120) < 80, 0, data.title_key)
    photos = data.photos.copy()
    photos[40:80] = photos[:40]
    assert not len(nobodys(replace(data, titles=titles, title_key=key, photos=photos)))


def test_a_mismatch_that_an_analyst_named_is_not_owned_but_a_match_is() -> None:
    data = synthetic(60).data
    verdict = data.verdict.copy()
    verdict[[1, 2]] = [1, 0]
    assert nobodys(replace(data, verdict=verdict)).tolist() == [1]


def test_photos_without_any_content_are_not_alike() -> None:
    data = synthetic(60).data
    assert not len(nobodys(replace(data, photos=np.zeros_like(data.photos))))
