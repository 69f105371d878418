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

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
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
_PACKED_AT_ONCE = 500_000  # pairs of numbers
_BITS = 32  # of a listing's number beside that of a value in one integer
_LAST = (1 << _BITS) - 1
_INTO = "INSERT INTO listing_values (value_no, listing_no)"
_UNPACKED = f"{_INTO} SELECT value >> {_BITS}, value & {_LAST} FROM json_each(?)"

Pair = tuple[str, str]  # an attribute's name and one of its values
Numbers = npt.NDArray[np.int64]


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
    words = "" if value is None else " ".join(storable(str(value)).split())
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
        self._pairs: dict[Pair, int] = {}  # each with a number of its own
        self._of_name: dict[str, _ValueNumbers] = {}
        self._found: list[Numbers] = []  # packed: the number of a pair, and a listing that has it

    def add(self, listing_nos: Numbers, sellers: Sequence[str | None], given: Sequence[str]) -> None:
        """Listings that are new: their numbers, sellers, and attributes as JSON texts."""
        objects: list[dict[str, Any]] = orjson.loads(f"[{','.join(given)}]")
        for name in set().union(*objects) - {SELLER}:
            self._add(name, listing_nos, [each.get(name) for each in objects])
        self._add(SELLER, listing_nos, sellers)

    def write(self, connection: Connection) -> None:
        """Let the listings be found; `one_import_at_a_time` was called before."""
        found = np.sort(np.concatenate([np.empty(0, np.int64), *self._found]))
        # A listing may have the same value twice, once its names are what a database holds.
        found = found[np.diff(found, prepend=-1) > 0]
        starts = np.searchsorted(found, np.arange(len(self._pairs)) << _BITS)
        listings = np.split(found & _LAST, starts)[1:]
        _move(connection, dict(zip(self._pairs, listings, strict=True)), {})

    def _add(self, name: str, listing_nos: Numbers, values: Sequence[object]) -> None:
        numbers = self._of_name.setdefault(name, _ValueNumbers(name, self._pairs))
        if numbers.too_many:
            return
        codes, different = pd.factorize(np.array(values, dtype=object))
        pairs = np.array([*map(numbers.__getitem__, different), -1], np.int64)[codes]  # None's code is -1
        self._found.append((pairs << _BITS | listing_nos)[pairs >= 0])


class _ValueNumbers(dict[object, int]):
    """The numbers of an attribute's values: -1 where nobody can choose the value, or there are too many."""

    def __init__(self, name: str, pairs: dict[Pair, int]) -> None:
        super().__init__()
        self._name, self._pairs, self._own = name, pairs, set[Pair]()

    @property
    def too_many(self) -> bool:
        return len(self._own) > MOST_VALUES and self._name != SELLER

    def __missing__(self, value: object) -> int:
        pair = None if self.too_many else _worded(self._name, value)
        if pair is None:
            return -1
        self._own.add(pair)
        self[value] = number = self._pairs.setdefault(pair, len(self._pairs))
        return number


def _move(
    connection: Connection, gained: Mapping[Pair, Sequence[int] | Numbers], lost: Mapping[Pair, Sequence[int]]
) -> None:
    """Write which listings gained and lost each value."""
    _add_values(connection, set(gained))
    numbers = _numbers(connection, {*gained, *lost})
    # What has no number belongs to an attribute that is no facet.
    known = sorted((numbers[pair], pair) for pair in gained if pair in numbers)
    of_value = np.repeat([value for value, _ in known], [len(gained[pair]) for _, pair in known])
    added = [np.asarray(gained[pair], np.int64) for _, pair in known]
    left = ((numbers[pair], no) for pair in lost if pair in numbers for no in lost[pair])
    gone = [{"of_value": value, "of_listing": no} for value, no in left]
    counts = Counter({value: len(gained[pair]) for value, pair in known})
    counts.subtract(row["of_value"] for row in gone)
    moved = [{"of_value": number, "more": more} for number, more in sorted(counts.items()) if more]
    if added:
        _insert(connection, of_value, np.concatenate(added))
    for statement, rows in ((_FORGET, gone), (_COUNT, moved)):
        if rows:
            connection.execute(statement, rows)


def _insert(connection: Connection, value_nos: Numbers, listing_nos: Numbers) -> None:
    """Write pairs of numbers, sorted; SQLite unpacks them itself, for a row that is bound takes it longer."""
    if connection.dialect.name != "sqlite":
        rows = zip(value_nos.tolist(), listing_nos.tolist(), strict=True)
        insert_rows(connection, listing_values, ("value_no", "listing_no"), rows)
        return
    packed = value_nos.astype(np.int64) << _BITS | listing_nos
    for start in range(0, len(packed), _PACKED_AT_ONCE):
        some = orjson.dumps(packed[start : start + _PACKED_AT_ONCE], option=orjson.OPT_SERIALIZE_NUMPY)
        connection.exec_driver_sql(_UNPACKED, (some.decode(),))


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
