"""Facets: the values that a catalogue's attributes have, how many listings have each, and which ones.

Written with the listings, in the same transaction: a filter finds its listings and its counts without reading
the catalogue. An attribute with more than `MOST_VALUES` different values (a product code) is no facet;
sellers are, however many there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, text, update

from mmquality.store.database import IN_ONE, Database, batches, insert_rows
from mmquality.store.search_tables import attribute_values, attributes, listing_values
from mmquality.store.text import storable

SELLER = "seller"
MOST_VALUES = 1_000
_LONGEST = 100  # characters; a longer value is a text to read, not one to choose
_MOST_DISTINCT = 0.5  # different values per listing that has one: above it, hardly any filter finds two
_OFFERED = 1_000  # values of an attribute, the most frequent
_AT_ONCE = 50_000  # changes

Pair = tuple[str, str]  # an attribute's name and one of its values


@dataclass(frozen=True)
class Facet:
    """An attribute to filter by: its values, and how many listings of the whole catalogue have each.

    The most frequent come first, at most a thousand.
    """

    name: str
    values: dict[str, int]


@dataclass(frozen=True)
class FacetChange:
    """What a listing had, and what it has now."""

    listing_no: int
    before: frozenset[Pair]
    now: frozenset[Pair]


class FacetStore(Database):
    """The part of the store that knows the attributes' values."""

    def facets(self) -> list[Facet]:
        """The attributes worth filtering by, by name: at least two values, and values that repeat."""
        named = select(attributes).where(attributes.c.too_many.is_(False)).order_by(attributes.c.name)
        with self._read() as connection:
            rows = connection.execute(named).all()
            found = [Facet(row.name, _offered(connection, row.attribute_no)) for row in rows]
        return [facet for facet in found if _worthwhile(facet.values)]


def _offered(connection: Connection, attribute_no: int) -> dict[str, int]:
    """Values and their counts, read from an index in this order: there may be a hundred thousand sellers."""
    value, number = attribute_values.c.value, attribute_values.c.listings
    here = select(value, number).where(attribute_values.c.attribute_no == attribute_no, number > 0)
    rows = connection.execute(here.order_by(number.desc(), value).limit(_OFFERED))
    return {name: listings for name, listings in rows}


def _worthwhile(values: Mapping[str, int]) -> bool:
    return 1 < len(values) <= _MOST_DISTINCT * sum(values.values())


def facets_of(seller: str | None, given: Mapping[str, Any]) -> frozenset[Pair]:
    """The names and values by which a listing is to be found."""
    named = {**given, SELLER: seller or ""}
    return frozenset(pair for pair in map(_worded, named, named.values()) if pair is not None)


@lru_cache(maxsize=100_000)  # most values come again and again
def _worded(name: str, value: object) -> Pair | None:
    """An attribute's name and its value as one chooses it; None where there is none to choose."""
    words = " ".join(storable(str(value)).split())
    return (storable(name), words) if 0 < len(words) <= _LONGEST else None


def counted_values(name: str, values: Sequence[str]) -> Select[int, int]:
    """The numbers of these values of an attribute, and how many listings have each."""
    named = select(attributes.c.attribute_no).where(attributes.c.name == name).scalar_subquery()
    return select(attribute_values.c.value_no, attribute_values.c.listings).where(
        attribute_values.c.attribute_no == named, attribute_values.c.value.in_(values)
    )


def one_import_at_a_time(connection: Connection) -> None:
    """Other imports wait for this transaction: of two at once, both would add what is new."""
    if connection.dialect.name == "postgresql":  # on SQLite every writer is alone
        connection.execute(text("LOCK TABLE attributes IN SHARE ROW EXCLUSIVE MODE"))


def change_facets(connection: Connection, changes: Iterable[FacetChange]) -> None:
    """Write what listings gained and lost, and count it; `one_import_at_a_time` was called before."""
    for batch in batches(changes, _AT_ONCE):
        gained, lost = defaultdict[Pair, list[int]](list), defaultdict[Pair, list[int]](list)
        for change in batch:
            for pair in change.now - change.before:
                gained[pair].append(change.listing_no)
            for pair in change.before - change.now:
                lost[pair].append(change.listing_no)
        _move(connection, gained, lost)


class NewFacets:
    """What new listings are to be found by, gathered until all of it is written at once.

    An attribute that gets too many values while it is gathered is followed no further.
    """

    def __init__(self) -> None:
        self._gained: dict[Pair, list[int]] = {}
        self._as_written: dict[str, dict[object, list[int]]] = {}  # name → value → its listings
        self._values: Counter[str] = Counter()

    def add(self, listing_no: int, seller: str | None, given: Mapping[str, Any]) -> None:
        """A listing that is new; `listing_no` rises."""
        for name, value in {**given, SELLER: seller or ""}.items():
            of_name = self._as_written.setdefault(name, {})
            listings = of_name.get(value)
            if listings is None:
                if (listings := self._listings(name, value)) is None:
                    continue
                of_name[value] = listings
            # A listing may have the same value twice, once its names are what a database holds.
            if not listings or listings[-1] != listing_no:
                listings.append(listing_no)

    def write(self, connection: Connection) -> None:
        """Let the listings be found; `one_import_at_a_time` was called before."""
        _move(connection, self._gained, {})

    def _listings(self, name: str, value: object) -> list[int] | None:
        """Those that have the value; None where nobody can choose it, or the attribute has too many."""
        if self._values[name] > MOST_VALUES and name != SELLER:
            return None
        pair = _worded(name, value)
        if pair is None:
            return None
        self._values[name] += pair not in self._gained
        return self._gained.setdefault(pair, [])


def _move(
    connection: Connection, gained: Mapping[Pair, Sequence[int]], lost: Mapping[Pair, Sequence[int]]
) -> None:
    """Write which listings gained and lost each value."""
    _add_values(connection, set(gained))
    numbers = _numbers(connection, {*gained, *lost})
    # What has no number belongs to an attribute that is no facet.
    known = sorted((numbers[pair], pair) for pair in gained if pair in numbers)
    added = ((value, no) for value, pair in known for no in gained[pair])
    left = ((numbers[pair], no) for pair in lost if pair in numbers for no in lost[pair])
    gone = [{"of_value": value, "of_listing": no} for value, no in left]
    counts = Counter({value: len(gained[pair]) for value, pair in known})
    counts.subtract(row["of_value"] for row in gone)
    moved = [{"of_value": number, "more": more} for number, more in sorted(counts.items()) if more]
    insert_rows(connection, listing_values, ("value_no", "listing_no"), added)
    for statement, rows in ((_FORGET, gone), (_COUNT, moved)):
        if rows:
            connection.execute(statement, rows)


_THIS_VALUE = listing_values.c.value_no == bindparam("of_value")
_FORGET = delete(listing_values).where(_THIS_VALUE, listing_values.c.listing_no == bindparam("of_listing"))
_COUNT = (
    update(attribute_values)
    .where(attribute_values.c.value_no == bindparam("of_value"))
    .values(listings=attribute_values.c.listings + bindparam("more"))
)


def _add_values(connection: Connection, pairs: set[Pair]) -> None:
    """Give numbers to values that are new; an attribute that gets too many of them is given up."""
    known_names = set(connection.execute(select(attributes.c.name)).scalars())
    new_names = sorted({name for name, _ in pairs} - known_names)
    if new_names:
        connection.execute(insert(attributes), [{"name": name} for name in new_names])
    new: dict[str, list[str]] = defaultdict(list)
    for name, value in sorted(pairs - _numbers(connection, pairs).keys()):
        new[name].append(value)
    open_ones = select(attributes).where(attributes.c.name.in_(new), attributes.c.too_many.is_(False))
    for row in connection.execute(open_ones).all():
        if row.name != SELLER and _different(connection, row.attribute_no) + len(new[row.name]) > MOST_VALUES:
            _give_up(connection, row.attribute_no)
        else:
            values = [{"attribute_no": row.attribute_no, "value": value} for value in new[row.name]]
            connection.execute(insert(attribute_values), values)


def _different(connection: Connection, attribute_no: int) -> int:
    query = select(func.count()).where(attribute_values.c.attribute_no == attribute_no)
    return connection.execute(query).scalar_one()


def _give_up(connection: Connection, attribute_no: int) -> None:
    here = attribute_values.c.attribute_no == attribute_no
    numbers = select(attribute_values.c.value_no).where(here)
    connection.execute(delete(listing_values).where(listing_values.c.value_no.in_(numbers)))
    connection.execute(delete(attribute_values).where(here))
    closed = update(attributes).where(attributes.c.attribute_no == attribute_no).values(too_many=True)
    connection.execute(closed)


def _numbers(connection: Connection, pairs: set[Pair]) -> dict[Pair, int]:
    """The numbers of those pairs that have one."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        by_name[name].append(value)
    query = select(attribute_values.c.value, attribute_values.c.value_no)
    numbered = select(attributes.c.name, attributes.c.attribute_no)
    named = {name: number for name, number in connection.execute(numbered)}
    found: dict[Pair, int] = {}
    for name, values in by_name.items():
        of_name = query.where(attribute_values.c.attribute_no == named.get(name))
        for some in batches(values, IN_ONE):
            rows = connection.execute(of_name.where(attribute_values.c.value.in_(some)))
            found |= {(name, value): number for value, number in rows}
    return found
