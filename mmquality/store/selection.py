"""From a question about the ranking to ranks: filters, order and pages, all of it in SQL."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, Table, func, select

from mmquality.errors import MMQualityError
from mmquality.store.conditions import Condition, RankingQuery, conditions, tests
from mmquality.store.counts import counted
from mmquality.store.left_first import InOrder, LeftFirst
from mmquality.store.scores import count_before, scored_count
from mmquality.store.sorting import LISTING_SORTS, RANKING_SORTS, WORST_FIRST, beside, order_of, sorted_by
from mmquality.store.tables import current_labels, listings, narrow, scores

MOST_COUNTED = 10_000  # listings that filters let through: beyond it they are not counted, nor paged
_LEAP = 4  # listings in the order of the table are read in the time of one in another order, of rank or price
_WEIGHED = 100_000  # listings up to which it is told which of two filters finds fewer


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
        found = None if (surely := self._surely_many()) else self._found()
        self._many = surely or (found is not None and len(found) > MOST_COUNTED)
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
        ranks = ranks if self._query.sort in WORST_FIRST else ranks[::-1]
        return list(ranks[skipped : skipped + size])

    def neighbours(self, rank: int) -> tuple[int | None, int | None]:
        """The ranks before and after `rank` in the query's order; None where there is none."""
        if not self._by_rank:
            return self._beside(rank, later=False), self._beside(rank, later=True)
        worse, better = self.best_of(before=rank), self.worst_of(after=rank)
        return (worse, better) if self._query.sort in WORST_FIRST else (better, worse)

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
        return query.where(*self._tests()) if self._conditions else query

    def _first_rank(self, statement: Select[Any], *order: ColumnElement[Any]) -> int | None:
        return self._connection.execute(statement.order_by(*order).limit(1)).scalar_one_or_none()

    @property
    def _by_rank(self) -> bool:
        return self._query.sort.removeprefix("-") not in LISTING_SORTS

    def _in_order(self, skipped: int, size: int) -> list[int]:
        statement = self.select(scores.c.rank)
        if not self._by_rank:
            statement = self._of_listings(scores.c.rank)
        order = order_of(self._query.sort, self._connection.dialect.name)
        statement = statement.order_by(*order).offset(skipped).limit(size)
        return list(self._connection.execute(statement).scalars())

    def _beside(self, rank: int, later: bool) -> int | None:
        """The rank next to this one in the order of a column; None at an end, or where `rank` is nobody's."""
        column, descending = sorted_by(self._query.sort, self._connection.dialect.name)
        here = select(column, listings.c.listing_no).join_from(scores, listings)
        here = here.where(scores.c.version_id == self._version_id, scores.c.rank == rank)
        at = self._connection.execute(here).one_or_none()
        if at is None:
            return None
        order, walks = beside(column, *at, rising=later != descending, later=later)
        found = (self._first_rank(self._of_listings(scores.c.rank).where(walk), *order) for walk in walks)
        return next((near for near in found if near is not None), None)

    def _surely_many(self) -> bool:
        """Whether a kept count alone says so, even if all that is not ranked were among it."""
        if self._by_score or len(self._conditions) != 1:
            return False
        condition = self._conditions[0]
        if not condition.exact or condition.size is None or condition.size <= MOST_COUNTED:
            return False
        unranked = counted(self._connection) - scored_count(self._connection, self._version_id)
        return condition.size - unranked > MOST_COUNTED

    def _found(self) -> list[int] | None:
        """The ranks that the narrowest condition and all others let through, up to one too many; None where
        no condition narrows."""
        start = self._narrowest()
        if start is not None and start.start is not None:
            others = [c for c in self._conditions if c is not start or not c.exact]
            query = self._from(start.start, others)
        elif self._by_score and (self._starts or (self._width < MOST_COUNTED and not self._by_rank)):
            query = self._within(scores.c.rank).where(*self._tests())
        else:
            return None
        return [rank for (rank,) in self._connection.execute(query.limit(MOST_COUNTED + 1)).cursor.fetchall()]

    @property
    def _starts(self) -> list[Condition]:
        return [c for c in self._conditions if c.start is not None]

    @property
    def _width(self) -> int:
        first, last = self._range
        return max(last - first + 1, 0)

    def _narrowest(self) -> Condition | None:
        """The condition to start from; None where there is none, or fewer listings have such a score."""
        starts = sorted(self._starts, key=lambda c: c.size is None)
        if len(starts) < 2 and not self._by_score:
            return next(iter(starts), None)
        narrowest, fewest = None, _LEAP * self._width if self._by_score else sys.maxsize
        for condition in starts:
            cost = _LEAP if condition.scattered else 1
            size = cost * self._size(condition, min(-(-fewest // cost), _WEIGHED))  # rounded up: no fewer
            if size < fewest:
                narrowest, fewest = condition, size
        return narrowest

    def _size(self, condition: Condition, most: int) -> int:
        """How many listings it starts from, counted up to `most`."""
        if condition.size is not None:
            return condition.size
        assert condition.start is not None
        some = condition.start.limit(most).subquery()
        size: int = self._connection.execute(select(func.count()).select_from(some)).scalar_one()
        return size

    def _count(self) -> int:
        """How many there are where no condition narrows: all of the range, or all but the labelled ones."""
        everything = self._width
        if not self._conditions or not everything:
            return everything
        labelled = self._within(func.count()).where(
            scores.c.listing_no.in_(select(current_labels.c.listing_no))
        )
        among: int = self._connection.execute(labelled).scalar_one()
        return everything - among

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

    def _tests(self) -> list[ColumnElement[bool]]:
        return tests(self._conditions, scores.c.listing_no, narrow(self._connection))

    def _from(self, start: Select[Any], others: Sequence[Condition]) -> Select[Any]:
        """The ranks of the listings of `start` that pass all others: a listing is read once, for all that its
        row is asked, and its score only when it has passed them; or first, where the score lets few pass."""
        some: Any = start.subquery()
        rows, source = narrow(self._connection), some
        read = any(c.of_row is not None for c in others)
        beside = sorted(
            [rows, scores] if read else [scores], key=lambda other: self._by_score and other is rows
        )
        for other in beside:
            source = LeftFirst(source, other, other.c.listing_no == some.c.listing_no)
        query = self._within(scores.c.rank).select_from(source)
        return query.where(*tests(others, some.c.listing_no, rows, read))

    def _few_within(self, first: int, last: int | None) -> list[int]:
        return [rank for rank in self._few or () if rank >= first and (last is None or rank <= last)]

    def _of_listings(self, what: ColumnElement[Any]) -> Select[Any]:
        """As `select`, beside the table of listings, which is read in the order of the sort."""
        if self._few is not None:
            return self.select(what).select_from(Join(listings, scores))
        key = self._query.sort.removeprefix("-")
        source = InOrder(listings, scores, "" if key == "imported" else f"ix_listings_{key}")
        asked = tests(self._conditions, listings.c.listing_no, listings, read=True)
        return self._within(what).select_from(source).where(*asked)


@lru_cache  # the queue asks very often, and putting it together takes longer than to execute it
def ranked(version_id: int, *what: ColumnElement[Any], start: Table | None = None) -> Select[Any]:
    """A query for the rows of `scores` of a version.

    :param start: a table with the column listing_no and an index, to be read in that index's order
    """
    query = select(*what).where(scores.c.version_id == version_id)
    if start is None:
        return query
    return query.select_from(LeftFirst(start, scores, start.c.listing_no == scores.c.listing_no))


def _rank_range(connection: Connection, version_id: int, query: RankingQuery) -> tuple[int, int]:
    first, last = 1, scored_count(connection, version_id)
    if query.min_score is not None:
        last = count_before(connection, version_id, scores.c.score < query.min_score)
    if query.max_score is not None:
        first = 1 + count_before(connection, version_id, scores.c.score <= query.max_score)
    return first, last
