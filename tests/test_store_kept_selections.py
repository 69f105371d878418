"""Selections: kept under one name, found again by the ranking, on both engines."""

from __future__ import annotations

from catalogues import fill, publish

from mmquality.store import RankingQuery, Store


def ranked(store: Store, query: RankingQuery) -> list[str]:
    return [row.listing.listing_id for row in store.ranking_page(query, 1, 100).rows]


def test_the_ranking_shows_a_selection_alone(store: Store) -> None:
    ids = fill(store, 40)
    publish(store, "v1", {listing_id: n / 40 for n, listing_id in enumerate(ids)})
    name = store.keep_selection([*ids[3:20:4], "nobody"])
    assert ranked(store, RankingQuery(among=name)) == ids[3:20:4][::-1]
    assert store.ranking_page(RankingQuery(among=name), 1, 2).total == 5
    red = RankingQuery(among=name, text="red", sort="title")
    assert set(ranked(store, red)) == set(ids[3:20:4]) & set(ranked(store, RankingQuery(text="red")))
    assert store.rank_neighbour(1, 1, RankingQuery(among=name)) == ids[19]


def test_the_same_listings_have_the_same_name(store: Store) -> None:
    ids = fill(store, 6)
    name = store.keep_selection(ids[:3])
    assert store.keep_selection(reversed(ids[:3])) == name != store.keep_selection(ids[:4])


def test_nobody_is_in_a_selection_that_is_not_there(store: Store) -> None:
    publish(store, "v1", dict.fromkeys(fill(store, 6), 0.5))
    assert ranked(store, RankingQuery(among="no such")) == []
    assert ranked(store, RankingQuery(among=store.keep_selection([]))) == []
