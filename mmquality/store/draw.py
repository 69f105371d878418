"""One analyst's turn at the queue: which case comes next, and in which order cases come."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, select

from mmquality.records import Drawn
from mmquality.store.conditions import RankingQuery
from mmquality.store.database import upsert
from mmquality.store.scores import count_before, scored_count
from mmquality.store.selection import Selection
from mmquality.store.tables import (
    current_labels,
    label_withdrawals,
    labels,
    leases,
    listings,
    scores,
    varied_order,
)

LEASE = timedelta(minutes=15)  # without a verdict or another look, the case then goes to others
_CONTROL_TRIES = 50  # random ranks; so many are needed only where nearly everything is labelled
_UNCERTAIN = 0.5  # the score that says nothing
_judged = current_labels.alias("judged")

Condition = ColumnElement[bool]

# Put together once: that takes longer than to execute them, and nobody else draws meanwhile.
_HELD = select(leases.c.listing_no, leases.c.drawn).where(leases.c.analyst == bindparam("analyst"))
_AT_RANK = (
    select(listings.c.listing_no, listings.c.listing_id, _judged.c.changed)
    .select_from(scores.join(listings).outerjoin(_judged, _judged.c.listing_no == scores.c.listing_no))
    .where(scores.c.version_id == bindparam("version_id"), scores.c.rank == bindparam("rank"))
)


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
    """

    def __init__(
        self,
        connection: Connection,
        version_id: int,
        analyst: str,
        query: RankingQuery,
        apart_from: Collection[str],
    ) -> None:
        self._connection, self._version_id, self._analyst = connection, version_id, analyst
        # Which labels there are is the queue's own matter.
        self._selection = Selection(connection, version_id, replace(query, label=None, sort="rank"))
        self._now = datetime.now(UTC)
        skipped = select(listings.c.listing_no).where(listings.c.listing_id.in_(apart_from)).correlate(None)
        others = select(leases.c.listing_no).where(
            leases.c.analyst != analyst, leases.c.expires_at > self._now
        )
        number = scores.c.listing_no
        self._free: tuple[Condition, ...] = (number.not_in(others), number.not_in(skipped))
        dismissed = exists().where(_judged.c.listing_no == number, ~_judged.c.changed)
        self._unjudged: tuple[Condition, ...] = (~dismissed, *self._free)

    def held(self, order: Order) -> Case | None:
        """What the analyst holds, renewed, as long as it is to be judged; everything else is given back.

        A disagreement is held by who asks for those, and nothing else is.
        """
        case = None
        for number, name in self._connection.execute(_HELD, {"analyst": self._analyst}).all():
            drawn, rank = Drawn(name), None
            if case is None and (drawn is Drawn.DISPUTE) == (order is Order.DISPUTES):
                rank = self._still_to_be_judged(scores.c.listing_no == number, drawn)
            if rank is not None:
                case = self._lease(rank, drawn)
            else:
                self._connection.execute(delete(leases).where(leases.c.listing_no == number))
        return case

    def new(self, order: Order, control_share: float, second_share: float, rng: random.Random) -> Case | None:
        """A case that nobody holds."""
        if order is not Order.DISPUTES and rng.random() < control_share:
            rank = self._random(rng)
            if rank is not None:
                return self._lease(rank, Drawn.CONTROL)
        found = self._first(order, second_share)
        return None if found is None else self._lease(*found)

    def first(self, order: Order, second_share: float) -> str | None:
        """The id of the listing that is drawn next, unless a control case is."""
        found = self._first(order, second_share)
        return None if found is None else self._listing(found[0])[1]

    def _first(self, order: Order, second_share: float) -> tuple[int, Drawn] | None:
        """The rank of the next case, and how it is drawn: second reviews before new ones."""
        if order is Order.DISPUTES:
            rank, drawn = self._disputed(), Drawn.DISPUTE
        else:
            share = current_labels.c.second_draw < second_share
            rank, drawn = self._judged_once(share) if second_share else None, Drawn.SECOND
            if rank is None:
                rank, drawn = self._next(order), Drawn.QUEUE
        return None if rank is None else (rank, drawn)

    def _next(self, order: Order) -> int | None:
        """The rank of the first unjudged listing in this order."""
        if order is Order.UNCERTAIN:
            return self._nearest_to(_UNCERTAIN)
        if order is Order.NEWEST:
            return self._selection.first_from(listings, listings.c.listing_no.desc(), *self._unjudged)
        if order is Order.VARIED:
            here = varied_order.c.version_id == self._version_id
            rank = self._selection.first_from(varied_order, varied_order.c.place, here, *self._unjudged)
            if rank is not None:  # none, where all of these are judged
                return rank
        return self._selection.worst_of(*self._unjudged)

    def _nearest_to(self, score: float) -> int | None:
        last = count_before(self._connection, self._version_id, scores.c.score < score)
        above = self._selection.best_of(*self._unjudged, before=last + 1)
        below = self._selection.worst_of(*self._unjudged, after=last)
        found = select(scores.c.rank, scores.c.score).where(
            scores.c.version_id == self._version_id, scores.c.rank.in_([above, below])
        )
        distance = {rank: abs(at - score) for rank, at in self._connection.execute(found)}
        return min(distance, key=lambda rank: (distance[rank], rank), default=None)

    def _still_to_be_judged(self, here: Condition, drawn: Drawn) -> int | None:
        """The rank of the listing `here`, where its analyst is still to judge it."""
        if drawn is Drawn.CONTROL:
            return self._anywhere(here)
        if drawn is Drawn.SECOND:
            return self._judged_once(here, current_labels.c.second_draw.is_not(None))
        if drawn is Drawn.DISPUTE:
            return self._disputed(here)
        return self._selection.worst_of(here, *self._unjudged)

    def _judged_once(self, *conditions: Condition) -> int | None:
        """The rank of the first case that somebody else judged, and the analyst is to judge unseen."""
        others = current_labels.c.analyst != self._analyst
        return self._from_judged(current_labels.c.second_draw, others, *conditions)

    def _disputed(self, *conditions: Condition) -> int | None:
        """The rank of the oldest case on which others disagree."""
        return self._from_judged(current_labels.c.label_id, current_labels.c.disputed, *conditions)

    def _from_judged(self, order: ColumnElement[float], *conditions: Condition) -> int | None:
        mine = (
            select(labels.c.label_id)
            .outerjoin(label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id)
            .where(labels.c.listing_no == current_labels.c.listing_no, labels.c.analyst == self._analyst)
            .where(label_withdrawals.c.label_id.is_(None))
            .correlate(current_labels)
        )
        own = (~current_labels.c.changed, ~mine.exists(), *self._free)
        return self._selection.first_from(current_labels, order, *conditions, *own)

    def _random(self, rng: random.Random) -> int | None:
        """The rank of a random unjudged listing: every one is as likely as every other."""
        ranked = scored_count(self._connection, self._version_id)
        tries = (rng.randint(1, ranked) for _ in range(_CONTROL_TRIES if ranked else 0))
        free = (rank for rank in tries if self._anywhere(scores.c.rank == rank) is not None)
        return next(free, None)

    def _anywhere(self, here: Condition) -> int | None:
        """The rank of the listing `here` in the whole ranking, where it is not judged."""
        query = select(scores.c.rank).where(scores.c.version_id == self._version_id, here, *self._unjudged)
        return self._connection.execute(query).scalar_one_or_none()

    def _lease(self, rank: int, drawn: Drawn) -> Case:
        number, listing_id, changed = self._listing(rank)
        lease = {
            "listing_no": number,
            "analyst": self._analyst,
            "drawn": drawn.value,
            "expires_at": self._now + LEASE,
        }
        self._connection.execute(upsert(self._connection, leases, ["analyst", "drawn", "expires_at"]), lease)
        return Case(listing_id, drawn, changed)

    def _listing(self, rank: int) -> tuple[int, str, bool]:
        """The number and the id of the listing at a rank, and whether it changed since it was judged."""
        row = self._connection.execute(_AT_RANK, {"version_id": self._version_id, "rank": rank}).one()
        return row[0], row[1], bool(row[2])
