"""The orders in which a ranking can be read: its own, or that of a column of the listings; their indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Index, func, literal_column

from mmquality.store.tables import listings, scores

LISTING_SORTS: dict[str, ColumnElement[Any]] = {
    "title": listings.c.title_folded,
    "price": listings.c.price,
    "category": listings.c.category,
    "impressions": listings.c.impressions,
    "clicks": listings.c.clicks,
    "imported": listings.c.listing_no,  # numbers rise with every import
}
# "-" = descending
RANKING_SORTS = tuple(sign + key for key in ("rank", "score", *LISTING_SORTS) for sign in ("", "-"))
WORST_FIRST = ("rank", "-score")

# SQLite ends every index with the row's number, and goes through it twice where those of no value come last;
# PostgreSQL sorts the whole table where an index is not just so.
for _key in ("price", "impressions", "clicks"):
    _column = listings.c[_key]
    Index(f"ix_listings_{_key}", _column).ddl_if(dialect="sqlite")
    Index(f"ix_listings_{_key}_number", _column, listings.c.listing_no).ddl_if(dialect="postgresql")
for _key in ("price", "category"):
    _falling = listings.c[_key].desc().nulls_last(), listings.c.listing_no.desc()
    Index(f"ix_listings_{_key}_falling", *_falling).ddl_if(dialect="postgresql")

# Titles are sorted, and in SQLite searched, through an index. PostgreSQL refuses to index values beyond
# 2.7 kB, so there it holds the beginning of each title, enough to sort by.
_TITLE = listings.c.title_folded
_TITLE_START = func.left(_TITLE, literal_column("200"))
Index("ix_listings_title", _TITLE).ddl_if(dialect="sqlite")
Index("ix_listings_title_start", _TITLE_START, listings.c.listing_no).ddl_if(dialect="postgresql")


def order_of(sort: str, dialect: str) -> Sequence[ColumnElement[Any]]:
    """What a query for `scores`, and `listings` where the sort is one of `LISTING_SORTS`, is ordered by."""
    key = sort.removeprefix("-")
    if key in ("rank", "score"):
        return [scores.c.place if sort in WORST_FIRST else scores.c.place.desc()]
    column, descending = sorted_by(sort, dialect)
    ordered = column.desc() if descending else column.asc()
    # Equal ones in the order of the index, which no rank is in: they may be the whole catalogue.
    number = listings.c.listing_no.desc() if descending else listings.c.listing_no
    return [ordered.nulls_last() if key in ("price", "category") else ordered, number]


def sorted_by(sort: str, dialect: str) -> tuple[ColumnElement[Any], bool]:
    """The column of one of `LISTING_SORTS`, as its index has it, and whether it falls."""
    key = sort.removeprefix("-")
    column = LISTING_SORTS[key]
    if key == "title" and dialect == "postgresql":
        column = _TITLE_START
    return column, sort.startswith("-")


def beside(
    column: ColumnElement[Any], value: object, number: int, rising: bool, later: bool
) -> tuple[Sequence[ColumnElement[Any]], Sequence[ColumnElement[bool]]]:
    """Where the listing next to that of a `value` and a `number` is, later in the order or earlier.

    An order, and up to three walks along the column's index, each only where those before it found nobody:
    listings of the same value, those of other values, and those on the other side of what has none, which
    comes last.
    """
    same = column.is_(None) if value is None else column == value
    walks: list[ColumnElement[bool]] = [same & _past(listings.c.listing_no, number, rising)]
    if value is not None:
        walks.append(_past(column, value, rising))
    if later == (value is not None):
        walks.append(column.is_(None) if later else column.is_not(None))
    return [key.asc() if rising else key.desc() for key in (column, listings.c.listing_no)], walks


def _past(column: ColumnElement[Any], value: object, rising: bool) -> ColumnElement[bool]:
    past: ColumnElement[bool] = column > value if rising else column < value
    return past
