"""What a question asks of each listing, in two forms: a place to start from, and a test on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    column,
    exists,
    false,
    literal_column,
    or_,
    select,
    table,
)

from mmquality.store.facets import value_numbers
from mmquality.store.kept_selections import selected, selected_listings
from mmquality.store.search_tables import TITLE_LETTERS, TITLE_THREES, listing_values
from mmquality.store.tables import current_labels, listings, scores
from mmquality.store.text import contains_every_word, storable, words

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
    `among`: the name of a kept selection whose listings alone are meant.
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


@dataclass(frozen=True)
class Condition:
    """`start`: the numbers of the listings to consider; None where nearly all are.

    `test`: whether the listing of a row of `scores` meets the condition; `of_listing`: the same, asked of a
    row of `listings`. `exact`: whether every listing of `start` meets it and need not be tested again.
    """

    start: Select[Any] | None
    test: ColumnElement[bool]
    of_listing: ColumnElement[bool] | None = None
    exact: bool = True


def conditions(connection: Connection, query: RankingQuery) -> list[Condition]:
    """What the query asks, scores apart."""
    return list(_conditions(connection, query))


def _conditions(connection: Connection, query: RankingQuery) -> Iterator[Condition]:
    if query.listing_ids is not None:
        yield _of_listings(listings.c.listing_id.in_(query.listing_ids))
    if query.among:
        yield _selected(query.among)
    if query.label is not None:
        yield _labelled(query.label)
    for name, values in query.attributes:
        yield _having(connection, name, values)
    if query.category:
        named = listings.c.category.in_(query.category)
        yield _of_listings(or_(named, listings.c.category.is_(None)) if "" in query.category else named)
    prices = []
    if query.min_price is not None:
        prices.append(listings.c.price >= query.min_price)
    if query.max_price is not None:
        prices.append(listings.c.price <= query.max_price)
    if prices:
        yield _of_listings(and_(*prices))
    by_title = contains_every_word(listings.c.title_folded, query.text)
    if by_title is not None:
        found = _of_listings(by_title)
        letters = _letters(connection, query.text) if connection.dialect.name == "sqlite" else None
        yield replace(found, start=_with_letters(letters), exact=False) if letters is not None else found


def _of_listings(asked: ColumnElement[bool]) -> Condition:
    """A condition on columns of the table of listings."""
    found = select(listings.c.listing_no).where(asked)
    # The outer query may read listings, too: this one is not to be taken for it.
    this = found.where(listings.c.listing_no == scores.c.listing_no).correlate(scores)
    return Condition(found, this.exists(), asked)


def _selected(name: str) -> Condition:
    numbers = selected(name)
    this = numbers.where(selected_listings.c.listing_no == scores.c.listing_no).correlate(scores).exists()
    return Condition(numbers, this)


def _labelled(wanted: LabelFilter) -> Condition:
    found = select(current_labels.c.listing_no)
    if wanted not in (LabelFilter.LABELLED, LabelFilter.UNLABELLED):
        found = found.where(current_labels.c.verdict == wanted.value)
    this = found.where(current_labels.c.listing_no == scores.c.listing_no).correlate(scores).exists()
    return Condition(None, ~this) if wanted is LabelFilter.UNLABELLED else Condition(found, this)


def _having(connection: Connection, name: str, values: tuple[str, ...]) -> Condition:
    numbers = list(connection.execute(value_numbers(name, values)).scalars())
    found = select(listing_values.c.listing_no).where(listing_values.c.value_no.in_(numbers))
    this = exists().where(
        listing_values.c.value_no.in_(numbers), listing_values.c.listing_no == scores.c.listing_no
    )
    return Condition(found, this)


def _letters(connection: Connection, text: str) -> list[str] | None:
    """The questions to the index of titles, all of which a title must answer: threes of letters of each word.

    None where every word is so short, and so frequent, that it is found sooner by reading titles.
    """
    asked: list[str] = []
    for word in map(storable, words(text)):
        if len(word) >= _LETTERS:
            asked += [_quoted(word[i : i + _LETTERS]) for i in range(len(word) - _LETTERS + 1)]
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
