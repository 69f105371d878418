"""The catalogue: listings go in in bulk and come out one by one, by id, or as a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, bindparam, select, update

from mmquality.errors import UnknownListingError
from mmquality.records import Listing
from mmquality.store.comings import bring_back, is_in, note_changes, removed_among
from mmquality.store.counts import add_to_counts, counted
from mmquality.store.database import Database, batches, upsert
from mmquality.store.facets import FacetChange, change_facets, facets_of, one_import_at_a_time
from mmquality.store.search_tables import category_counts
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import current_labels, listings
from mmquality.store.text import folded

_TEXTS = ("listing_id", "title", "category", "seller", "image", "photo_path", "title_hash", "photo_hash")
_CONTENT = (
    "title",
    "category",
    "price",
    "seller",
    "attributes",
    "image",
    "photo_path",
    "title_hash",
    "photo_hash",
)
_STAMP = ("photo_size", "photo_mtime_ns")
_WRITTEN = (*_CONTENT, *_STAMP, "title_folded")
_BATCH = 10_000  # ids in one SELECT: below SQLite's limit of 32,766 parameters

LISTING_COLUMNS = (
    "listing_id", "title", "category", "price", "seller", "attributes", "image", "photo_path", "title_hash",
    "photo_hash", "impressions", "clicks",
)  # fmt: skip
listing_columns = [listings.c[name] for name in LISTING_COLUMNS]


@dataclass(frozen=True)
class UpsertCounts:
    """What became of the rows of one or more chunks."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: UpsertCounts) -> UpsertCounts:
        return UpsertCounts(
            self.added + other.added, self.updated + other.updated, self.unchanged + other.unchanged
        )


def as_listing(row: RowMapping) -> Listing:
    """The listing in a row that holds `listing_columns`."""
    return Listing(**{name: row[name] for name in LISTING_COLUMNS})


class ListingStore(Database):
    """The part of the store that holds the catalogue."""

    def upsert_listings(self, frame: pd.DataFrame) -> UpsertCounts:
        """Add new listings and update changed ones, in one transaction.

        Columns: listing_id (unique within the frame), title, category, price, seller, attributes (dict),
        image, photo_path, title_hash, photo_hash, photo_size, photo_mtime_ns. A listing whose photo file was
        merely touched counts as unchanged, though its new stamp is kept. Clicks are left alone. A listing
        that was removed comes back, and counts as added.
        """
        counts = UpsertCounts()
        with self._write() as connection:
            one_import_at_a_time(connection)
            for batch in batches(_records(frame), _BATCH):
                counts += _upsert(connection, batch)
        return counts

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
            for batch in batches(wanted, _BATCH):
                rows = connection.execute(select(*listing_columns).where(listings.c.listing_id.in_(batch)))
                found |= {row["listing_id"]: as_listing(row) for row in rows.mappings()}
        return {listing_id: found[listing_id] for listing_id in wanted if listing_id in found}

    def titles(self, ids: Iterable[str]) -> dict[str, str]:
        """listing_id → title of those of `ids` that the catalogue has."""
        columns = listings.c.listing_id, listings.c.title
        found: dict[str, str] = {}
        with self._read() as connection:
            for batch in batches(list(dict.fromkeys(ids)), _BATCH):
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

    def removed(self, listing_ids: Iterable[str]) -> set[str]:
        """Those of these listings that were removed, and that no import has brought back."""
        found: set[str] = set()
        with self._read() as connection:
            for batch in batches(listing_ids, _BATCH):
                found |= removed_among(connection, batch).keys()
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
        query = select(*(listings.c[name] for name in columns)).where(is_in(listings.c.listing_no))
        query = query.order_by(listings.c.listing_id)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame.from_records(rows, columns=list(columns))

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
    return pd.DataFrame.from_records(rows, columns=columns).set_index("listing_id").astype("int64")


def _click_rows(changed: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"id_": listing_id, "impressions_": impressions, "clicks_": clicks}
        for listing_id, impressions, clicks in zip(
            changed.index, changed["impressions"].tolist(), changed["clicks"].tolist(), strict=True
        )
    ]


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The frame's rows as the table wants them: plain Python values, None where pandas has NaN or NA."""
    plain = pd.DataFrame(
        {name: frame[name].astype(object) for name in (*_TEXTS, "price", *_STAMP)}, dtype=object
    )
    plain = plain.where(plain.notna(), None)
    plain["category"] = plain["category"].where(plain["category"] != "", None)
    plain["attributes"] = frame["attributes"].to_numpy()
    plain["title_folded"] = [folded(title) for title in plain["title"]]
    yield from plain.to_dict("records")  # type: ignore[misc]  # the keys are our column names


def _upsert(connection: Connection, batch: Sequence[dict[str, Any]]) -> UpsertCounts:
    stored = _stored(connection, [row["listing_id"] for row in batch])
    out = removed_among(connection, stored)
    returned = [row for row in batch if row["listing_id"] in out]
    there = {listing_id: row for listing_id, row in stored.items() if listing_id not in out}
    added = [row for row in batch if row["listing_id"] not in there]
    known = [row for row in batch if row["listing_id"] in there]
    updated = [row for row in known if _differs(row, stored[row["listing_id"]], _CONTENT)]
    touched = [row for row in known if _differs(row, stored[row["listing_id"]], _CONTENT + _STAMP)]
    if added or touched:
        connection.execute(upsert(connection, listings, _WRITTEN, listings.c.listing_id), added + touched)
        bring_back(connection, out.values())
        anew = [row for row in updated if _differs(row, stored[row["listing_id"]], JUDGED)]
        note_changes(connection, [row["listing_id"] for row in added + anew])
        _keep_labels(connection, returned + anew, stored)
        _keep_facets(connection, added + updated, there)
        _keep_counts(connection, added, updated, there)
    return UpsertCounts(len(added), len(updated), len(known) - len(updated))


def _stored(connection: Connection, ids: Sequence[str]) -> dict[str, RowMapping]:
    columns = [listings.c[name] for name in ("listing_id", *_CONTENT, *_STAMP)]
    rows = connection.execute(select(*columns).where(listings.c.listing_id.in_(ids)))
    return {row["listing_id"]: row for row in rows.mappings()}


def _keep_facets(
    connection: Connection, written: Sequence[dict[str, Any]], before: Mapping[str, RowMapping]
) -> None:
    """Let the listings be found by the attributes that they have now."""
    ids = [row["listing_id"] for row in written]
    query = select(listings.c.listing_id, listings.c.listing_no).where(listings.c.listing_id.in_(ids))
    numbers = {listing_id: number for listing_id, number in connection.execute(query)}
    changes = (
        FacetChange(numbers[row["listing_id"]], _facets(before.get(row["listing_id"])), _facets(row))
        for row in written
    )
    change_facets(connection, changes)


def _keep_labels(
    connection: Connection, updated: Sequence[dict[str, Any]], before: Mapping[str, RowMapping]
) -> None:
    """Where title or photo changed, let the label that counts know it."""
    ids = [row["listing_id"] for row in updated if _differs(row, before[row["listing_id"]], JUDGED)]
    if ids:
        judged = select(listings.c.listing_no).join(current_labels).where(listings.c.listing_id.in_(ids))
        let_newest_count(connection, connection.execute(judged).scalars().all())


def _keep_counts(
    connection: Connection,
    added: Sequence[dict[str, Any]],
    updated: Sequence[dict[str, Any]],
    before: Mapping[str, RowMapping],
) -> None:
    """Count the categories that the listings have now, and no more those that they had."""
    counts = Counter(row["category"] or "" for row in (*added, *updated))
    counts.subtract(before[row["listing_id"]]["category"] or "" for row in updated)
    moved = [{"category": name, "listings": more} for name, more in sorted(counts.items()) if more]
    if moved:
        add_to_counts(connection, moved)


def _facets(row: Mapping[str, Any] | RowMapping | None) -> frozenset[tuple[str, str]]:
    return frozenset() if row is None else facets_of(row["seller"], row["attributes"])


def _differs(row: dict[str, Any], stored: RowMapping, names: Sequence[str]) -> bool:
    return any(row[name] != stored[name] for name in names)
