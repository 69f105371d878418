"""What recall asks of the store, on both engines."""

from __future__ import annotations

import catalogues
import pytest

from mmquality.store import RankingQuery, Store

QUERIES = [
    RankingQuery(version="v1"),
    RankingQuery(version="v1", category=("Mugs",)),
    RankingQuery(version="v1", category=("", "cables")),
    RankingQuery(version="v1", attributes=(("seller", ("seller 1",)),)),
    RankingQuery(
        version="v1", category=("Mugs", ""), attributes=(("colour", ("rouge é",)), ("n", ("4", "6")))
    ),
    RankingQuery(version="v1", attributes=(("n", ("no such value",)),)),
    RankingQuery(version="no such version"),
]


@pytest.fixture
def ranked(store: Store) -> dict[str, float]:
    """Forty listings, of which the first thirty are ranked, and one is removed since."""
    ids = catalogues.fill(store, 40)
    scores = {listing_id: n / 30 for n, listing_id in enumerate(ids[:30])}
    catalogues.publish(store, "v1", scores)
    store.remove_listings([ids[2]], "ann")
    return {listing_id: score for listing_id, score in scores.items() if listing_id != ids[2]}


def wanted(number: int, query: RankingQuery) -> bool:
    row = catalogues.row(number)
    said = row["attributes"] | {"seller": row["seller"]}
    return (
        query.version == "v1"
        and (not query.category or (row["category"] or "") in query.category)
        and all(said[name] in values for name, values in query.attributes)
    )


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_what_is_wanted_comes_with_its_score(
    store: Store, ranked: dict[str, float], query: RankingQuery
) -> None:
    expected = {i: score for i, score in ranked.items() if wanted(int(i[1:]), query)}
    assert store.scores_where(query) == pytest.approx(expected)
    assert store.scores_where(query, below=0.4) == {i: s for i, s in expected.items() if s < 0.4}
    assert len(store.scores_where(query, limit=3)) == min(3, len(expected))
    asked = ["L001", "L002", "L004", "L006", "L007", "L020", "L035", "nothing"]
    assert store.scores_among(asked, query) == {i: s for i, s in expected.items() if i in asked}
    assert store.scores_among([], query) == {}


def test_what_can_be_filtered_by(store: Store, ranked: dict[str, float]) -> None:
    assert store.filter_names() == {"colour", "n", "seller"}
