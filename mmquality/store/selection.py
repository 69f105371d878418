"""From a question about the ranking to places in it: filters, order and pages, all of it in SQL."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Join, Select, Table, func, select

from mmquality.errors import MMQualityError
from mmquality.store.conditions import Condition, RankingQuery, conditions, tests
from mmquality.store.counts import counted
from mmquality.store.left_first import InOrder, LeftFirst
from mmquality.store.places import END, place_of, ranked_count
from mmquality.store.scores import first_where
from mmquality.store.sorting import LISTING_SORTS, RANKING_SORTS, WORST_FIRST, beside, order_of, sorted_by
from mmquality.store.tables import current_labels, listings, narrow, scores

MOST_COUNTED = 10_000  # listings that filters let through: beyond it they are not counted, nor paged
_LEAP = 4  # listings in the order of the table are read in the time of one in another order, of rank or price
_WEIGHED = 100_000  # listings up to which it is told which of two filters finds fewer


class Range(NamedTuple):
    """A part of a ranking: from the first place to the last, and the ranks of those who stand there."""

    first: int
    last: int
    first_rank: int
    last_rank: int


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
    def _range(self) -> Range:
        """Where they stand: scores fall as places rise, so a range of scores is one of places."""
        return _range_of(self._connection, self._version_id, self._query)

    def page_of_places(self, page: int, size: int) -> list[int]:
        """The places of page 1, 2, …, in order; none past the end."""
        skipped = (max(page, 1) - 1) * size
        if skipped >= self.total:
            return []
        size = min(size, self.total - skipped)
        by_rank = self._by_rank
        if by_rank and not self._conditions:  # jump to the page instead of walking there
            return self._jumped(skipped, size)
        if by_rank and self._few is not None:
            places = self._few if self._query.sort in WORST_FIRST else self._few[::-1]
            return places[skipped : skipped + size]
        return self._in_order(skipped, size)

    def neighbours(self, place: int) -> tuple[int | None, int | None]:
        """The places before and after `place` in the query's order; None where there is none."""
        if not self._by_rank:
            return self._beside(place, later=False), self._beside(place, later=True)
        worse, better = self.best_of(before=place), self.worst_of(after=place)
        return (worse, better) if self._query.sort in WORST_FIRST else (better, worse)

    def worst_of(self, after: int = 0) -> int | None:
        """The first place behind `after`."""
        if self._few is not None:
            return min(self._few_within(after + 1, None), default=None)
        return self._first_place(self.select(scores.c.place, first=after + 1), scores.c.place)

    def best_of(self, before: int | None = None) -> int | None:
        """The last place, or the last one before `before`."""
        last = None if before is None else before - 1
        if self._few is not None:
            return max(self._few_within(1, last), default=None)
        return self._first_place(self.select(scores.c.place, last=last), scores.c.place.desc())

    def select(
        self,
        *what: ColumnElement[Any],
        start: Table | None = None,
        first: int = 1,
        last: int | None = None,
    ) -> Select[Any]:
        """A query for the rows of `scores` of these listings, from the place `first` to the place `last`.

        :param start: see `ranked`
        """
        if self._few is not None:
            few = self._few_within(first, last)
            return ranked(self._version_id, *what, start=start).where(scores.c.place.in_(few))
        query = self._within(*what, start=start, first=first, last=last)
        return query.where(*self._tests()) if self._conditions else query

    def _first_place(self, statement: Select[Any], *order: ColumnElement[Any]) -> int | None:
        return self._connection.execute(statement.order_by(*order).limit(1)).scalar_one_or_none()

    @property
    def _by_rank(self) -> bool:
        return self._query.sort.removeprefix("-") not in LISTING_SORTS

    def _jumped(self, skipped: int, size: int) -> list[int]:
        """As many places, after so many, of a range of the ranking."""
        falls, at = self._query.sort not in WORST_FIRST, self._range
        rank = at.last_rank - skipped if falls else at.first_rank + skipped
        place = place_of(self._connection, self._version_id, rank)
        first, last = (1, place) if falls else (place, None)
        statement = self._within(scores.c.place, first=first, last=last)
        order = order_of(self._query.sort, self._connection.dialect.name)
        return list(self._connection.execute(statement.order_by(*order).limit(size)).scalars())

    def _in_order(self, skipped: int, size: int) -> list[int]:
        statement = self.select(scores.c.place)
        if not self._by_rank:
            statement = self._of_listings(scores.c.place)
        order = order_of(self._query.sort, self._connection.dialect.name)
        statement = statement.order_by(*order).offset(skipped).limit(size)
        return list(self._connection.execute(statement).scalars())

    def _beside(self, place: int, later: bool) -> int | None:
        """The place next to this one in the order of a column; None at an end, or where it is nobody's."""
        column, descending = sorted_by(self._query.sort, self._connection.dialect.name)
        here = select(column, listings.c.listing_no).join_from(scores, listings)
        here = here.where(scores.c.version_id == self._version_id, scores.c.place == place)
        at = self._connection.execute(here).one_or_none()
        if at is None:
            return None
        order, walks = beside(column, *at, rising=later != descending, later=later)
        found = (self._first_place(self._of_listings(scores.c.place).where(walk), *order) for walk in walks)
        return next((near for near in found if near is not None), None)

    def _surely_many(self) -> bool:
        """Whether a kept count alone says so, even if all that is not ranked were among it."""
        if self._by_score or len(self._conditions) != 1:
            return False
        condition = self._conditions[0]
        if not condition.exact or condition.size is None or condition.size <= MOST_COUNTED:
            return False
        unranked = counted(self._connection) - ranked_count(self._connection, self._version_id)
        return condition.size - unranked > MOST_COUNTED

    def _found(self) -> list[int] | None:
        """The places that the narrowest condition and all others let through, up to one too many; None where
        no condition narrows."""
        start = self._narrowest()
        if start is not None and start.start is not None:
            others = [c for c in self._conditions if c is not start or not c.exact]
            query = self._from(start.start, others)
        elif self._by_score and (self._starts or (self._width < MOST_COUNTED and not self._by_rank)):
            query = self._within(scores.c.place).where(*self._tests())
        else:
            return None
        return [
            place for (place,) in self._connection.execute(query.limit(MOST_COUNTED + 1)).cursor.fetchall()
        ]

    @property
    def _starts(self) -> list[Condition]:
        return [c for c in self._conditions if c.start is not None]

    @property
    def _width(self) -> int:
        return max(self._range.last_rank - self._range.first_rank + 1, 0)

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
        highest = self._range.last if last is None else min(last, self._range.last)
        return query.where(scores.c.place.between(max(first, self._range.first), highest))

    def _tests(self) -> list[ColumnElement[bool]]:
        return tests(self._conditions, scores.c.listing_no, narrow(self._connection))

    def _from(self, start: Select[Any], others: Sequence[Condition]) -> Select[Any]:
        """The places of the listings of `start` that pass all others: a listing is read once, for all that
        its row is asked, and its score only when it has passed them; or first, where the score lets few pass.
        """
        some: Any = start.subquery()
        rows, source = narrow(self._connection), some
        read = any(c.of_row is not None for c in others)
        beside = sorted(
            [rows, scores] if read else [scores], key=lambda other: self._by_score and other is rows
        )
        for other in beside:
            source = LeftFirst(source, other, other.c.listing_no == some.c.listing_no)
        query = self._within(scores.c.place).select_from(source)
        return query.where(*tests(others, some.c.listing_no, rows, read))

    def _few_within(self, first: int, last: int | None) -> list[int]:
        return [place for place in self._few or () if place >= first and (last is None or place <= last)]

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


def _range_of(connection: Connection, version_id: int, query: RankingQuery) -> Range:
    """The part of a ranking with the query's scores: before the first that scores less, from the first that
    does not score more."""
    lower = None
    if query.min_score is not None:
        lower = first_where(connection, version_id, scores.c.score < query.min_score)
    last, last_rank = (lower[0] - 1, lower[1] - 1) if lower else (END, ranked_count(connection, version_id))
    if query.max_score is None:
        return Range(1, last, 1, last_rank)
    upper = first_where(connection, version_id, scores.c.score <= query.max_score)
    first, first_rank = upper or (END, last_rank + 1)  # all score more
    return Range(first, last, first_rank, last_rank)
