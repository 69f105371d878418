"""From a question about the ranking to ranks: filters, order and pages, all of it in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, Table, func, literal_column, select

from mmquality.errors import MMQualityError
from mmquality.store.conditions import Condition, RankingQuery, conditions
from mmquality.store.left_first import LeftFirst
from mmquality.store.scores import count_before, scored_count
from mmquality.store.tables import TITLE_START, current_labels, listings, scores

_LISTING_SORTS: dict[str, ColumnElement[Any]] = {
    "title": listings.c.title_folded,
    "price": listings.c.price,
    "category": listings.c.category,
    "impressions": listings.c.impressions,
    "clicks": listings.c.clicks,
    "imported": listings.c.listing_no,  # numbers rise with every import
}
# "-" = descending
RANKING_SORTS = tuple(sign + key for key in ("rank", "score", *_LISTING_SORTS) for sign in ("", "-"))


MOST_COUNTED = 10_000  # listings that filters let through: beyond it they are not counted, nor paged


class Selection:
    """The ranked listings that a query asks for, in one version.

    A filter is looked up where it finds few, and tested on the way down the ranking where it finds many: no
    question reads the whole ranking.
    """

    def __init__(self, connection: Connection, version_id: int, query: RankingQuery) -> None:
        if query.sort not in RANKING_SORTS:
            raise MMQualityError(
                f"The ranking cannot be sorted by {query.sort!r}; use {', '.join(RANKING_SORTS)}."
            )
        self._connection, self._version_id, self._query = connection, version_id, query
        self._by_score = query.min_score is not None or query.max_score is not None
        self._conditions = conditions(connection, query)
        found = self._found()
        self._many = found is not None and len(found) > MOST_COUNTED
        self._few = None if found is None or self._many else sorted(found)

    @cached_property
    def total(self) -> int:
        """How many listings; no more than these are paged."""
        return MOST_COUNTED if self.more else self._counted

    @cached_property
    def more(self) -> bool:
        """Whether there are more than `total`."""
        # Listings in another order than the ranking's have to be walked through to get to a page.
        return self._many or (not self._by_rank and self._counted > MOST_COUNTED)

    @cached_property
    def _counted(self) -> int:
        return self._count() if self._few is None else len(self._few)

    @cached_property
    def _range(self) -> tuple[int, int]:
        """The first and the last rank: scores fall as ranks rise, so a range of scores is one of ranks."""
        return _rank_range(self._connection, self._version_id, self._query)

    def page_of_ranks(self, page: int, size: int) -> list[int]:
        """The ranks on page 1, 2, …, in order; none past the end."""
        skipped = (max(page, 1) - 1) * size
        if skipped >= self.total:
            return []
        size = min(size, self.total - skipped)
        by_rank = self._by_rank
        if by_rank and not self._conditions:  # ranks have no gaps: jump to the page instead of walking there
            first, last = self._range
            ranks: Sequence[int] = range(first, last + 1)
        elif by_rank and self._few is not None:
            ranks = self._few
        else:
            return self._in_order(skipped, size)
        ranks = ranks if self._query.sort in ("rank", "-score") else ranks[::-1]
        return list(ranks[skipped : skipped + size])

    def worst_of(self, after: int = 0) -> int | None:
        """The first rank behind `after`."""
        if self._few is not None:
            return min(self._few_within(after + 1, None), default=None)
        return self._first_rank(self.select(scores.c.rank, first=after + 1), scores.c.rank)

    def best_of(self, before: int | None = None) -> int | None:
        """The last rank, or the last one before `before`."""
        last = None if before is None else before - 1
        if self._few is not None:
            return max(self._few_within(1, last), default=None)
        return self._first_rank(self.select(scores.c.rank, last=last), scores.c.rank.desc())

    def select(
        self,
        *what: ColumnElement[Any],
        start: Table | None = None,
        first: int = 1,
        last: int | None = None,
    ) -> Select[Any]:
        """A query for the rows of `scores` of these listings, from the rank `first` to the rank `last`.

        :param start: see `ranked`
        """
        if self._few is not None:
            few = self._few_within(first, last)
            return ranked(self._version_id, *what, start=start).where(scores.c.rank.in_(few))
        query = self._within(*what, start=start, first=first, last=last)
        return query.where(*(c.test for c in self._conditions)) if self._conditions else query

    def _first_rank(self, statement: Select[Any], order: ColumnElement[Any]) -> int | None:
        return self._connection.execute(statement.order_by(order).limit(1)).scalar_one_or_none()

    @property
    def _by_rank(self) -> bool:
        return self._query.sort.removeprefix("-") not in _LISTING_SORTS

    def _in_order(self, skipped: int, size: int) -> list[int]:
        statement = self.select(scores.c.rank)
        if not self._by_rank:
            statement = self._of_listings(scores.c.rank)
        order = _order(self._query.sort, self._connection.dialect.name)
        statement = statement.order_by(*order).offset(skipped).limit(size)
        return list(self._connection.execute(statement).scalars())

    def _found(self) -> list[int] | None:
        """The ranks that the narrowest condition and all others let through, up to one too many; None where
        no condition narrows."""
        start = self._narrowest()
        tests = [c for c in self._conditions if c is not start or not c.exact]
        query = self._within(scores.c.rank)
        if start is not None and start.start is not None:
            query = _from(start.start, query, tests)
        elif self._narrow() and not self._by_rank:  # in another order a narrow range of scores lies anywhere
            query = query.where(*(c.test for c in tests))
        else:
            return None
        return list(self._connection.execute(query.limit(MOST_COUNTED + 1)).scalars())

    def _narrowest(self) -> Condition | None:
        starts = [c for c in self._conditions if c.start is not None]
        if len(starts) < 2:
            return next(iter(starts), None)
        return min(starts, key=self._size)

    def _size(self, condition: Condition) -> int:
        assert condition.start is not None
        some = condition.start.limit(MOST_COUNTED + 1).subquery()
        size: int = self._connection.execute(select(func.count()).select_from(some)).scalar_one()
        return size

    def _count(self) -> int:
        """How many there are where no condition narrows: all of the range, or all but the labelled ones."""
        first, last = self._range
        everything = max(last - first + 1, 0)
        if not self._conditions or not everything:
            return everything
        labelled = self._within(func.count()).where(
            scores.c.listing_no.in_(select(current_labels.c.listing_no))
        )
        among: int = self._connection.execute(labelled).scalar_one()
        return everything - among

    def _narrow(self) -> bool:
        return self._by_score and self._range[1] - self._range[0] < MOST_COUNTED

    def _within(
        self,
        *what: ColumnElement[Any],
        start: Table | None = None,
        first: int = 1,
        last: int | None = None,
    ) -> Select[Any]:
        query = ranked(self._version_id, *what, start=start)
        if not self._by_score and first == 1 and last is None:
            return query
        # One range, never two conditions: SQLite would walk through all that only the other one leaves out.
        lowest, highest = self._range
        highest = highest if last is None else min(last, highest)
        return query.where(scores.c.rank.between(max(first, lowest), highest))

    def _few_within(self, first: int, last: int | None) -> list[int]:
        return [rank for rank in self._few or () if rank >= first and (last is None or rank <= last)]

    def _of_listings(self, what: ColumnElement[Any]) -> Select[Any]:
        """As `select`, beside the table of listings."""
        if self._few is not None:
            return self.select(what).select_from(Join(listings, scores))
        tests = (c.test if c.of_listing is None else c.of_listing for c in self._conditions)
        return self._within(what).select_from(LeftFirst(listings, scores)).where(*tests)


@lru_cache  # the queue asks very often, and putting it together takes longer than to execute it
def ranked(version_id: int, *what: ColumnElement[Any], start: Table | None = None) -> Select[Any]:
    """A query for the rows of `scores` of a version.

    :param start: a table with the column listing_no and an index, to be read in that index's order
    """
    query = select(*what).where(scores.c.version_id == version_id)
    if start is None:
        return query
    return query.select_from(LeftFirst(start, scores, start.c.listing_no == scores.c.listing_no))


def _from(start: Select[Any], query: Select[Any], tests: Sequence[Condition]) -> Select[Any]:
    """`query` of the listings of `start` that pass the tests: a listing is read once, for all tests of its
    columns, and its score is looked up only when it has passed them."""
    some: Any = start.subquery()
    number, source = some.c.listing_no, some
    if any(c.of_listing is not None for c in tests):
        source = LeftFirst(some, listings, listings.c.listing_no == number)
    query = query.select_from(LeftFirst(source, scores, scores.c.listing_no == number))
    return query.where(*(c.test if c.of_listing is None else c.of_listing for c in tests))


def _rank_range(connection: Connection, version_id: int, query: RankingQuery) -> tuple[int, int]:
    first, last = 1, scored_count(connection, version_id)
    if query.min_score is not None:
        last = count_before(connection, version_id, scores.c.score < query.min_score)
    if query.max_score is not None:
        first = 1 + count_before(connection, version_id, scores.c.score <= query.max_score)
    return first, last


def _order(sort: str, dialect: str) -> Sequence[ColumnElement[Any]]:
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key in ("rank", "score"):
        worst_first = (key == "rank") != descending
        return [scores.c.rank if worst_first else scores.c.rank.desc()]
    column = _LISTING_SORTS[key]
    if key == "title" and dialect == "postgresql":
        column = func.left(column, literal_column(str(TITLE_START)))
    ordered = column.desc() if descending else column.asc()
    # Equal ones in the order of the index, which no rank is in: they may be the whole catalogue.
    number = listings.c.listing_no.desc() if descending else listings.c.listing_no
    return [ordered.nulls_last() if key in ("price", "category") else ordered, number]
