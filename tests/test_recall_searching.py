"""What is found, held against a comparison with every listing, however it is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import COLOURS, PRODUCTS, Fixture

from mmquality.errors import UnknownFilterError
from mmquality.index import distance_of
from mmquality.pipeline.places import open_store
from mmquality.recall import searching, snapshot
from mmquality.recall.asked import Asked
from mmquality.recall.diversity import diverse
from mmquality.recall.searching import Wanted, nearest
from mmquality.recall.snapshot import Snapshot
from mmquality.recall.users import mixed, user_vector
from mmquality.records import Space

WHERE = st.fixed_dictionaries({}, optional={
    "category": st.lists(st.sampled_from([*PRODUCTS, "", "nothing"]), min_size=1, max_size=3),
    "colour": st.lists(st.sampled_from([*COLOURS, "no colour"]), min_size=1, max_size=9),
    "seller": st.sampled_from(["seller_0", "seller_3"]),
})  # fmt: skip


@pytest.fixture(scope="module")
def taken(finished: Fixture) -> Iterator[Snapshot]:
    store = open_store(finished.workspace)
    yield Snapshot.take(finished.workspace, store)
    store.close()


@cache
def told(taken: Snapshot) -> list[tuple[str, dict[str, str], float]]:
    """Of each row: its id, what can be filtered by, its score."""
    scores = taken.store.version_scores(taken.version.name).set_index("listing_id")["score"]
    listings = taken.store.listings_by_id(taken.spaces[Space.UNIFIED].ids).values()
    return [
        (
            one.listing_id,
            one.attributes | {"category": one.category or "", "seller": one.seller},
            scores[one.listing_id],
        )
        for one in listings
    ]


def expected(
    taken: Snapshot, vector: np.ndarray, asked: Asked, below: float, without: list[int]
) -> np.ndarray:
    """The distances of the k nearest, every listing looked at."""
    index, found = taken.spaces[asked.space], []
    wanted = {name: [of] if isinstance(of, str) else of for name, of in asked.where.items()}
    for row, (_, said, score) in enumerate(told(taken)):
        fits = all(said[name] in values for name, values in wanted.items())
        if fits and score < below and row not in without:
            found.append(float(distance_of(index.vectors_at(np.array([row]))[0] @ vector)))
    return np.sort(found)[: asked.k]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99), k=st.integers(1, 70), where=WHERE, space=st.sampled_from(Space),
    few=st.sampled_from([1, 7, 30, 20_000]), below=st.sampled_from([np.inf, 0.5, 0.2, 0.0]),
    without=st.lists(st.integers(0, 59), max_size=5),
)  # fmt: skip
def test_all_that_are_wanted_are_found_the_nearest_first(
    taken: Snapshot, seed: int, k: int, where: dict[str, list[str]], space: Space, few: int, below: float,
    without: list[int],
) -> None:  # fmt: skip
    vector = np.random.default_rng(seed).normal(size=32).astype(np.float32)
    vector /= np.linalg.norm(vector)
    asked = Asked(k, space, where)
    wanted = Wanted(asked.query(taken.version.name), below, np.array(without, np.int64))
    fresh = Snapshot(taken.store, taken.version, taken.own, taken.spaces)  # which remembers no filter
    with patch.object(searching, "FEW", few), patch.object(snapshot, "FEW", few):
        with patch.object(searching, "_SPARE", 1), patch.object(searching, "_BLOCK", 8):
            hits = nearest(fresh, space, vector, k, wanted)
    oracle = expected(taken, vector, asked, below, without)
    np.testing.assert_allclose(hits.distances, oracle, atol=1e-6)
    assert len(set(hits.rows.tolist())) == len(hits)


def test_a_filter_that_is_none_is_named(taken: Snapshot) -> None:
    with pytest.raises(
        UnknownFilterError, match="no attribute 'color' to filter by; it has category, colour, "
    ):
        taken.check_filters(Asked(where={"color": "red"}).query("v1"))
    taken.check_filters(Asked(where={"colour": "no colour", "category": "none"}).query("v1"))


@given(
    n=st.integers(1, 12),
    k=st.integers(1, 14),
    trade=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    seed=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_diversity_is_maximal_marginal_relevance(n: int, k: int, trade: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    relevance = -np.sort(-rng.random(n)).astype(np.float32)
    taken: list[int] = []
    while len(taken) < min(k, n):  # the definition, one after the other
        left = [i for i in range(n) if i not in taken]
        worth = [
            (1 - trade) * relevance[i] - trade * max((float(x[i] @ x[j]) for j in taken), default=0)
            for i in left
        ]
        taken.append(left[int(np.argmax(worth))])
    assert diverse(relevance, x, k, trade).tolist() == taken


def test_a_visitor_is_the_mean_of_the_clicks_the_last_ones_first() -> None:
    clicks = np.eye(3, dtype=np.float32)
    np.testing.assert_allclose(user_vector(clicks, 1.0), np.array([0.25, 0.5, 1]) / 1.75)
    np.testing.assert_allclose(user_vector(clicks, np.inf), np.full(3, 1 / 3), rtol=1e-6)
    towards = mixed(clicks[0], clicks[1], 0.25)
    np.testing.assert_allclose(towards, np.array([3, 1, 0]) / np.sqrt(10), rtol=1e-6)
    np.testing.assert_array_equal(mixed(clicks[0], clicks[1], 0.0), clicks[0])
