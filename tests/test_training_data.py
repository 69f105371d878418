"""What training reads, cut down to some of the listings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import synthetic, without

from mmquality.rows import Made


@given(rows=st.lists(st.integers(0, 39), unique=True, min_size=1))
@settings(max_examples=30, deadline=None)
def test_a_subset_keeps_each_listings_own_and_the_pairs_inside(rows: list[int]) -> None:
    data = synthetic(40).data
    part = data.subset(np.array(rows))
    assert len(part) == len(rows)
    for name in ("titles", "photos", "title_key", "photo_key", "product_key", "shown", "clicked", "verdict"):
        np.testing.assert_array_equal(getattr(part, name), getattr(data, name)[rows])
    found = sorted((rows[a], rows[b]) for a, b in part.pairs.tolist())
    assert found == sorted((a, b) for a, b in data.pairs.tolist() if a in rows and b in rows)


def test_a_subset_of_a_catalogue_without_clicks() -> None:
    part = without(synthetic(40).data, pairs=True, impressions=True).subset(np.arange(5))
    assert part.pairs.shape == (0, 2) and part.shown.shape == (5, 0)


def test_embeddings_that_are_read_when_asked_for() -> None:
    """A part of them is in memory, and so are all on request."""
    data = synthetic(40).data
    read = replace(
        data,
        titles=Made(40, data.titles.shape[1], lambda rows: data.titles[rows]),
        photos=Made(40, data.photos.shape[1], lambda rows: data.photos[rows]),
    )
    for found, rows in ((read.subset(np.arange(5, 9)), slice(5, 9)), (read.in_memory(), slice(None))):
        for name in ("titles", "photos"):
            assert isinstance(getattr(found, name), np.ndarray)
            np.testing.assert_array_equal(getattr(found, name), getattr(data, name)[rows])
