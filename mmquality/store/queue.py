"""The queue: hands out one case at a time, and never one case to two analysts."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, bindparam, delete, exists, func, select

from mmquality.records import Drawn
from mmquality.store.conditions import RankingQuery
from mmquality.store.database import Database
from mmquality.store.draw import Case, Draw, Order
from mmquality.store.tables import StoredText, current_model, label_withdrawals, labels, leases, listings

_IN_FORCE = select(current_model.c.version_id)
# The same, once the analyst's other draws are done: two windows show one case. (On SQLite every writer is
# alone, on PostgreSQL different analysts draw at once: see `Draw`.)
_TURN = _IN_FORCE.add_columns(
    func.pg_advisory_xact_lock(func.hashtext(bindparam("analyst", type_=StoredText)))
)
_with_listing = select(labels.c.label_id, listings.c.listing_id).select_from(
    labels.join(listings, listings.c.listing_no == labels.c.listing_no)
)


def _withdrawn(given: FromClause) -> ColumnElement[bool]:
    """Whether a label was taken back."""
    return exists().where(label_withdrawals.c.label_id == given.c.label_id)


_later = labels.alias("later")
_replaced = exists().where(
    _later.c.listing_no == labels.c.listing_no,
    _later.c.label_id > labels.c.label_id,
    # No index knows this text: the few labels of the listing are gone through, not the analyst's many.
    _later.c.analyst + "" == labels.c.analyst,
    ~_withdrawn(_later),
)
# Of each listing the analyst's last label that was not withdrawn, whatever others say of it.
_STANDING = labels.c.analyst == bindparam("whose"), ~_withdrawn(labels), ~_replaced
_SINCE = (
    select(labels.c.created_at)
    .where(*_STANDING, labels.c.created_at >= bindparam("moment"))
    .order_by(labels.c.label_id.desc())
)
_BEFORE = _with_listing.where(*_STANDING).order_by(labels.c.label_id.desc()).limit(1)


class QueueStore(Database):
    """The part of the store that hands out cases."""

    def next_case(
        self,
        analyst: str,
        query: RankingQuery,
        control_share: float = 0.0,
        apart_from: Collection[str] = (),
        rng: random.Random | None = None,
        second_share: float = 0.0,
        order: Order = Order.WORST,
    ) -> Case | None:
        """The case that `analyst` holds, else a new one that nobody holds; None where nothing is left.

        A new one is, with probability `control_share`, a random unjudged listing of the whole catalogue. Else
        it is one that somebody else judged and the analyst is to judge, too, without seeing how: of all
        listings `second_share` are meant for that, always the same ones. Else it is the first unjudged
        listing of the query in this `order`. A listing whose title or photo changed since it was judged is
        unjudged again; a label filter of the query is left aside. A case that was skipped, labelled meanwhile
        or that is no longer asked for is given back.

        :param apart_from: ids of listings that the analyst skipped
        """
        with self._write() as connection:
            version_id = _turn(connection, analyst)
            if version_id is None:
                return None
            draw = Draw(connection, version_id, analyst, query, apart_from)
            return draw.held(order) or draw.new(order, control_share, second_share, rng or random.Random())

    def take_up(self, analyst: str, listing_id: str, drawn: Drawn, instead: bool = False) -> bool:
        """Let `analyst` have this case, as it was `drawn`, beside what he holds or `instead` of it.

        False where somebody else holds it, or it is not to be judged any more.
        """
        with self._write() as connection:
            version_id = _turn(connection, analyst)
            if version_id is None:
                return False
            return Draw(connection, version_id, analyst, RankingQuery(), ()).this(listing_id, drawn, instead)

    def upcoming(
        self,
        analyst: str,
        query: RankingQuery,
        apart_from: Collection[str] = (),
        second_share: float = 0.0,
        order: Order = Order.WORST,
    ) -> str | None:
        """The first listing that `analyst` could be given now, apart from those; nobody is given it by this.

        What comes next, unless somebody is quicker or a control case is drawn.
        """
        with self._read() as connection:
            version_id = connection.execute(_IN_FORCE).scalar()
            if version_id is None:
                return None
            draw = Draw(connection, version_id, analyst, query, apart_from, only_look=True)
            return draw.first(order, second_share)

    def judged_unseen(self, analyst: str) -> str | None:
        """The listing that `analyst` has to judge a second time, without seeing the first verdict."""
        query = select(listings.c.listing_id).join(leases, leases.c.listing_no == listings.c.listing_no)
        query = query.where(leases.c.analyst == analyst, leases.c.drawn == Drawn.SECOND.value)
        with self._read() as connection:
            return connection.execute(query.limit(1)).scalar_one_or_none()

    def give_back(self, analyst: str) -> None:
        """Let others have what `analyst` holds."""
        with self._write() as connection:
            connection.execute(delete(leases).where(leases.c.analyst == analyst))

    def judged_since(self, analyst: str, moment: datetime) -> list[datetime]:
        """When the analyst gave the verdicts of his that stand, since `moment`, the latest first."""
        with self._read() as connection:
            return list(connection.execute(_SINCE, {"whose": analyst, "moment": moment}).scalars())

    def judged_before(self, analyst: str, label_id: int | None = None) -> tuple[int, str] | None:
        """The analyst's last verdict that stands, or that before `label_id`: its number, its listing's id."""
        query = _BEFORE if label_id is None else _BEFORE.where(labels.c.label_id < label_id)
        with self._read() as connection:
            row = connection.execute(query, {"whose": analyst}).one_or_none()
        return None if row is None else (row[0], row[1])

    def judged_as(self, analyst: str, label_id: int) -> str | None:
        """The listing of one of the analyst's labels, also of a withdrawn one; None where it is not his."""
        query = _with_listing.where(labels.c.label_id == label_id, labels.c.analyst == analyst)
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else row[1]


def _turn(connection: Connection, analyst: str) -> int | None:
    """The version in force, once it is the analyst's turn; None where there is none."""
    turn = _TURN if connection.dialect.name == "postgresql" else _IN_FORCE
    version_id: int | None = connection.execute(turn, {"analyst": analyst}).scalar()
    return version_id
