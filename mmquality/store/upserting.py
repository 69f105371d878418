"""How listings are written: many at a time, with everything that finding them rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from mmquality.store.comings import bring_back, note_changes, removed_among
from mmquality.store.counts import add_to_counts
from mmquality.store.database import IN_ONE, batches, insert_rows, upsert
from mmquality.store.facets import FacetChange, change_facets, facets_of
from mmquality.store.search_tables import add_letters, drop_title_letters, forget_letters, index_title_letters
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import current_labels, listings
from mmquality.store.text import all_storable, as_json, folded

_CONTENT = (
    "listing_id", "title", "category", "seller", "image", "photo_path", "title_hash", "photo_hash", "price",
    "attributes",
)  # fmt: skip
_COMPARED = (*_CONTENT, "photo_size", "photo_mtime_ns")
_WRITTEN = (*_COMPARED, "title_folded")
_TEXTS = _CONTENT[:8]
_TITLE, _CATEGORY, _SELLER, _ATTRIBUTES = map(_CONTENT.index, ("title", "category", "seller", "attributes"))
_JUDGED = [_CONTENT.index(name) for name in JUDGED]

Row = tuple[Any, ...]  # `_WRITTEN`, of what is stored `_COMPARED`


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


@dataclass(frozen=True)
class _Change:
    """A listing that is in the catalogue already: its number, what it was, and what it is to be."""

    number: int
    before: Row
    now: Row

    def of(self, *places: int) -> bool:
        """Whether one of these columns changes."""
        return any(self.before[place] != self.now[place] for place in places)


def upsert_frame(connection: Connection, frame: pd.DataFrame) -> UpsertCounts:
    """Add new listings and update changed ones, see `ListingStore.upsert_listings`."""
    rows = _rows(frame)
    last = connection.execute(select(func.coalesce(func.max(listings.c.listing_no), 0))).scalar_one()
    stored = _stored(connection, [row[0] for row in rows]) if last else {}
    known = [_Change(*stored[row[0]], row) for row in rows if row[0] in stored]
    touched = [change for change in known if change.before != change.now[: len(_COMPARED)]]
    updated = [change for change in touched if change.of(*range(len(_CONTENT)))]
    out = removed_among(connection, [change.number for change in known])
    returned = [change for change in known if change.number in out]
    stayed = [change for change in updated if change.number not in out]
    _update(connection, touched)
    _keep_labels(connection, updated)
    added = _add(connection, [row for row in rows if row[0] not in stored], last)
    bring_back(connection, [change.number for change in returned])
    anew = [change.number for change in stayed if change.of(*_JUDGED)]
    note_changes(connection, [number for number, _ in added], [*anew, *(c.number for c in returned)])
    add_letters(connection, [number for number, _ in added])  # a listing that was out has kept its own
    _keep_findable(connection, [*added, *((c.number, c.now) for c in returned)], stayed)
    came = len(added) + len(returned)
    return UpsertCounts(came, len(stayed), len(rows) - came - len(stayed))


@contextmanager
def indexed_afterwards(connection: Connection) -> Iterator[None]:
    """Many listings are written inside: their table's indexes are gone meanwhile, and built at the end."""
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        drop_title_letters(connection)
    for index in listings.indexes:
        index.drop(connection, checkfirst=True)
    yield
    for index in listings.indexes:
        index.create(connection)
    if on_postgresql:
        index_title_letters(connection)


def _rows(frame: pd.DataFrame) -> list[Row]:
    """The frame's rows as `_WRITTEN`: plain Python values, None where pandas has NaN or NA."""
    columns: dict[str, list[Any]] = {name: all_storable(_plain(frame[name])) for name in _TEXTS}
    columns["category"] = [name or None for name in columns["category"]]
    columns |= {name: _plain(frame[name]) for name in ("price", "photo_size", "photo_mtime_ns")}
    columns["attributes"] = frame["attributes"].tolist()
    columns["title_folded"] = list(map(folded, columns["title"]))
    return list(zip(*(columns[name] for name in _WRITTEN), strict=True))


def _plain(column: pd.Series[Any]) -> list[Any]:
    return column.astype(object).where(column.notna(), None).tolist()


def _stored(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, Row]]:
    """The number and `_COMPARED` of those of these listings that the catalogue has, by id."""
    query = select(listings.c.listing_no, *(listings.c[name] for name in _COMPARED))
    found: dict[str, tuple[int, Row]] = {}
    for some in batches(ids, IN_ONE):
        for number, *values in connection.execute(query.where(listings.c.listing_id.in_(some))):
            found[values[0]] = number, tuple(values)
    return found


def _add(connection: Connection, added: Sequence[Row], last: int) -> list[tuple[int, Row]]:
    """Write listings that are new, and give each its number; those that were there end with `last`."""
    if not added:
        return []
    insert_rows(connection, listings, _WRITTEN, map(_for_the_driver, added))
    query = select(listings.c.listing_id, listings.c.listing_no).where(listings.c.listing_no > last)
    numbers = {listing_id: number for listing_id, number in connection.execute(query)}
    return [(numbers[row[0]], row) for row in added]


def _for_the_driver(row: Row) -> Row:
    return *row[:_ATTRIBUTES], as_json(row[_ATTRIBUTES]), *row[_ATTRIBUTES + 1 :]


def _update(connection: Connection, touched: Sequence[_Change]) -> None:
    if not touched:
        return
    retitled = [change.number for change in touched if change.of(_TITLE)]
    forget_letters(connection, retitled)
    rows = [dict(zip(_WRITTEN, change.now, strict=True)) for change in touched]
    connection.execute(upsert(connection, listings, _WRITTEN, listings.c.listing_id), rows)
    add_letters(connection, retitled)


def _keep_labels(connection: Connection, updated: Sequence[_Change]) -> None:
    """Where title or photo changed, let the label that counts know it."""
    numbers = [change.number for change in updated if change.of(*_JUDGED)]
    for some in batches(numbers, IN_ONE):
        judged = select(current_labels.c.listing_no).where(current_labels.c.listing_no.in_(some))
        let_newest_count(connection, connection.execute(judged).scalars().all())


def _keep_findable(
    connection: Connection, added: Sequence[tuple[int, Row]], updated: Sequence[_Change]
) -> None:
    """Let listings be found, and counted, by what they are now and no more by what they were."""
    changes = [FacetChange(number, frozenset(), _facets(row)) for number, row in added]
    changes += [FacetChange(each.number, _facets(each.before), _facets(each.now)) for each in updated]
    change_facets(connection, changes)
    counts = Counter(row[_CATEGORY] or "" for row in (*(row for _, row in added), *(u.now for u in updated)))
    counts.subtract(change.before[_CATEGORY] or "" for change in updated)
    moved = [{"category": name, "listings": more} for name, more in sorted(counts.items()) if more]
    if moved:
        add_to_counts(connection, moved)


def _facets(row: Row) -> frozenset[tuple[str, str]]:
    return facets_of(row[_SELLER], row[_ATTRIBUTES])
