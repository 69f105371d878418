"""Places in a version's ranking: they rise with the rank and leave room for listings that arrive later.

The n-th listing that a version was published with has the place n · 2²⁰. One that arrives later stands behind
the last that scores as much or more: at the next free number before the next multiple. Nobody else is moved
for it but those that arrived at the same spot, so a million rows are not written for a thousand.

A rank is counted, never stored with the row: `place >> 20`, and how many more arrived than left up to there.
That is kept for every place where it changes (`moves`), and found by one descent of an index; so is the
place of a rank.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    ScalarSelect,
    Table,
    bindparam,
    func,
    literal_column,
    select,
)

from mmquality.store.tables import RowNumber, metadata, scores

ROOM = 20  # bits: a million may arrive at one spot, and 2⁴³ be published
END = 2**62  # behind every place

# What joined or left a version's ranking since it was published; `moving.py` writes it.
moves = Table(
    "moves",
    metadata,
    Column("version_id", ForeignKey("model_versions.version_id"), primary_key=True),
    Column("place", RowNumber, primary_key=True, autoincrement=False),
    Column("arrived", Boolean, nullable=False),  # or else one of the version's own left
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), nullable=False),
    Column("shift", Integer, nullable=False),  # how many more arrived than left, up to and with this place
    Column("first_rank", Integer, nullable=False),  # that it concerns: its own, or that of who is next now
    Column("change_no", RowNumber, nullable=False),  # of the listing, as it was scored (`comings.py`)
    Index("ix_moves_first_rank", "version_id", "first_rank", "place"),
    Index("ix_moves_listing_no", "listing_no", "version_id"),
    sqlite_with_rowid=False,
)


def own_number(place: ColumnElement[int]) -> ColumnElement[int]:
    """How many of those that a version was published with stood at this place or before it."""
    number: ColumnElement[int] = place.op(">>")(literal_column(str(ROOM), Integer()))
    return number


def _shift(version_id: ColumnElement[int], place: ColumnElement[int]) -> ScalarSelect[int]:
    last = select(moves.c.shift).where(moves.c.version_id == version_id, moves.c.place <= place)
    return last.order_by(moves.c.place.desc()).limit(1).correlate(scores).scalar_subquery()


# The rank of a row of `scores`, 1 = worst.
rank: ColumnElement[int] = (
    own_number(scores.c.place) + func.coalesce(_shift(scores.c.version_id, scores.c.place), 0)
).label("rank")

_VERSION: ColumnElement[int] = bindparam("version_id", type_=Integer())
_PLACE: ColumnElement[int] = bindparam("place", type_=RowNumber)
_LAST = select(rank).where(scores.c.version_id == _VERSION).order_by(scores.c.place.desc()).limit(1)
_UP_TO = select(own_number(_PLACE) + func.coalesce(_shift(_VERSION, _PLACE), 0))
_LAST_MOVE = (
    select(moves.c.place, moves.c.arrived, moves.c.first_rank, moves.c.shift)
    .where(moves.c.version_id == _VERSION, moves.c.first_rank <= bindparam("rank", type_=Integer()))
    .order_by(moves.c.first_rank.desc(), moves.c.place.desc())
    .limit(1)
)


def ranked_count(connection: Connection, version_id: int) -> int:
    """How many listings a version ranks now."""
    last: int | None = connection.execute(_LAST, {"version_id": version_id}).scalar_one_or_none()
    return last or 0


def ranked_up_to(connection: Connection, version_id: int, place: int) -> int:
    """How many listings stand at this place or before it; it is not behind the last one's."""
    found: int = connection.execute(_UP_TO, {"version_id": version_id, "place": place}).scalar_one()
    return found


def place_of(connection: Connection, version_id: int, rank: int) -> int:
    """The place of a rank, one that there is; before the first it is 0."""
    row = connection.execute(_LAST_MOVE, {"version_id": version_id, "rank": rank}).one_or_none()
    if row is None:
        return max(rank, 0) << ROOM
    if row.arrived and row.first_rank == rank:
        return int(row.place)
    return (rank - int(row.shift)) << ROOM
