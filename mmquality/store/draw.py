"""One analyst's turn at the queue: which case comes next, and in which order cases come."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, bindparam, delete, select

from mmquality.records import Drawn
from mmquality.store.cases import FOUND, FREE, TO_BE_HAD, TO_BE_JUDGED, first_of
from mmquality.store.conditions import RankingQuery
from mmquality.store.database import upsert
from mmquality.store.places import END, place_of, ranked_count
from mmquality.store.scores import first_where
from mmquality.store.selection import Selection, ranked
from mmquality.store.tables import current_labels, leases, listings, scores, varied_order

LEASE = timedelta(minutes=15)  # without a verdict or another look, the case then goes to others
_CONTROL_TRIES = 50  # random ranks; so many are needed only where nearly everything is labelled
_UNCERTAIN = 0.5  # the score that says nothing

# Put together once, as all of `cases.py`.
_HELD = (
    select(leases.c.listing_no, leases.c.drawn)
    .where(leases.c.analyst == bindparam("whose"))
    .order_by(leases.c.expires_at)
)
_NUMBER = select(listings.c.listing_no).where(listings.c.listing_id == bindparam("listing_id"))
_GIVEN_BACK = delete(leases).where(
    leases.c.listing_no == bindparam("number"), leases.c.analyst == bindparam("whose")
)
_THIS_ONE = scores.c.listing_no == bindparam("number")
_IN_SHARE = current_labels.c.second_draw < bindparam("share")
_AT = scores.c.place == bindparam("at")
_VARIED = varied_order.c.version_id == bindparam("version_id")
_BEST_FIRST, _NEWEST_FIRST = scores.c.place.desc(), listings.c.listing_no.desc()


class Order(StrEnum):
    """In which order the queue hands out cases."""

    WORST = "worst"  # the highest score first
    UNCERTAIN = "uncertain"  # the score nearest to 0.5 first
    VARIED = "varied"  # of the worst ones, each as unlike those before it as the model made them
    NEWEST = "newest"  # what was imported last first
    DISPUTES = "disputes"  # none but those on which two analysts disagree, the oldest first


@dataclass(frozen=True)
class Case:
    """A listing that is its analyst's until a verdict, or until the lease ends."""

    listing_id: str
    drawn: Drawn
    changed: bool = False  # it was judged before; title or photo are others now


class Draw:
    """One analyst's turn, inside a transaction.

    :param apart_from: ids of listings that are not to be drawn
    :param only_look: nothing is to be leased, in a transaction that may not write
    """

    def __init__(
        self,
        connection: Connection,
        version_id: int,
        analyst: str,
        query: RankingQuery,
        apart_from: Collection[str],
        only_look: bool = False,
    ) -> None:
        self._connection, self._version_id, self._only_look = connection, version_id, only_look
        self._given: dict[str, Any] = {"whose": analyst, "now": datetime.now(UTC)}
        # Which labels there are is the queue's own matter.
        self._selection = Selection(connection, version_id, replace(query, label=None, sort="rank"))
        self._free: ColumnElement[bool] = FREE
        if apart_from:
            skipped = select(listings.c.listing_no).where(listings.c.listing_id.in_(apart_from))
            self._free &= scores.c.listing_no.not_in(skipped.correlate(None))

    def held(self, order: Order) -> Case | None:
        """What the analyst holds, renewed, as long as it is to be judged; everything else is given back.

        Of several cases it is the one that he looked at longest ago: others were taken beside it.
        A disagreement is held by who asks for those, and nothing else is.
        """
        case = None
        for number, name in self._connection.execute(_HELD, self._given).all():
            drawn = Drawn(name)
            if case is None and (drawn is Drawn.DISPUTE) == (order is Order.DISPUTES):
                case = self._lease(number, drawn)
            else:
                self._give_back(number)
        return case

    def this(self, listing_id: str, drawn: Drawn, instead: bool) -> bool:
        """Lease this case, beside what the analyst holds or `instead` of it; False if it cannot be had."""
        number = self._connection.execute(_NUMBER, {"listing_id": listing_id}).scalar_one_or_none()
        if number is None or self._lease(number, drawn if drawn in TO_BE_JUDGED else Drawn.QUEUE) is None:
            return False
        for other, _ in self._connection.execute(_HELD, self._given).all() if instead else ():
            if other != number:
                self._give_back(other)
        return True

    def new(self, order: Order, control_share: float, second_share: float, rng: random.Random) -> Case | None:
        """A case that nobody holds."""
        if order is not Order.DISPUTES and rng.random() < control_share:
            case = self._random(rng)
            if case is not None:
                return case
        while (found := self._first(order, second_share)) is not None:
            case = self._lease(found[0].listing_no, found[1])
            if case is not None:  # else somebody was quicker, and another one is the first now
                return case
        return None

    def first(self, order: Order, second_share: float) -> str | None:
        """The id of the listing that is drawn next, unless a control case is."""
        found = self._first(order, second_share)
        return None if found is None else found[0].listing_id

    def _first(self, order: Order, second_share: float) -> tuple[Row[Any], Drawn] | None:
        """The next listing, and how it is drawn: second reviews before new ones."""
        if order is Order.DISPUTES:
            found = self._find(Drawn.DISPUTE, current_labels.c.label_id)
            return None if found is None else (found, Drawn.DISPUTE)
        if second_share:
            found = self._find(Drawn.SECOND, current_labels.c.second_draw, _IN_SHARE, share=second_share)
            if found is not None:
                return found, Drawn.SECOND
        found = self._next(order)
        return None if found is None else (found, Drawn.QUEUE)

    def _next(self, order: Order) -> Row[Any] | None:
        """The first unjudged listing in this order."""
        if order is Order.UNCERTAIN:
            return self._nearest_to(_UNCERTAIN)
        if order is Order.NEWEST:
            return self._find(Drawn.QUEUE, _NEWEST_FIRST, start=listings)
        if order is Order.VARIED:
            place, here = varied_order.c.place, self._version_id
            found = self._find(Drawn.QUEUE, place, _VARIED, start=varied_order, version_id=here)
            if found is not None:  # none, where all of these are judged
                return found
        return self._find(Drawn.QUEUE, scores.c.place)

    def _nearest_to(self, score: float) -> Row[Any] | None:
        lower = first_where(self._connection, self._version_id, scores.c.score < score)
        split = END if lower is None else lower[0]
        above = self._find(Drawn.QUEUE, _BEST_FIRST, last=split - 1)
        below = self._find(Drawn.QUEUE, scores.c.place, first=split)
        found = [row for row in (above, below) if row is not None]
        return min(found, key=lambda row: abs(row.score - score), default=None)

    def _random(self, rng: random.Random) -> Case | None:
        """A random unjudged listing: every one is as likely as every other."""
        last = ranked_count(self._connection, self._version_id)
        for _ in range(_CONTROL_TRIES if last else 0):
            at = place_of(self._connection, self._version_id, rng.randint(1, last))
            found = self._find(Drawn.CONTROL, scores.c.place, _AT, at=at)
            case = None if found is None else self._lease(found.listing_no, Drawn.CONTROL)
            if case is not None:
                return case
        return None

    def _find(
        self,
        drawn: Drawn,
        order: ColumnElement[Any],
        *conditions: ColumnElement[bool],
        start: Table | None = None,
        first: int = 1,
        last: int | None = None,
        locked: bool = True,
        **given: float,
    ) -> Row[Any] | None:
        """The first listing that the analyst may judge as a case drawn like this; see `Selection.select`.

        What another draw is leasing at this moment is passed over, so draws do not wait for each other.
        """
        if drawn in (Drawn.SECOND, Drawn.DISPUTE):
            start = current_labels
        if drawn is Drawn.CONTROL:  # from the whole ranking, whatever is asked for
            among = ranked(self._version_id, *FOUND)
        else:
            among = self._selection.select(*FOUND, start=start, first=first, last=last)
        conditions = (TO_BE_JUDGED[drawn], self._free, *conditions)
        query = first_of(among, order, *conditions, locked=locked and not self._only_look)
        return self._connection.execute(query, self._given | given).one_or_none()

    def _lease(self, number: int, drawn: Drawn) -> Case | None:
        """The listing as the analyst's case; None where it is not to be had, or not to be judged any more.

        On PostgreSQL others may have leased it, or judged it, too, since it was found: the lease's key rules
        out the one, and once it is ours we look again, for the other.
        """
        leased = upsert(self._connection, leases, ["analyst", "drawn", "expires_at"], where=TO_BE_HAD)
        lease = {
            "listing_no": number,
            "analyst": self._given["whose"],
            "drawn": drawn.value,
            "expires_at": self._given["now"] + LEASE,
        }
        if self._connection.execute(leased, lease | self._given).first() is None:
            return None
        found = self._find(drawn, scores.c.place, _THIS_ONE, locked=False, number=number)
        if found is None:
            self._give_back(number)
            return None
        return Case(found.listing_id, drawn, found.changed)

    def _give_back(self, number: int) -> None:
        self._connection.execute(_GIVEN_BACK, {"number": number, **self._given})
