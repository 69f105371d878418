"""What a question asks of each listing, in two forms: a place to start from, and a test on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from mmquality.store.facets import counted_values
from mmquality.store.kept_selections import selected
from mmquality.store.search_tables import TITLE_LETTERS, TITLE_THREES, category_counts, listing_values
from mmquality.store.tables import current_labels, listings
from mmquality.store.text import contains_every_word, storable, words
from mmquality.store.times import arrival_times

_LETTERS = 3  # in a row, as the index of titles has them
_MOST_ASKED = 40  # questions to the index; the titles found are read anyway
_VERY_MANY = 300_000  # titles
_LAST = "\U0010ffff"  # of all letters


class LabelFilter(StrEnum):
    """Which listings to show by the label that counts for them."""

    UNLABELLED = "unlabelled"
    LABELLED = "labelled"
    MISMATCH = "mismatch"
    MATCH = "match"
    UNSURE = "unsure"


@dataclass(frozen=True)
class RankingQuery:
    """Which listings of the ranking, and in which order.

    `category`: any of these ("" = listings without one); nothing = all. `attributes`: for each of these names
    any of its values ("seller" is such a name). `min_price` ≤ price ≤ `max_price`, which leaves out listings
    without a price. `text`: every word occurs in the title, in any case. `listing_ids`: none but these.
    `among`: the name of a kept selection whose listings alone are meant. `arrived_since`: those that
    joined the ranking since that moment.
    `version`: the model version whose ranking it is; None = the one in force. `sort`: one of
    `RANKING_SORTS`; "rank" and "-score" put the worst first, "-imported" the newest. Equal ones follow in the
    order of their import, the newest first where the sort falls; listings without a price or category come
    last either way.
    """

    category: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    text: str = ""
    label: LabelFilter | None = None
    sort: str = "rank"
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_price: float | None = None
    max_price: float | None = None
    listing_ids: tuple[str, ...] | None = None
    version: str | None = None
    among: str = ""
    arrived_since: datetime | None = None


Columns = ReadOnlyColumnCollection[str, Any]
OfRow = Callable[[Columns], ColumnElement[bool]]


@dataclass(frozen=True)
class Condition:
    """`start`: the numbers of the listings to consider; None where nearly all are.

    `of_row`: whether the listing with these columns (`narrow`) meets the condition, or else `test`: whether
    the listing with this number does. `exact`: whether every listing of `start` meets it and need not be
    tested again. `size`: how many `start` gives, where that is kept. `scattered`: in another order than the
    table's.
    """

    start: Select[Any] | None
    test: Callable[[ColumnClause[int]], ColumnElement[bool]] | None = None
    of_row: OfRow | None = None
    exact: bool = True
    size: int | None = None
    scattered: bool = False


def tests(
    asked: Sequence[Condition], number: ColumnClause[int], rows: FromClause, read: bool = False
) -> list[ColumnElement[bool]]:
    """What tells whether the listing with this number meets all these conditions.

    :param rows: the listings, `narrow` of this connection
    :param read: the query reads that row anyway
    """
    found = [c.test(number) for c in asked if c.test is not None]
    of_row = [c.of_row(rows.c) for c in asked if c.of_row is not None]
    if of_row and not read:  # once, for all of them
        row = select(rows.c.listing_no).where(rows.c.listing_no == number, *of_row)
        # The outer query may read listings, too: this one is not to be taken for it.
        of_row = [row.correlate(number.table).exists()]
    return [*found, *of_row]


def conditions(connection: Connection, query: RankingQuery) -> list[Condition]:
    """What the query asks, scores apart."""
    asked = list(_conditions(connection, query))
    if connection.dialect.name == "sqlite" or not asked:
        return asked
    # Psycopg prepares what it has sent five times, and the server then plans it for any word or price: it
    # goes through all of an index for a word that reading finds sooner.
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
    return _together(asked)


def _together(asked: list[Condition]) -> list[Condition]:
    """The conditions, those on a listing's row as one: PostgreSQL uses all of its indexes at once."""
    of_row = [c.of_row for c in asked if c.of_row is not None]
    if len(of_row) < 2:
        return asked
    return [*(c for c in asked if c.of_row is None), _of_listings(partial(_all_of, of_row))]


def _all_of(asked: Sequence[OfRow], row: Columns) -> ColumnElement[bool]:
    return and_(*(one(row) for one in asked))


def _conditions(connection: Connection, query: RankingQuery) -> Iterator[Condition]:
    if query.listing_ids is not None:
        yield _named(query.listing_ids)
    if query.among:
        yield _selected(query.among)
    if query.arrived_since is not None:
        yield _arrived(query.arrived_since)
    if query.label is not None:
        yield _labelled(query.label)
    for name, values in query.attributes:
        yield _having(connection, name, values)
    if query.category:
        yield _of_categories(connection, query.category)
    if query.min_price is not None or query.max_price is not None:
        yield replace(_of_listings(partial(_priced, query.min_price, query.max_price)), scattered=True)
    if words(query.text):
        found = _of_listings(partial(_saying, query.text))
        letters = _letters(connection, query.text) if connection.dialect.name == "sqlite" else None
        yield replace(found, start=_with_letters(letters), exact=False) if letters is not None else found


def _of_listings(asked: OfRow) -> Condition:
    """A condition on columns of the table of listings."""
    return Condition(select(listings.c.listing_no).where(asked(listings.c)), of_row=asked)


def _priced(lowest: float | None, highest: float | None, row: Columns) -> ColumnElement[bool]:
    bounds = [] if lowest is None else [row.price >= lowest]
    return and_(*bounds, *([] if highest is None else [row.price <= highest]))


def _saying(text: str, row: Columns) -> ColumnElement[bool]:
    found = contains_every_word(row.title_folded, text)
    assert found is not None
    return found


def _in_categories(names: tuple[str, ...], row: Columns) -> ColumnElement[bool]:
    named = row.category.in_(names)
    return or_(named, row.category.is_(None)) if "" in names else named


def _of_categories(connection: Connection, names: tuple[str, ...]) -> Condition:
    counted = select(func.sum(category_counts.c.listings)).where(category_counts.c.category.in_(names))
    size = connection.execute(counted).scalar_one() or 0
    return replace(_of_listings(partial(_in_categories, names)), size=size)


def _among(
    found: Select[Any], number: ColumnElement[int]
) -> Callable[[ColumnClause[int]], ColumnElement[bool]]:
    """Whether a listing is one of the `found`, of which this is the number."""
    return lambda asked: found.where(number == asked).correlate(asked.table).exists()


def _named(listing_ids: tuple[str, ...]) -> Condition:
    found = select(listings.c.listing_no).where(listings.c.listing_id.in_(listing_ids))
    return Condition(found, _among(found, listings.c.listing_no))


def _selected(name: str) -> Condition:
    numbers = selected(name)
    return Condition(numbers, _among(numbers, numbers.selected_columns[0]))


def _arrived(since: datetime) -> Condition:
    number = arrival_times.c.listing_no
    found = select(number).where(arrival_times.c.ranked_at >= since)
    return Condition(found, _among(found, number))


def _labelled(wanted: LabelFilter) -> Condition:
    number = current_labels.c.listing_no
    found = select(number)
    if wanted is LabelFilter.UNLABELLED:
        among = _among(found, number)
        return Condition(None, lambda asked: ~among(asked))
    if wanted is not LabelFilter.LABELLED:
        found = found.where(current_labels.c.verdict == wanted.value)
    return Condition(found, _among(found, number))


def _having(connection: Connection, name: str, values: tuple[str, ...]) -> Condition:
    counted = {number: size for number, size in connection.execute(counted_values(name, values))}
    found = select(listing_values.c.listing_no).where(listing_values.c.value_no.in_(list(counted)))
    return Condition(found, _among(found, listing_values.c.listing_no), size=sum(counted.values()))


def _letters(connection: Connection, text: str) -> list[str] | None:
    """The questions to the index of titles, all of which a title must answer: threes of letters of each word.

    None where every word is so short, and so frequent, that it is found sooner by reading titles.
    """
    asked: list[str] = []
    for word in map(storable, words(text)):
        if len(word) >= _LETTERS:
            # One beside the other: those between find hardly fewer, and the titles found are read anyway.
            starts = {*range(0, len(word) - _LETTERS, _LETTERS), len(word) - _LETTERS}
            asked += [_quoted(word[i : i + _LETTERS]) for i in sorted(starts)]
        elif (threes := _threes_from(connection, word)) is not None:
            asked.append(f"({' OR '.join(map(_quoted, threes))})" if threes else "")
    return list(dict.fromkeys(asked))[:_MOST_ASKED] or None


def _threes_from(connection: Connection, word: str) -> list[str] | None:
    """The threes that begin with a word of one or two letters; None where very many titles have them."""
    term: ColumnElement[str] = column("term")
    titles: ColumnElement[int] = column("doc")
    query = select(term, titles).select_from(table(TITLE_THREES)).where(term >= word, term < word + _LAST)
    found: list[str] = []
    room = _VERY_MANY
    with connection.execute(query) as rows:
        for three, number in rows:  # each costs the index as much as it has titles: no further than need be
            found.append(three)
            room -= number
            if room < 0:
                return None
    return found


def _quoted(three: str) -> str:
    return '"' + three.replace('"', '""') + '"'


def _with_letters(asked: Sequence[str]) -> Select[Any]:
    index: ColumnElement[str] = literal_column(TITLE_LETTERS)
    number: ColumnElement[int] = literal_column("rowid")
    found = select(number.label("listing_no")).select_from(table(TITLE_LETTERS))
    # A short word that is in no title is asked for by an empty question.
    return found.where(index.op("MATCH")(" AND ".join(asked)) if all(asked) else false())
