"""When listings came: as a source was read, and when they joined the ranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, select

from mmquality.store.database import IN_ONE, Database, batches, upsert
from mmquality.store.tables import RowNumber, UtcDateTime, listings, metadata

# Of listings that joined a ranking after it was published; the last time counts.
arrival_times = Table(
    "arrival_times",
    metadata,
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), primary_key=True, autoincrement=False),
    Column("seen_at", UtcDateTime),  # by a watcher, as its source was read; NULL = it was imported
    Column("ranked_at", UtcDateTime),  # NULL = not yet
    Index("ix_arrival_times_ranked_at", "ranked_at"),
)


class TimeStore(Database):
    """The part of the store that knows when listings came."""

    def arrival_seconds(self, since: datetime) -> list[float]:
        """From seen to ranked, of the listings that watchers brought into the ranking since then."""
        query = select(arrival_times.c.seen_at, arrival_times.c.ranked_at)
        query = query.where(arrival_times.c.ranked_at >= since, arrival_times.c.seen_at.is_not(None))
        with self._read() as connection:
            found = [(ranked - seen).total_seconds() for seen, ranked in connection.execute(query)]
        return [seconds for seconds in found if seconds >= 0]  # else seen once more since, unchanged


def note_seen(connection: Connection, seen: Mapping[str, datetime]) -> None:
    """When a source told of these listings, by id; those that the catalogue holds."""
    for ids in batches(seen, IN_ONE):
        query = select(listings.c.listing_no, listings.c.listing_id).where(listings.c.listing_id.in_(ids))
        rows = [{"listing_no": no, "seen_at": seen[i]} for no, i in connection.execute(query)]
        if rows:
            connection.execute(upsert(connection, arrival_times, ["seen_at"]), rows)


def note_ranked(connection: Connection, numbers: Iterable[int]) -> None:
    """These listings, by number, join the ranking now."""
    now = datetime.now(UTC)
    rows = [{"listing_no": number, "ranked_at": now} for number in numbers]
    if rows:
        connection.execute(upsert(connection, arrival_times, ["ranked_at"]), rows)


def seen_since(connection: Connection, listing_id: str, moment: datetime) -> bool:
    """Whether a source has told of a listing after that moment."""
    query = select(arrival_times.c.seen_at).join(
        listings, listings.c.listing_no == arrival_times.c.listing_no
    )
    seen = connection.execute(query.where(listings.c.listing_id == listing_id)).scalar_one_or_none()
    return seen is not None and seen > moment
