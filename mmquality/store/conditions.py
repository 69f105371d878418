"""What a question asks of each listing, in two forms: a place to start from, and a test on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, literal_column, or_, select, table

from mmquality.store.facets import value_numbers
from mmquality.store.kept_selections import selected, selected_listings
from mmquality.store.search_tables import TITLE_LETTERS, listing_values
from mmquality.store.tables import current_labels, listings, scores
from mmquality.store.text import contains_every_word, storable, words

_LETTERS = 3  # in a row, as the index of titles has them
_MOST_LETTERS = 40  # such threes looked up; the titles found are read anyway


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
    `RANKING_SORTS`; "rank" and "-score" put the worst first. Equal ones follow by rank; listings without a
    price or category come last either way.
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

    `test`: whether the listing of a row of `scores` meets the condition. `exact`: whether every listing of
    `start` does, so that it need not be tested again.
    """

    start: Select[Any] | None
    test: ColumnElement[bool]
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
        letters = _letters(query.text) if connection.dialect.name == "sqlite" else ""
        yield Condition(_with_letters(letters), found.test, exact=False) if letters else found


def _of_listings(asked: ColumnElement[bool]) -> Condition:
    """A condition on columns of the table of listings."""
    found = select(listings.c.listing_no).where(asked)
    # The outer query may read listings, too: this one is not to be taken for it.
    this = found.where(listings.c.listing_no == scores.c.listing_no).correlate(scores)
    return Condition(found, this.exists())


def _selected(name: str) -> Condition:
    numbers = selected(name)
    column = selected_listings.c.listing_no
    this = numbers.where(column == scores.c.listing_no).correlate(scores).exists()
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


def _letters(text: str) -> str:
    """The question to the index of titles: all threes of letters of all words; "" where words are shorter."""
    threes = [
        word[i : i + _LETTERS] for word in map(storable, words(text)) for i in range(len(word) - _LETTERS + 1)
    ]
    quoted = ('"' + three.replace('"', '""') + '"' for three in dict.fromkeys(threes[:_MOST_LETTERS]))
    return " AND ".join(quoted)


def _with_letters(question: str) -> Select[Any]:
    index: ColumnElement[str] = literal_column(TITLE_LETTERS)
    return (
        select(literal_column("rowid")).select_from(table(TITLE_LETTERS)).where(index.op("MATCH")(question))
    )
