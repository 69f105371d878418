"""What an analyst may be given to judge, in SQL.

All of it is put together once: that takes longer than to execute it, and others want the processor or, on
SQLite, the database meanwhile. `whose` and `now` stand for the analyst and the moment of the draw.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, literal_column, or_, select

from mmquality.records import Drawn
from mmquality.store.tables import current_labels, label_withdrawals, labels, leases, listings, scores

_judged = current_labels.alias("judged")
_by_the_same = (
    select(labels.c.label_id)
    .outerjoin(label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id)
    .where(labels.c.listing_no == current_labels.c.listing_no, labels.c.analyst == bindparam("whose"))
    .where(label_withdrawals.c.label_id.is_(None))
    .correlate(current_labels)
)
# The first places are judged, all of them, but PostgreSQL reckons that few are and looks each one up. Beside
# an OR (no place is below 1) it gathers the judged ones first, where many may be tested and they have room.
_unjudged = or_(
    scores.c.place < 1, ~exists().where(_judged.c.listing_no == scores.c.listing_no, ~_judged.c.changed)
)
_by_others = and_(~current_labels.c.changed, ~_by_the_same.exists())
_judged_once = and_(current_labels.c.second_draw.is_not(None), current_labels.c.analyst != bindparam("whose"))

# By how a case is drawn, beside FREE: of a row of `scores`, and of `current_labels` for the last two.
TO_BE_JUDGED = {
    Drawn.QUEUE: _unjudged,
    Drawn.CONTROL: _unjudged,
    Drawn.SECOND: and_(_judged_once, _by_others),
    Drawn.DISPUTE: and_(current_labels.c.disputed, _by_others),
}
TO_BE_HAD = or_(leases.c.analyst == bindparam("whose"), leases.c.expires_at <= bindparam("now"))  # of a lease
FREE = scores.c.listing_no.not_in(select(leases.c.listing_no).where(~TO_BE_HAD))
FOUND = (
    scores.c.listing_no,
    scores.c.score,
    select(listings.c.listing_id)
    .where(listings.c.listing_no == scores.c.listing_no)
    .correlate(scores)
    .scalar_subquery()
    .label("listing_id"),
    exists()
    .where(_judged.c.listing_no == scores.c.listing_no, _judged.c.changed)
    .correlate(scores)
    .label("changed"),
)
_ONE: ColumnElement[int] = literal_column(
    "1"
)  # written out: of a LIMIT by parameter PostgreSQL makes another plan every time


@lru_cache(32)  # a few for each order; those of a question with filters may hold many ranks
def first_of(
    among: Select[Any], order: ColumnElement[Any], *conditions: ColumnElement[bool], locked: bool
) -> Select[Any]:
    """The first of these rows, in this order, for which the conditions hold.

    `locked`: until the transaction ends, and what another one has locked is passed over. That is so on
    PostgreSQL; SQLite has one writer at a time.
    """
    query = among.where(*conditions).order_by(order).limit(_ONE)
    return query.with_for_update(of=scores, skip_locked=True) if locked else query
