"""An index with what arrived beside it and without what has gone, against one that is built anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.errors import UnknownListingError
from mmquality.index import GrownIndex, NeighbourIndex

FIRST, LATER, DIM = 25, 8, 6


def vectors(ids: list[str], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(len(ids), DIM)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    gone=st.sets(st.integers(0, FIRST - 1)),
    stale=st.sets(st.integers(0, LATER - 1)),
    seed=st.integers(0, 100),
    k=st.integers(1, FIRST + LATER + 2),
)
def test_it_finds_what_an_index_that_is_built_anew_finds(
    gone: set[int], stale: set[int], seed: int, k: int
) -> None:
    first = [f"id-{n}" for n in range(FIRST)]
    # Some of those that have gone arrived again, elsewhere.
    later = [first[n] for n in sorted(gone)[: LATER // 2]]
    later += [f"new-{n}" for n in range(LATER - len(later))]
    v, w = vectors(first, seed), vectors(later, seed + 1)
    lost, left = {first[n] for n in gone}, {later[n] for n in stale}
    half = len(later) // 2  # an index for each half of what came later
    index = GrownIndex(
        (NeighbourIndex.build(v, first), lost),
        *(
            (NeighbourIndex.build(w[s], later[s]), left & set(later[s]))
            for s in (slice(half), slice(half, None))
        ),
    )
    standing = [(i, x) for i, x in zip(first, v, strict=True) if i not in lost]
    standing += [(i, x) for i, x in zip(later, w, strict=True) if i not in left]
    assert len(index) == len(standing)
    assert index.gone == {*first, *later} - {listing_id for listing_id, _ in standing}
    if not standing:
        return
    ids = [i for i, _ in standing]
    anew = NeighbourIndex.build(np.stack([x for _, x in standing]), ids)
    assert all((i in index) == (i in ids) for i in {*first, *later})
    np.testing.assert_array_equal(index.vectors(ids), anew.vectors(ids))
    queries = vectors(["a", "b"], seed + 2)
    rows, distances = index.search(queries, k)
    true_rows, true_distances = anew.search(queries, k)
    assert [[index.ids[r] for r in row] for row in rows] == [[ids[r] for r in row] for row in true_rows]
    np.testing.assert_allclose(distances, true_distances, atol=1e-6)
    found = [i for i, _ in index.nearest(ids[0], k)]
    assert found == [i for i, _ in anew.nearest(ids[0], k)] and ids[0] not in found


def test_what_has_gone_is_not_in_it() -> None:
    first = [f"id-{n}" for n in range(3)]
    index = GrownIndex((NeighbourIndex.build(vectors(first, 0), first), {"id-1"}))
    assert list(index.ids) == first and index.ids[1:] == first[1:]  # rows stay where they are
    with pytest.raises(UnknownListingError):
        index.vectors(["id-1"])
    with pytest.raises(UnknownListingError):
        index.rows(["id-7"])


def test_its_recall_is_that_of_the_part_that_finds_least() -> None:
    parts = [NeighbourIndex.build(vectors([name], 0), [name]) for name in "abc"]
    for part, recall in zip(parts, (0.995, 0.99, 1.0), strict=True):
        part.recall = recall
    assert GrownIndex(*((part, ()) for part in parts)).recall == 0.99
