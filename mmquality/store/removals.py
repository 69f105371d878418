"""Listings are taken out of the catalogue: out of rankings, counts, filters and the queue; labels stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from mmquality.errors import MMQualityError, UnknownListingError
from mmquality.records import count
from mmquality.store.arrivals import leave
from mmquality.store.comings import removals, removed_among
from mmquality.store.counts import add_to_counts
from mmquality.store.database import IN_ONE, Database, batches, tell
from mmquality.store.facets import FacetChange, change_facets, facets_of, one_import_at_a_time
from mmquality.store.tables import leases, listings

_NAMED = 5  # unknown ids in a message


class RemovalStore(Database):
    """The part of the store that takes listings out of the catalogue."""

    def remove_listings(self, listing_ids: Iterable[str], analyst: str) -> int:
        """Take these listings out of the catalogue, all or none; gives how many were in it until now.

        Labels and what was done to them stay. An import of a listing brings it back. Raises
        `UnknownListingError` for an id that the catalogue never held, `MMQualityError` for an empty analyst.
        """
        if not analyst.strip():
            raise MMQualityError("A removal needs the name of who removes; give it and try again.")
        wanted = list(dict.fromkeys(listing_ids))
        numbers: list[int] = []
        with self._write() as connection:
            one_import_at_a_time(connection)
            if unknown := _unknown(connection, wanted):
                raise UnknownListingError(_none_of(unknown, len(wanted)))
            for batch in batches(wanted, IN_ONE):
                numbers += take_out(connection, batch, analyst.strip())
            leave(connection, numbers)
            tell(connection, "removal", listings=len(numbers), analyst=analyst.strip())
        return len(numbers)

    def unknown(self, listing_ids: Iterable[str]) -> list[str]:
        """Those of these ids that the catalogue never held, each once."""
        with self._read() as connection:
            return _unknown(connection, list(dict.fromkeys(listing_ids)))


def take_out(connection: Connection, ids: list[str], analyst: str) -> list[int]:
    """Let these listings, which are known, be out, all but their places in rankings; the numbers of those
    that were in.

    Verdicts on them that are being written are waited for; those that come later find them out.
    """
    columns = [listings.c[name] for name in ("listing_no", "listing_id", "category", "seller", "attributes")]
    query = select(*columns).where(listings.c.listing_id.in_(ids)).order_by(listings.c.listing_no)
    rows = connection.execute(query.with_for_update(key_share=True)).mappings().all()
    out = removed_among(connection, [row["listing_no"] for row in rows])
    rows = [row for row in rows if row["listing_no"] not in out]
    if not rows:
        return []
    numbers = [int(row["listing_no"]) for row in rows]
    now: dict[str, Any] = {"analyst": analyst, "created_at": datetime.now(UTC)}
    connection.execute(insert(removals), [{"listing_no": number, **now} for number in numbers])
    nothing: frozenset[tuple[str, str]] = frozenset()
    had = (facets_of(row["seller"], row["attributes"]) for row in rows)
    lost = (FacetChange(no, facets, nothing) for no, facets in zip(numbers, had, strict=True))
    change_facets(connection, lost)
    counts = Counter(row["category"] or "" for row in rows)
    add_to_counts(
        connection, [{"category": name, "listings": -less} for name, less in sorted(counts.items())]
    )
    connection.execute(delete(leases).where(leases.c.listing_no.in_(numbers)))
    return numbers


def _unknown(connection: Connection, ids: list[str]) -> list[str]:
    known: set[str] = set()
    for batch in batches(ids, IN_ONE):
        query = select(listings.c.listing_id).where(listings.c.listing_id.in_(batch))
        known.update(connection.execute(query).scalars())
    return [listing_id for listing_id in ids if listing_id not in known]


def _none_of(unknown: list[str], wanted: int) -> str:
    named = ", ".join(repr(listing_id) for listing_id in unknown[:_NAMED])
    more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
    return (
        f"The catalogue has no {named}{more}: {len(unknown):,} of {count(wanted, 'id')} unknown; nothing was "
        "removed. Check the ids, or remove the others with --skip-unknown."
    )
