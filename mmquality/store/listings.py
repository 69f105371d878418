"""The catalogue: listings go in in bulk and come out one by one, by id, or as a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, bindparam, select, update

from mmquality.errors import UnknownListingError
from mmquality.records import Listing
from mmquality.store.comings import is_in, removed
from mmquality.store.counts import counted
from mmquality.store.database import IN_ONE, Database, batches, frame_of
from mmquality.store.facets import one_import_at_a_time
from mmquality.store.search_tables import category_counts
from mmquality.store.tables import listings
from mmquality.store.upserting import (
    UpsertCounts,
    copy_listings,
    holds_listings,
    load_frames,
    upsert_frame,
)

if TYPE_CHECKING:  # who makes one loads its driver
    from mmquality.store.first_listings import FirstListings

_STAMP = ("photo_size", "photo_mtime_ns")
_CHUNK = 20_000  # listings that are Python objects at once

LISTING_COLUMNS = (
    "listing_id", "title", "category", "price", "seller", "attributes", "image", "photo_path", "title_hash",
    "photo_hash", "impressions", "clicks",
)  # fmt: skip
listing_columns = [listings.c[name] for name in LISTING_COLUMNS]


def as_listing(row: RowMapping) -> Listing:
    """The listing in a row that holds `listing_columns`."""
    return Listing(**{name: row[name] for name in LISTING_COLUMNS})


class ListingStore(Database):
    """The part of the store that holds the catalogue."""

    def upsert_listings(self, frame: pd.DataFrame) -> UpsertCounts:
        """Add new listings and update changed ones, in one transaction.

        Columns: listing_id (unique within the frame), title, category, price, seller, attributes (dict,
        or its JSON text), image, photo_path, title_hash, photo_hash, photo_size, photo_mtime_ns. A listing
        whose photo file was merely touched counts as unchanged, though its new stamp is kept. Clicks are left
        alone. A listing that was removed comes back, and counts as added.
        """
        with self._write() as connection:
            one_import_at_a_time(connection)
            return upsert_frame(connection, frame)

    def load_listings(
        self, frames: Iterable[pd.DataFrame], ready: FirstListings | None = None
    ) -> UpsertCounts:
        """`upsert_listings` of each frame; into an empty catalogue all of them in one transaction.

        The first listings come in without indexes, which are then built of all of them at once. Later ones
        leave room between two frames for those who label meanwhile. `ready`: the same frames, if they should
        be the first.
        """
        if ready is not None and ready.ready() and (counts := self._copied(ready)) is not None:
            return counts
        remaining = iter(frames)
        with self._write(first=True) as connection:
            one_import_at_a_time(connection)
            if not holds_listings(connection):
                return load_frames(connection, remaining)
        return sum(map(self.upsert_listings, remaining), UpsertCounts())

    def _copied(self, ready: FirstListings) -> UpsertCounts | None:
        """What became of the first listings; None where others came first."""
        try:
            with self._write(first=True) as connection:
                return None if holds_listings(connection) else copy_listings(connection, ready)
        finally:
            self._engine.dispose()  # lets go of the files that were copied from

    def listing(self, listing_id: str) -> Listing:
        """One listing. Raises `UnknownListingError`."""
        found = self.listings_by_id([listing_id])
        if listing_id not in found:
            raise UnknownListingError(f"The catalogue has no listing {listing_id!r}; check the id.")
        return found[listing_id]

    def listings_by_id(self, ids: Iterable[str]) -> dict[str, Listing]:
        """The listings with these ids, in the order asked for; unknown ids are left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Listing] = {}
        with self._read() as connection:
            for batch in batches(wanted, IN_ONE):
                rows = connection.execute(select(*listing_columns).where(listings.c.listing_id.in_(batch)))
                found |= {row["listing_id"]: as_listing(row) for row in rows.mappings()}
        return {listing_id: found[listing_id] for listing_id in wanted if listing_id in found}

    def titles(self, ids: Iterable[str]) -> dict[str, str]:
        """listing_id → title of those of `ids` that the catalogue has."""
        columns = listings.c.listing_id, listings.c.title
        found: dict[str, str] = {}
        with self._read() as connection:
            for batch in batches(list(dict.fromkeys(ids)), IN_ONE):
                rows = connection.execute(select(*columns).where(listings.c.listing_id.in_(batch)))
                found |= {listing_id: title for listing_id, title in rows}
        return found

    def listings_with_photo(
        self, photo_hash: str, other_than: str | None = None, limit: int = 1_000
    ) -> list[str]:
        """Ids of listings whose photo file has this hash, by id, at most `limit`; one of them may be left
        out."""
        query = select(listings.c.listing_id).where(listings.c.photo_hash == photo_hash)
        query = query.where(is_in(listings.c.listing_no))
        if other_than is not None:
            query = query.where(listings.c.listing_id != other_than)
        with self._read() as connection:
            return list(connection.execute(query.order_by(listings.c.listing_id).limit(limit)).scalars())

    def removed(self, listing_ids: Iterable[str] | None = None) -> set[str]:
        """Those of these listings, or of all, that were removed, and that no import has brought back."""
        out = select(listings.c.listing_id).where(listings.c.listing_no.in_(removed()))
        found: set[str] = set()
        with self._read() as connection:
            if listing_ids is None:
                return set(connection.execute(out).scalars())
            for batch in batches(listing_ids, IN_ONE):
                found.update(connection.execute(out.where(listings.c.listing_id.in_(batch))).scalars())
        return found

    def listing_count(self) -> int:
        """How many listings the catalogue has."""
        with self._read() as connection:
            return counted(connection)

    def categories(self) -> list[tuple[str, int]]:
        """(category, listings) of the catalogue, the largest first; "" = listings without a category."""
        columns = category_counts.c.category, category_counts.c.listings
        with self._read() as connection:
            rows = connection.execute(select(*columns).where(category_counts.c.listings > 0))
            return sorted(((name, count) for name, count in rows), key=lambda pair: (-pair[1], pair[0]))

    def catalogue_frame(self, columns: Sequence[str] = LISTING_COLUMNS) -> pd.DataFrame:
        """The whole catalogue ordered by listing_id (by code point), with these columns of `Listing`.

        Without what was removed.
        """
        chunks = list(self.catalogue_chunks(columns))
        if not chunks:
            return pd.DataFrame(columns=list(columns))
        # A chunk in which a column holds nothing does not tell what it would hold.
        return pd.concat(chunks, ignore_index=True).infer_objects()

    def catalogue_chunks(self, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
        """`catalogue_frame` in pieces of some ten thousand listings, which is all of it that is in memory."""
        query = select(*(listings.c[name] for name in columns)).where(is_in(listings.c.listing_no))
        query = query.order_by(listings.c.listing_id)
        with self._read() as connection:
            with connection.execution_options(yield_per=_CHUNK).execute(query) as found:
                for rows in found.partitions():
                    yield frame_of(rows, columns)

    def listing_ids(self) -> Iterator[str]:
        """The ids of the catalogue, read as they are asked for."""
        return (str(i) for chunk in self.catalogue_chunks(["listing_id"]) for i in chunk["listing_id"])

    def set_click_counts(self, counts: pd.DataFrame) -> None:
        """Make `counts` (listing_id, impressions, clicks) the click counts: a listing it does not name has
        none.

        Ids that the catalogue does not hold are ignored.
        """
        wanted = counts.set_index("listing_id")[["impressions", "clicks"]]
        with self._write() as connection:
            stored = _click_counts(connection)
            goal = wanted.reindex(stored.index, fill_value=0).astype("int64")
            changed = goal[(goal != stored).any(axis=1)]
            if len(changed):
                connection.execute(_SET_CLICKS, _click_rows(changed))

    def photo_stamps(self) -> dict[str, tuple[int, int, str]]:
        """For every photo file read before: path → (size in bytes, modification time in ns, SHA-256)."""
        columns = [listings.c[name] for name in ("photo_path", *_STAMP, "photo_hash")]
        query = select(*columns).where(
            listings.c.photo_size.is_not(None), listings.c.photo_mtime_ns.is_not(None)
        )
        with self._read() as connection:
            return {path: (size, mtime, digest) for path, size, mtime, digest in connection.execute(query)}


_SET_CLICKS = (
    update(listings)
    .where(listings.c.listing_id == bindparam("id_"))
    .values(impressions=bindparam("impressions_"), clicks=bindparam("clicks_"))
)


def _click_counts(connection: Connection) -> pd.DataFrame:
    columns = ["listing_id", "impressions", "clicks"]
    rows = connection.execute(select(*(listings.c[name] for name in columns))).all()
    return frame_of(rows, columns).set_index("listing_id").astype("int64")


def _click_rows(changed: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"id_": listing_id, "impressions_": impressions, "clicks_": clicks}
        for listing_id, impressions, clicks in zip(
            changed.index, changed["impressions"].tolist(), changed["clicks"].tolist(), strict=True
        )
    ]
