"""How listings are written: many at a time, with everything that finding them rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from mmquality.store.comings import bring_back, note_all, note_changes, removed_among
from mmquality.store.counts import add_to_counts
from mmquality.store.database import IN_ONE, batches, insert_rows, upsert
from mmquality.store.facets import FacetChange, NewFacets, change_facets, facets_of
from mmquality.store.search_tables import add_letters, drop_title_letters, forget_letters, index_title_letters
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import current_labels, listings
from mmquality.store.text import all_storable, as_json, folded

if TYPE_CHECKING:  # who makes one loads its driver
    from mmquality.store.first_listings import FirstListings

_CONTENT = (
    "listing_id", "title", "category", "seller", "image", "photo_path", "title_hash", "photo_hash", "price",
    "attributes",
)  # fmt: skip
_COMPARED = (*_CONTENT, "photo_size", "photo_mtime_ns")
_WRITTEN = (*_COMPARED, "title_folded")
_TEXTS = _CONTENT[:8]
_TITLE, _CATEGORY, _SELLER, _ATTRIBUTES = map(_CONTENT.index, ("title", "category", "seller", "attributes"))
# In SQLite these grow at their end while the first listings come: their columns are all zero then, or rise.
_GROWING = ("ix_listings_narrow", "ix_listings_impressions", "ix_listings_clicks")
_JUDGED = [_CONTENT.index(name) for name in JUDGED]

Row = tuple[Any, ...]  # `_WRITTEN`, of what is stored `_COMPARED`


@dataclass(frozen=True)
class UpsertCounts:
    """What became of the rows of one or more chunks."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    returned: int = 0  # of those added: they were removed before

    def __add__(self, other: UpsertCounts) -> UpsertCounts:
        both = zip(astuple(self), astuple(other), strict=True)
        return UpsertCounts(*(one + more for one, more in both))


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
    stored = _stored(connection, [row[0] for row in rows]) if holds_listings(connection) else {}
    known = [row for row in rows if row[0] in stored]
    touched = [change for row in known if (change := _change(stored[row[0]], row)) is not None]
    updated = [change for change in touched if change.of(*range(len(_CONTENT)))]
    out = removed_among(connection, [stored[row[0]][0] for row in known])
    returned = [(stored[row[0]][0], row) for row in known if stored[row[0]][0] in out] if out else []
    stayed = [change for change in updated if change.number not in out]
    _update(connection, touched)
    _keep_labels(connection, updated)
    added = _add(connection, [row for row in rows if row[0] not in stored])
    bring_back(connection, [number for number, _ in returned])
    anew = [change.number for change in stayed if change.of(*_JUDGED)]
    note_changes(connection, [number for number, _ in added], [*anew, *(number for number, _ in returned)])
    add_letters(connection, [number for number, _ in added])  # a listing that was out has kept its own
    _keep_findable(connection, [*added, *returned], stayed)
    came = len(added) + len(returned)
    return UpsertCounts(came, len(stayed), len(rows) - came - len(stayed), len(returned))


def load_frames(connection: Connection, frames: Iterable[pd.DataFrame]) -> UpsertCounts:
    """`upsert_frame` of each where there is no listing yet: indexes and facets are written at the end."""
    facets, categories, seen, twice = NewFacets(), Counter[str](), set[str](), list[pd.DataFrame]()
    with _indexed_afterwards(connection):
        for frame in frames:
            rows = _rows(frame)
            new = [row[0] not in seen for row in rows]
            if not all(new):
                twice.append(frame[[not first for first in new]])
            added = _add(connection, list(compress(rows, new)))
            numbers = np.array([number for number, _ in added], np.int64)
            facets.add(numbers, [row[_SELLER] for _, row in added], [row[_ATTRIBUTES] for _, row in added])
            categories.update(row[_CATEGORY] or "" for _, row in added)
            seen.update(row[0] for _, row in added)
        note_all(connection)
    index_title_letters(connection)
    facets.write(connection)
    _count(connection, categories)
    return sum((upsert_frame(connection, frame) for frame in twice), UpsertCounts(added=len(seen)))


def copy_listings(connection: Connection, ready: FirstListings) -> UpsertCounts:
    """`load_frames` of what is ready to be copied."""
    with _indexed_afterwards(connection):
        ready.copy_rows(connection)
        note_all(connection)
    ready.facets.write(connection)
    _count(connection, ready.categories)
    ready.copy_letters(connection)
    return UpsertCounts(added=ready.added)


def holds_listings(connection: Connection) -> bool:
    """Whether there is any listing, removed ones included."""
    return connection.execute(select(listings.c.listing_no).limit(1)).first() is not None


@contextmanager
def _indexed_afterwards(connection: Connection) -> Iterator[None]:
    """Many listings are written inside: their table's indexes are gone meanwhile, and built at the end.

    Letters of titles are to be written then.
    """
    drop_title_letters(connection)
    growing = _GROWING if connection.dialect.name == "sqlite" else ()
    rebuilt = [index for index in listings.indexes if index.name not in growing]
    for index in rebuilt:
        index.drop(connection, checkfirst=True)
    yield
    for index in rebuilt:
        index.create(connection)


def _rows(frame: pd.DataFrame) -> list[Row]:
    """The frame's rows as `_WRITTEN`: plain Python values, None where pandas has NaN or NA."""
    columns: dict[str, list[Any]] = {name: all_storable(_plain(frame[name])) for name in _TEXTS}
    columns["category"] = [name or None for name in columns["category"]]
    columns |= {name: _plain(frame[name]) for name in ("price", "photo_size", "photo_mtime_ns")}
    columns["attributes"] = [
        given if isinstance(given, str) else as_json(given) for given in frame["attributes"].tolist()
    ]
    columns["title_folded"] = list(map(folded, columns["title"]))
    return list(zip(*(columns[name] for name in _WRITTEN), strict=True))


def _plain(column: pd.Series[Any]) -> list[Any]:
    values: list[Any] = column.tolist()
    return [None if value is pd.NA or value != value else value for value in values]


def _stored(connection: Connection, ids: Sequence[str]) -> dict[str, Row]:
    """The number and `_COMPARED` of those of these listings that the catalogue has, by id."""
    columns: list[ColumnElement[Any]] = [listings.c[name] for name in _COMPARED]
    columns[_ATTRIBUTES] = cast(columns[_ATTRIBUTES], Text)
    query = select(listings.c.listing_no, *columns)
    found: dict[str, Row] = {}
    for some in batches(ids, IN_ONE):
        rows = connection.execute(query.where(listings.c.listing_id.in_(some)))
        found |= {row[1]: tuple(row) for row in rows}
    return found


def _change(stored: Row, now: Row) -> _Change | None:
    """What changes of a stored listing, if anything; attributes are compared by what they say."""
    if stored[1:] == now[: len(_COMPARED)]:
        return None
    number, *before = stored
    if orjson.loads(before[_ATTRIBUTES]) == orjson.loads(now[_ATTRIBUTES]):
        before[_ATTRIBUTES] = now[_ATTRIBUTES]
    change = _Change(number, tuple(before), now)
    return change if change.of(*range(len(_COMPARED))) else None


def _add(connection: Connection, added: Sequence[Row]) -> list[tuple[int, Row]]:
    """Write listings that are new, and give each its number."""
    numbered = list(zip(_new_numbers(connection, len(added)), added, strict=True))
    rows = ((number, *row) for number, row in numbered)
    insert_rows(connection, listings, ("listing_no", *_WRITTEN), rows)
    return numbered


def _new_numbers(connection: Connection, count: int) -> Sequence[int]:
    """The next numbers that the table of listings would give by itself."""
    if connection.dialect.name == "postgresql":
        sequence = func.nextval(func.pg_get_serial_sequence("listings", "listing_no"))
        query = select(sequence).select_from(func.generate_series(1, count))
        return connection.execute(query).scalars().all()
    last = connection.execute(select(func.coalesce(func.max(listings.c.listing_no), 0))).scalar_one()
    return range(last + 1, last + 1 + count)


def _update(connection: Connection, touched: Sequence[_Change]) -> None:
    if not touched:
        return
    retitled = [change.number for change in touched if change.of(_TITLE)]
    forget_letters(connection, retitled)
    rows = [dict(zip(_WRITTEN, change.now, strict=True)) for change in touched]
    for row in rows:
        row["attributes"] = orjson.loads(row["attributes"])
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
    _count(connection, counts)


def _count(connection: Connection, categories: Counter[str]) -> None:
    """So many listings more, or fewer, are of each category."""
    moved = [{"category": name, "listings": more} for name, more in sorted(categories.items()) if more]
    if moved:
        add_to_counts(connection, moved)


def _facets(row: Row) -> frozenset[tuple[str, str]]:
    return facets_of(row[_SELLER], orjson.loads(row[_ATTRIBUTES]))
