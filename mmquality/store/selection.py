"""From a question about the ranking to ranks: filters, order and pages, all of it in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, func, literal_column, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from mmquality.errors import MMQualityError
from mmquality.store.scores import count_before, scored_count
from mmquality.store.tables import TITLE_START, current_labels, listings, scores
from mmquality.store.text import contains_every_word


class LabelFilter(StrEnum):
    """Which listings to show by the label that counts for them."""

    UNLABELLED = "unlabelled"
    LABELLED = "labelled"
    MISMATCH = "mismatch"
    MATCH = "match"
    UNSURE = "unsure"


_LISTING_SORTS: dict[str, ColumnElement[Any]] = {
    "title": listings.c.title_folded,
    "price": listings.c.price,
    "category": listings.c.category,
    "impressions": listings.c.impressions,
}
# "-" = descending
RANKING_SORTS = tuple(sign + key for key in ("rank", "score", *_LISTING_SORTS) for sign in ("", "-"))


@dataclass(frozen=True)
class RankingQuery:
    """Which listings of the ranking, and in which order.

    `category`: any of these ("" = listings without one); nothing = all. `text`: every word occurs in the
    title, in any case. `sort`: one of `RANKING_SORTS`; "rank" and "-score" put the worst first. Equal ones
    follow by rank; listings without a price or category come last either way.
    """

    category: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    text: str = ""
    label: LabelFilter | None = None
    sort: str = "rank"


class Selection:
    """The ranked listings that a query asks for, in one version."""

    def __init__(self, connection: Connection, version_id: int, query: RankingQuery) -> None:
        if query.sort not in RANKING_SORTS:
            raise MMQualityError(
                f"The ranking cannot be sorted by {query.sort!r}; use {', '.join(RANKING_SORTS)}."
            )
        self._connection = connection
        self._version_id = version_id
        self._sort = query.sort
        # Scores fall as ranks rise: a range of scores is a range of ranks.
        self._first, self._last = _rank_range(connection, version_id, query)
        self._filters = _filters(query)
        self.total = self._count()  # how many listings there are

    def page_of_ranks(self, page: int, size: int) -> list[int]:
        """The ranks on page 1, 2, …, in order; none past the end."""
        first, skipped = self._first, (max(page, 1) - 1) * size
        if skipped >= self.total:
            return []
        if not self._filters and self._sort in ("rank", "-score"):
            # Ranks have no gaps: jump to the page instead of walking there.
            first, skipped = first + skipped, 0
        statement = self._select(scores.c.rank, first)
        if self._sort.removeprefix("-") in _LISTING_SORTS:
            statement = statement.select_from(_ListingsFirst(listings, scores))
        order = _order(self._sort, self._connection.dialect.name)
        statement = statement.order_by(*order).offset(skipped).limit(size)
        return list(self._connection.execute(statement).scalars())

    def worst_of(self, *conditions: ColumnElement[bool]) -> int | None:
        """The first rank for which the conditions hold, too."""
        statement = self._select(scores.c.rank).where(*conditions).order_by(scores.c.rank)
        return self._connection.execute(statement.limit(1)).scalar_one_or_none()

    def next_rank(self, rank: int, forward: bool) -> int | None:
        """The rank after (or before) a rank."""
        statement = self._select(scores.c.rank)
        if forward:
            statement = statement.where(scores.c.rank > rank).order_by(scores.c.rank)
        else:
            statement = statement.where(scores.c.rank < rank).order_by(scores.c.rank.desc())
        return self._connection.execute(statement.limit(1)).scalar_one_or_none()

    def _count(self) -> int:
        if not self._filters:
            return max(self._last - self._first + 1, 0)
        count: int = self._connection.execute(self._select(func.count())).scalar_one()
        return count

    def _select(self, what: ColumnElement[Any], first: int | None = None) -> Select[Any]:
        within = scores.c.rank.between(first or self._first, self._last)
        return select(what).where(scores.c.version_id == self._version_id, within, *self._filters)


class _ListingsFirst(Join):
    """A join that SQLite must begin at its left table, to read a few rows in the order of an index there.

    Left to itself it reads and sorts the whole ranking, as it does not reckon with LIMIT; PostgreSQL does.
    """

    inherit_cache = True


@compiles(_ListingsFirst, "sqlite")
def _cross_join(join: _ListingsFirst, compiler: SQLCompiler, **options: Any) -> str:
    plain: str = compiler.visit_join(join, **options)  # type: ignore[no-untyped-call]
    return plain.replace(" JOIN ", " CROSS JOIN ")


def _rank_range(connection: Connection, version_id: int, query: RankingQuery) -> tuple[int, int]:
    first, last = 1, scored_count(connection, version_id)
    if query.min_score is not None:
        last = count_before(connection, version_id, scores.c.score < query.min_score)
    if query.max_score is not None:
        first = 1 + count_before(connection, version_id, scores.c.score <= query.max_score)
    return first, last


def _filters(query: RankingQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    by_listing = _listing_filters(query)
    if by_listing:
        found.append(scores.c.listing_no.in_(select(listings.c.listing_no).where(*by_listing)))
    if query.label is not None:
        labelled = select(current_labels.c.listing_no)
        if query.label not in (LabelFilter.LABELLED, LabelFilter.UNLABELLED):
            labelled = labelled.where(current_labels.c.verdict == query.label.value)
        among = scores.c.listing_no.in_(labelled)
        found.append(~among if query.label is LabelFilter.UNLABELLED else among)
    return found


def _listing_filters(query: RankingQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.category:
        named = listings.c.category.in_(query.category)
        found.append(or_(named, listings.c.category.is_(None)) if "" in query.category else named)
    by_title = contains_every_word(listings.c.title_folded, query.text)
    return found if by_title is None else [*found, by_title]


def _order(sort: str, dialect: str) -> Sequence[ColumnElement[Any]]:
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key in ("rank", "score"):
        worst_first = (key == "rank") != descending
        return [scores.c.rank if worst_first else scores.c.rank.desc()]
    column = _LISTING_SORTS[key]
    if key == "title" and dialect == "postgresql":
        column = func.left(column, literal_column(str(TITLE_START)))
    ordered = column.desc() if descending else column.asc()
    return [ordered.nulls_last() if key in ("price", "category") else ordered, scores.c.rank]
