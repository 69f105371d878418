"""A version's moves are written: who joined its ranking, who left, and what that amounts to behind them.

Few rows go in or out; those behind them are counted up or down where they lie, range by range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, delete, insert, select, update

from mmquality.store.database import IN_ONE, batches
from mmquality.store.places import END, ROOM, moves
from mmquality.store.tables import RowNumber, model_versions, scores


@dataclass(frozen=True)
class Move:
    """A listing that joined a ranking, or one of its own that left."""

    place: int
    arrived: bool
    listing_no: int
    change_no: int
    score: float = 0.0  # of one that arrived


def arrivals_with(
    connection: Connection, version_id: int, what: ColumnElement[int], wanted: Collection[int]
) -> set[Move]:
    """Those that arrived, and of which this column is one of the `wanted`."""
    here = (scores.c.version_id == moves.c.version_id) & (scores.c.place == moves.c.place)
    columns = moves.c.place, moves.c.listing_no, moves.c.change_no, scores.c.score
    query = select(*columns).select_from(moves.join(scores, here))
    query = query.where(moves.c.version_id == version_id, moves.c.arrived)
    return {
        Move(place, True, number, change, score)
        for some in batches(wanted, IN_ONE)
        for place, number, change, score in connection.execute(query.where(what.in_(some)))
    }


_OF_VERSION: ColumnElement[int] = bindparam("of_version", type_=Integer())
_FROM: ColumnElement[int] = bindparam("from_place", type_=RowNumber)
_MORE: ColumnElement[int] = bindparam("more", type_=Integer())
_SHIFT_AT = (
    select(moves.c.shift)
    .where(moves.c.version_id == _OF_VERSION, moves.c.place <= _FROM)
    .order_by(moves.c.place.desc())
    .limit(1)
)
_DROP = delete(moves).where(moves.c.version_id == _OF_VERSION, moves.c.place == _FROM)
_SHIFT = (
    update(moves)
    .where(moves.c.version_id == _OF_VERSION, moves.c.place > _FROM)
    .where(moves.c.place < bindparam("to_place", type_=RowNumber))
    .values(shift=moves.c.shift + _MORE, first_rank=moves.c.first_rank + _MORE)
)


def write_moves(
    connection: Connection, version_id: int, lost: Collection[Move], new: Collection[Move]
) -> None:
    """Forget some moves of a version and add others; those behind them then amount to more, or less."""
    step = Counter({move.place: _sign(move) for move in new})
    step.subtract({move.place: _sign(move) for move in lost})
    places = sorted(step)
    more = dict(zip(places, accumulate(step[place] for place in places), strict=True))
    at = {"of_version": version_id}
    was = {m.place: connection.execute(_SHIFT_AT, {**at, "from_place": m.place}).scalar() or 0 for m in new}
    if lost:
        connection.execute(_DROP, [{**at, "from_place": move.place} for move in lost])
    behind = [
        {**at, "from_place": first, "to_place": last, "more": more[first]}
        for first, last in pairwise([*places, END])
        if more[first]
    ]
    if behind:
        connection.execute(_SHIFT, behind)
    if new:
        rows = [_move_row(version_id, move, was[move.place] + more[move.place]) for move in new]
        connection.execute(insert(moves), rows)
    _count(connection, version_id, lost, new)


def _sign(move: Move) -> int:
    return 1 if move.arrived else -1


def _move_row(version_id: int, move: Move, shift: int) -> dict[str, Any]:
    return {
        "version_id": version_id, "place": move.place, "arrived": move.arrived, "listing_no": move.listing_no,
        "shift": shift, "first_rank": (move.place >> ROOM) + shift + (not move.arrived),
        "change_no": move.change_no,
    }  # fmt: skip


def _count(connection: Connection, version_id: int, lost: Collection[Move], new: Collection[Move]) -> None:
    """Let the version know how many arrived and left, and that its ranking is another one."""
    arrived = sum(move.arrived for move in new) - sum(move.arrived for move in lost)
    gone = len(new) - len(lost) - arrived
    row = model_versions.c
    named = update(model_versions).where(row.version_id == version_id)
    connection.execute(
        named.values(revision=row.revision + 1, arrived=row.arrived + arrived, gone=row.gone + gone)
    )
