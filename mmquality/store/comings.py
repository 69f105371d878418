"""What came into the catalogue or changed, numbered as it did, and what was taken out of it, by whom.

A version knows the catalogue up to some change: what changed later waits to be scored by it. A listing that
is removed keeps its row, for its labels: it is in no ranking, count, filter or catalogue until an import
brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Select,
    Table,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)

from mmquality.errors import RemovedListingError
from mmquality.store.database import IN_ONE, batches, insert_rows, upsert
from mmquality.store.tables import RowNumber, StoredText, UtcDateTime, listings, metadata

# The last change of each listing that was added, came back, or got another title or photo.
changes = Table(
    "listing_changes",
    metadata,
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), primary_key=True, autoincrement=False),
    Column("change_no", RowNumber, nullable=False),
    Index("ix_listing_changes_change_no", "change_no"),
)

# Events, but for the moment of the return: rows are added, never deleted.
removals = Table(
    "removals",
    metadata,
    Column("removal_id", RowNumber, primary_key=True),
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), nullable=False),
    Column("analyst", StoredText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("returned_at", UtcDateTime),  # when an import brought it back; NULL = it is out
    Index("ix_removals_listing_no", "listing_no"),
    Index("ix_removals_created_at", "created_at"),
    Index("ix_removals_by", "analyst", "created_at"),
    sqlite_autoincrement=True,
)
_out = removals.c.returned_at.is_(None)
Index("uq_removals_listing_no", removals.c.listing_no, unique=True, sqlite_where=_out, postgresql_where=_out)

_OUT = select(removals.c.listing_no).where(_out)
_ANY_OUT = _OUT.limit(1)
_OUT_AMONG = _OUT.where(removals.c.listing_no.in_(bindparam("numbers", expanding=True)))
_LAST_CHANGE = select(func.coalesce(func.max(changes.c.change_no), 0))


def removed() -> Select[int]:
    """The numbers of the listings that are out."""
    return _OUT


def is_in(number: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the listing with this number is not out: for a query that goes through many."""
    return number.not_in(removed())


def last_change(connection: Connection) -> int:
    """The number of the last change there was, 0 before the first."""
    return int(connection.execute(_LAST_CHANGE).scalar_one())


def note_changes(connection: Connection, new: Sequence[int], others: Sequence[int]) -> None:
    """Listings (by number) that are `new`, and `others` that came back, or have another title or photo."""
    number = last_change(connection) + 1
    insert_rows(connection, changes, ("listing_no", "change_no"), [(no, number) for no in new])
    if others:
        rows = [{"listing_no": no, "change_no": number} for no in others]
        connection.execute(upsert(connection, changes, ["change_no"]), rows)


def note_all(connection: Connection) -> None:
    """All listings, which are new."""
    one = select(listings.c.listing_no, literal(last_change(connection) + 1))
    in_order = one.order_by(listings.c.listing_no)
    connection.execute(insert(changes).from_select(["listing_no", "change_no"], in_order))


def removed_among(connection: Connection, numbers: Iterable[int]) -> set[int]:
    """Those of these listings, by number, that are out."""
    found: set[int] = set()
    if connection.execute(_ANY_OUT).first() is None:  # as nearly always
        return found
    for some in batches(numbers, IN_ONE):
        found.update(connection.execute(_OUT_AMONG, {"numbers": some}).scalars())
    return found


def check_in(connection: Connection, ids: Mapping[int, str]) -> None:
    """Raises `RemovedListingError` where any of these listings (number → id) is out.

    The caller has locked their rows, as whoever removes them does: until his transaction ends they stay in.
    """
    if out := removed_among(connection, ids):
        raise RemovedListingError(*(ids[number] for number in ids if number in out))


def bring_back(connection: Connection, numbers: Iterable[int]) -> None:
    """Let these listings be in the catalogue again."""
    now = datetime.now(UTC)
    for some in batches(numbers, IN_ONE):
        back = update(removals).where(_out, removals.c.listing_no.in_(some))
        connection.execute(back.values(returned_at=now))
