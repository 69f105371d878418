"""Listings that join or leave a published ranking: one transaction, and nobody else's score changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.store.comings import changes, is_in
from mmquality.store.database import IN_ONE, Database, batches, tell
from mmquality.store.places import ROOM, moves
from mmquality.store.tables import current_model, listings, model_versions, scores

_WAITING = ("listing_id", "title", "category", "attributes", "title_hash", "photo_hash", "impressions")


@dataclass(frozen=True)
class Arrival:
    """A listing that is to join a ranking, scored as it was after the change `change_no`."""

    listing_no: int
    listing_id: str
    score: float
    change_no: int


@dataclass(frozen=True)
class _Move:
    place: int
    arrived: bool
    listing_no: int
    change_no: int
    score: float = 0.0  # of one that arrived


@dataclass(frozen=True)
class Moved:
    """How a version's ranking differs from the one that was published: ids of listings."""

    arrived: frozenset[str] | set[str]  # that joined, and are in it still
    gone: frozenset[str] | set[str]  # of its own, that left their place


class ArrivalStore(Database):
    """The part of the store that lets listings join the ranking in force."""

    def waiting(self, version: str) -> pd.DataFrame:
        """The listings that came or changed since a version scored the catalogue, as they are now.

        Columns: listing_no, change_no, and of `Listing` listing_id, title, category, attributes, title_hash,
        photo_hash, impressions. What was removed does not wait. Reads no more than what came since.
        """
        here = moves.c.version_id == model_versions.c.version_id
        same = here & moves.c.arrived & (moves.c.listing_no == changes.c.listing_no)
        columns = changes.c.listing_no, changes.c.change_no, *(listings.c[name] for name in _WAITING)
        query = (
            select(*columns)
            .select_from(model_versions)
            .join(changes, changes.c.change_no > model_versions.c.changes_known)
            .join(listings, listings.c.listing_no == changes.c.listing_no)
            .outerjoin(moves, same)
            .where(model_versions.c.name == version, is_in(changes.c.listing_no))
            .where(func.coalesce(moves.c.change_no, 0) < changes.c.change_no)
            .order_by(listings.c.listing_id)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame.from_records(rows, columns=["listing_no", "change_no", *_WAITING])

    def moved(self, version: str) -> Moved:
        """Who joined a version's ranking since it was published, and who left."""
        query = select(listings.c.listing_id, moves.c.arrived).select_from(model_versions)
        query = query.join(moves, moves.c.version_id == model_versions.c.version_id).join(
            listings, listings.c.listing_no == moves.c.listing_no
        )
        found: dict[bool, set[str]] = {True: set(), False: set()}
        with self._read() as connection:
            for listing_id, arrived in connection.execute(query.where(model_versions.c.name == version)):
                found[bool(arrived)].add(listing_id)
        return Moved(found[True], found[False])

    def add_arrivals(self, version: str, arrivals: Sequence[Arrival], files: int) -> int:
        """Let scored listings join the ranking of the version in force; gives how many did.

        One that it ranks already leaves its place for the new one. Left out is what was removed, or changed
        once more, meanwhile: it waits on. `files` is the number of the files that hold the vectors of all
        arrivals, these among them. Raises `WorkspaceError` where another version is in force by now, or
        others arrived meanwhile, and `ModelFileError` for a score that is none; nothing changes then.
        """
        if not all(0 <= arrival.score <= 1 for arrival in arrivals):  # NaN is neither
            raise ModelFileError(
                "Some scores are not numbers in 0…1; nothing was added. Train the model again."
            )
        with self._write() as connection:
            row = connection.execute(_IN_FORCE.with_for_update(of=model_versions)).one_or_none()
            if row is None or row.name != version or row.arrivals >= files:
                raise WorkspaceError(
                    f"Meanwhile another model was put in force beside {version}, or others added listings to "
                    "it; nothing was added. Run `mmquality arrive` again."
                )
            still = _still(connection, arrivals)
            _change(connection, row.version_id, still, {arrival.listing_no for arrival in still})
            named = model_versions.c.version_id == row.version_id
            connection.execute(update(model_versions).where(named).values(arrivals=files))
            tell(connection, "arrivals", version=version, listings=len(still))
        return len(still)


_IN_FORCE = select(model_versions.c.version_id, model_versions.c.name, model_versions.c.arrivals).join(
    current_model
)


def leave(connection: Connection, numbers: Collection[int]) -> None:
    """Take these listings (listing_nos) out of the ranking of every version."""
    ranked: dict[int, set[int]] = defaultdict(set)
    for some in batches(numbers, IN_ONE):
        query = select(scores.c.version_id, scores.c.listing_no).where(scores.c.listing_no.in_(some))
        for version_id, number in connection.execute(query):
            ranked[version_id].add(number)
    for version_id in sorted(ranked):
        one = select(model_versions.c.version_id).where(model_versions.c.version_id == version_id)
        connection.execute(one.with_for_update()).one()
        _change(connection, version_id, [], ranked[version_id])


def _still(connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those that are in the catalogue as they were scored."""
    now: dict[int, int] = {}
    for some in batches((arrival.listing_no for arrival in arrivals), IN_ONE):
        query = select(changes.c.listing_no, changes.c.change_no).where(changes.c.listing_no.in_(some))
        now |= {no: change for no, change in connection.execute(query.where(is_in(changes.c.listing_no)))}
    return [arrival for arrival in arrivals if now.get(arrival.listing_no) == arrival.change_no]


def _change(
    connection: Connection, version_id: int, arrivals: Sequence[Arrival], leaving: Collection[int]
) -> None:
    """Let listings leave a ranking and others join it; its caller alone changes this version meanwhile."""
    before = _moves(connection, version_id)
    standing = [move for move in before if not (move.arrived and move.listing_no in leaving)]
    left = _left(connection, version_id, leaving)
    kept = [move for move in standing if not move.arrived] + left
    arrived = _settled(connection, version_id, [move for move in standing if move.arrived], arrivals)
    was, now = {move for move in before if move.arrived}, set(arrived)
    if gone := [move.place for move in (*was - now, *left)]:
        connection.execute(_FORGET, [{"of_version": version_id, "at": place} for place in gone])
    if new := [_score_row(version_id, move) for move in now - was]:
        connection.execute(insert(scores), new)
    _write_moves(connection, version_id, sorted(kept + arrived, key=attrgetter("place")))


_FORGET = delete(scores).where(
    scores.c.version_id == bindparam("of_version"), scores.c.place == bindparam("at")
)


def _score_row(version_id: int, move: _Move) -> dict[str, Any]:
    where = {"version_id": version_id, "place": move.place}
    return where | {"listing_no": move.listing_no, "score": move.score}


def _moves(connection: Connection, version_id: int) -> list[_Move]:
    """What joined or left the version before."""
    here = (scores.c.version_id == moves.c.version_id) & (scores.c.place == moves.c.place)
    columns = moves.c.place, moves.c.arrived, moves.c.listing_no, moves.c.change_no, scores.c.score
    query = select(*columns).select_from(moves.outerjoin(scores, here & moves.c.arrived))
    rows = connection.execute(query.where(moves.c.version_id == version_id))
    return [
        _Move(place, bool(arrived), no, change, score or 0.0) for place, arrived, no, change, score in rows
    ]


def _left(connection: Connection, version_id: int, leaving: Collection[int]) -> list[_Move]:
    """Those of the version's own among the leaving ones."""
    found: list[_Move] = []
    for some in batches(leaving, IN_ONE):
        query = select(scores.c.place, scores.c.listing_no).where(
            scores.c.version_id == version_id, scores.c.listing_no.in_(some)
        )
        rows = connection.execute(query).all()
        found += [_Move(place, False, number, 0) for place, number in rows if not _is_arrival(place)]
    return found


def _settled(
    connection: Connection, version_id: int, standing: Sequence[_Move], arrivals: Sequence[Arrival]
) -> list[_Move]:
    """All that arrived, each at its place: those that stand, and the new ones behind what scores as much."""
    at = _spots(connection, version_id, arrivals)
    spots: dict[int, list[_Move]] = defaultdict(list)
    for move in sorted(standing, key=attrgetter("place")):
        spots[move.place >> ROOM].append(move)
    for arrival in sorted(arrivals, key=lambda a: (-a.score, a.listing_id)):
        spot = at[arrival.listing_no]
        spots[spot].append(_Move(spot << ROOM, True, arrival.listing_no, arrival.change_no, arrival.score))
    found: list[_Move] = []
    for spot, there in spots.items():
        in_order = sorted(there, key=lambda move: -move.score)  # stable: equal ones as they arrived
        if len(in_order) >> ROOM:
            raise WorkspaceError(
                "More than a million listings arrived at one spot of the ranking; none was added. Run "
                "`mmquality score`, then `mmquality index`."
            )
        found += [
            _Move((spot << ROOM) + n, True, move.listing_no, move.change_no, move.score)
            for n, move in enumerate(in_order, 1)
        ]
    return found


_LOWER = (
    select(scores.c.place)
    .where(scores.c.version_id == bindparam("version_id"), scores.c.score < bindparam("score"))
    .order_by(scores.c.score.desc(), scores.c.place)
    .limit(1)
)


def _spots(connection: Connection, version_id: int, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """By listing_no: behind which of the version's own each belongs (its number; 0 = before the first)."""
    end = _last_number(connection, version_id) if arrivals else 0
    spots: dict[int, int] = {}
    for score, some in groupby(sorted(arrivals, key=attrgetter("score")), key=attrgetter("score")):
        given = {"version_id": version_id, "score": score}
        lower: int | None = connection.execute(_LOWER, given).scalar_one_or_none()
        spot = end if lower is None else (lower >> ROOM) - (not _is_arrival(lower))
        spots |= {arrival.listing_no: spot for arrival in some}
    return spots


def _last_number(connection: Connection, version_id: int) -> int:
    """The number of the last of the version's own, whether it is still there or not."""
    last = [
        select(func.max(table.c.place)).where(table.c.version_id == version_id) for table in (scores, moves)
    ]
    return max(connection.execute(query).scalar_one() or 0 for query in last) >> ROOM


def _is_arrival(place: int) -> bool:
    return place & ((1 << ROOM) - 1) != 0


def _write_moves(connection: Connection, version_id: int, in_order: Sequence[_Move]) -> None:
    """Write the moves of a version anew, with what they amount to."""
    connection.execute(delete(moves).where(moves.c.version_id == version_id))
    rows, shift = [], 0
    for move in in_order:
        shift += 1 if move.arrived else -1
        first = (move.place >> ROOM) + shift + (not move.arrived)
        rows.append(
            {
                "version_id": version_id, "place": move.place, "arrived": move.arrived,
                "listing_no": move.listing_no, "shift": shift, "first_rank": first,
                "change_no": move.change_no,
            }
        )  # fmt: skip
    if rows:
        connection.execute(insert(moves), rows)
    arrived = sum(move.arrived for move in in_order)
    counts: Mapping[str, Any] = {"arrived": arrived, "gone": len(in_order) - arrived}
    named = update(model_versions).where(model_versions.c.version_id == version_id)
    connection.execute(named.values(revision=model_versions.c.revision + 1, **counts))
