"""What recall asks of each neighbour: its mismatch score, and whether it is among the listings wanted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select

from mmquality.store.conditions import RankingQuery, conditions, tests
from mmquality.store.database import IN_ONE, Database, batches
from mmquality.store.search_tables import attributes
from mmquality.store.tables import listings, model_versions, scores


class RecallStore(Database):
    """The part of the store that filters neighbours. Of a query, category, attributes and version count."""

    def scores_among(self, listing_ids: Iterable[str], query: RankingQuery) -> dict[str, float]:
        """listing_id → mismatch score of those of these that the version ranks and the query wants."""
        found: dict[str, float] = {}
        with self._read() as connection:
            asked = tests(conditions(connection, query), listings.c.listing_no, listings, read=True)
            wanted = _scored(query).where(*asked)
            for some in batches(listing_ids, IN_ONE):
                rows = connection.execute(wanted.where(listings.c.listing_id.in_(some)))
                found |= {listing_id: score for listing_id, score in rows}
        return found

    def scores_where(
        self, query: RankingQuery, limit: int | None = None, below: float = math.inf
    ) -> dict[str, float]:
        """listing_id → mismatch score of all listings that the version ranks and the query wants.

        Only those that score less than `below`; at most `limit`, any of them: who asks for one too many
        learns that there are more.
        """
        with self._read() as connection:
            # Each as a list of numbers: the database starts from the one that finds fewest.
            among = [c.start for c in conditions(connection, query) if c.start is not None]
            wanted = _scored(query).where(*(listings.c.listing_no.in_(c.correlate(None)) for c in among))
            if below < math.inf:
                wanted = wanted.where(scores.c.score < below)
            rows = connection.execute(wanted.limit(limit)).cursor  # the driver's own, without a wrapper each
            return dict(rows.fetchall())

    def filter_names(self) -> set[str]:
        """The attributes, "seller" among them, whose values are kept to filter by."""
        named = select(attributes.c.name).where(attributes.c.too_many.is_(False))
        with self._read() as connection:
            return set(connection.execute(named).scalars())


def _scored(query: RankingQuery) -> Select[Any]:
    return (
        select(listings.c.listing_id, scores.c.score)
        .join_from(listings, scores, scores.c.listing_no == listings.c.listing_no)
        .join(model_versions, model_versions.c.version_id == scores.c.version_id)
        .where(model_versions.c.name == query.version)
    )
