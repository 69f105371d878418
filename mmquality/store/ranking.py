"""The ranking of the version in force, a page or a listing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from mmquality.errors import UnknownListingError, WorkspaceError
from mmquality.records import ModelVersion, RankedListing
from mmquality.store.conditions import RankingQuery
from mmquality.store.counts import counted
from mmquality.store.database import Database
from mmquality.store.label_pages import as_label, label_columns
from mmquality.store.listings import as_listing, listing_columns
from mmquality.store.places import END, place_of, rank, ranked_count
from mmquality.store.scores import as_version, version_in_force
from mmquality.store.selection import Selection
from mmquality.store.tables import current_labels, labels, listings, model_versions, scores


@dataclass(frozen=True)
class RankingPage:
    """One page of the ranking; `total` counts the listings on all pages; `version` made the scores.

    `more`: filters let more than `total` through, which is then 10,000; the rest is not counted, nor paged.
    """

    rows: list[RankedListing]
    total: int
    version: ModelVersion | None
    more: bool = False


class RankingStore(Database):
    """The part of the store that answers from the ranking in force."""

    def ranking_page(self, query: RankingQuery, page: int = 1, size: int = 50) -> RankingPage:
        """Page 1, 2, … of the query's listings; a page past the end has no rows.

        Raises `MMQualityError` for a sort that is none of `RANKING_SORTS`, `WorkspaceError` where there is no
        model version of that name.
        """
        with self._read() as connection:
            found = _version(connection, query.version)
            if found is None:
                return RankingPage([], 0, None)
            selection = Selection(connection, found[0], query)
            rows = _ranked_listings(connection, found[0], selection.page_of_places(page, size))
            return RankingPage(rows, selection.total, found[1], selection.more)

    def ranking_ids(self, query: RankingQuery, limit: int) -> list[str]:
        """The ids of the query's first listings, at most `limit`, in order."""
        with self._read() as connection:
            found = _version(connection, query.version)
            if found is None:
                return []
            places = Selection(connection, found[0], query).page_of_places(1, limit)
            ids = _ids_at(connection, found[0], places)
            return [ids[place] for place in places]

    def ranked_listing(self, listing_id: str) -> RankedListing:
        """One listing with its place in the ranking. Raises `UnknownListingError` when it is not ranked."""
        with self._read() as connection:
            found = version_in_force(connection)
            places = _places(connection, found[0], listing_id) if found else []
            rows = _ranked_listings(connection, found[0], places) if found else []
        if not rows:
            raise UnknownListingError(
                f"Listing {listing_id!r} is not in the ranking; check the id, or score it."
            )
        return rows[0]

    def rank_neighbours(self, rank: int, query: RankingQuery | None = None) -> tuple[str | None, str | None]:
        """The listing_ids before and after that of `rank` among the query's listings, in the query's order.

        None at the ends. In the order of the ranking `rank` may be anybody's or nobody's, 0 say.
        """
        wanted = query or RankingQuery()
        with self._read() as connection:
            found = _version(connection, wanted.version)
            if found is None:
                return None, None
            selection = Selection(connection, found[0], wanted)
            before, after = selection.neighbours(_place(connection, found[0], rank))
            ids = _ids_at(connection, found[0], [near for near in (before, after) if near is not None])
            return ids.get(before), ids.get(after)

    def rank_neighbour(self, rank: int, step: int, query: RankingQuery | None = None) -> str | None:
        """The one of `rank_neighbours` after `rank` for a positive `step`, before it for a negative one."""
        return self.rank_neighbours(rank, query)[step > 0]

    def unscored_count(self) -> int:
        """How many listings of the catalogue the version in force does not rank (imported after it)."""
        with self._read() as connection:
            found = version_in_force(connection)
            return counted(connection) - (ranked_count(connection, found[0]) if found else 0)


def _version(connection: Connection, name: str | None) -> tuple[int, ModelVersion] | None:
    """The version of that name; without one the version in force."""
    if name is None:
        return version_in_force(connection)
    query = select(model_versions).where(model_versions.c.name == name)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise WorkspaceError(f"There is no model version {name!r}; the Models page shows those there are.")
    return row["version_id"], as_version(row)


def _place(connection: Connection, version_id: int, at: int) -> int:
    """The place of a rank, also of one before the first or past the last."""
    return END if at > ranked_count(connection, version_id) else place_of(connection, version_id, at)


def _ids_at(connection: Connection, version_id: int, places: Sequence[int]) -> dict[int | None, str]:
    here = (scores.c.version_id == version_id) & scores.c.place.in_(places)
    joined = select(scores.c.place, listings.c.listing_id).join_from(scores, listings).where(here)
    return {place: listing_id for place, listing_id in connection.execute(joined)}


def _places(connection: Connection, version_id: int, listing_id: str) -> list[int]:
    query = select(scores.c.place).join(listings, listings.c.listing_no == scores.c.listing_no)
    query = query.where(listings.c.listing_id == listing_id, scores.c.version_id == version_id)
    return list(connection.execute(query).scalars())


def _ranked_listings(connection: Connection, version_id: int, places: Sequence[int]) -> list[RankedListing]:
    source = (
        scores.join(listings, listings.c.listing_no == scores.c.listing_no)
        .outerjoin(current_labels, current_labels.c.listing_no == scores.c.listing_no)
        .outerjoin(labels, labels.c.label_id == current_labels.c.label_id)
        .outerjoin(model_versions, model_versions.c.version_id == labels.c.version_id)
    )
    query = (
        select(*listing_columns, scores.c.score, scores.c.place, rank, *label_columns)
        .select_from(source)
        .where(scores.c.version_id == version_id, scores.c.place.in_(places))
    )
    found = {
        row["place"]: RankedListing(as_listing(row), row["score"], row["rank"], as_label(row))
        for row in connection.execute(query).mappings()
    }
    return [found[place] for place in places]
