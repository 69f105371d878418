"""Listings that join or leave a published ranking: one transaction, and nobody else's score changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.store.comings import changes, is_in, removed_among
from mmquality.store.database import IN_ONE, Database, batches, frame_of, tell
from mmquality.store.moving import Move, arrivals_with, write_moves
from mmquality.store.places import ROOM, moves, own_number
from mmquality.store.tables import current_model, listings, model_versions, scores
from mmquality.store.times import note_ranked

_WAITING = ("listing_id", "title", "category", "attributes", "title_hash", "photo_hash", "impressions")


@dataclass(frozen=True)
class Arrival:
    """A listing that is to join a ranking, scored as it was after the change `change_no`."""

    listing_no: int
    listing_id: str
    score: float
    change_no: int


@dataclass(frozen=True)
class Moved:
    """How a version's ranking differs from the one that was published: ids of listings."""

    arrived: frozenset[str] | set[str]  # that joined, and are in it still
    gone: frozenset[str] | set[str]  # of its own, that left their place


class ArrivalStore(Database):
    """The part of the store that lets listings join the ranking in force."""

    def waiting(self, version: str, after: int = 0) -> pd.DataFrame:
        """The listings that came or changed since a version scored the catalogue, as they are now.

        Columns: listing_no, change_no, and of `Listing` listing_id, title, category, attributes, title_hash,
        photo_hash, impressions. What was removed does not wait. Reads no more than what came since; `after`:
        than what changed after that change, where all that is older is known to have joined.
        """
        with self._read() as connection:
            came = _came(connection, version, after)
            rows = sorted(_as_they_are(connection, came), key=lambda row: row[2])
        return frame_of(rows, ["listing_no", "change_no", *_WAITING])

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
            note_ranked(connection, [arrival.listing_no for arrival in still])
            tell(connection, "arrivals", version=version, listings=len(still))
        return len(still)


_IN_FORCE = select(model_versions.c.version_id, model_versions.c.name, model_versions.c.arrivals).join(
    current_model
)


def _came(connection: Connection, version: str, after: int) -> dict[int, int]:
    """listing_no → change_no of what changed since the version knew the catalogue, and has not joined it.

    In steps, each by an index: as one statement a planner that has not counted these tables walks through
    all listings, and through all moves for each.
    """
    query = select(model_versions.c.version_id, model_versions.c.changes_known)
    row = connection.execute(query.where(model_versions.c.name == version)).one_or_none()
    if row is None:
        return {}
    later = changes.c.change_no > max(row.changes_known, after)
    came = {no: change for no, change in connection.execute(select(changes).where(later))}
    for some in batches(came.copy(), IN_ONE):
        joined = select(moves.c.listing_no, moves.c.change_no).where(
            moves.c.version_id == row.version_id, moves.c.arrived, moves.c.listing_no.in_(some)
        )
        for no, change in connection.execute(joined):
            if change >= came[no]:
                del came[no]
    for no in removed_among(connection, came.copy()):
        del came[no]
    return came


def _as_they_are(connection: Connection, came: Mapping[int, int]) -> list[tuple[Any, ...]]:
    """(listing_no, change_no, `_WAITING`) of these listings."""
    columns = listings.c.listing_no, *(listings.c[name] for name in _WAITING)
    found: list[tuple[Any, ...]] = []
    for some in batches(came, IN_ONE):
        query = select(*columns).where(listings.c.listing_no.in_(some))
        found += [(no, came[no], *others) for no, *others in connection.execute(query)]
    return found


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
    left = _left(connection, version_id, leaving)
    spots = _spots(connection, version_id, arrivals)
    leavers = arrivals_with(connection, version_id, moves.c.listing_no, leaving)
    there = arrivals_with(connection, version_id, own_number(moves.c.place), set(spots.values()))
    was = {*leavers, *there}
    now = set(_settled(sorted(there - leavers, key=attrgetter("place")), arrivals, spots))
    if gone := [move.place for move in (*was - now, *left)]:
        connection.execute(_FORGET, [{"of_version": version_id, "at": place} for place in gone])
    if new := [_score_row(version_id, move) for move in now - was]:
        connection.execute(insert(scores), new)
    write_moves(connection, version_id, was - now, [*(now - was), *left])


_FORGET = delete(scores).where(
    scores.c.version_id == bindparam("of_version"), scores.c.place == bindparam("at")
)


def _score_row(version_id: int, move: Move) -> dict[str, Any]:
    where = {"version_id": version_id, "place": move.place}
    return where | {"listing_no": move.listing_no, "score": move.score}


def _left(connection: Connection, version_id: int, leaving: Collection[int]) -> list[Move]:
    """Those of the version's own among the leaving ones."""
    found: list[Move] = []
    for some in batches(leaving, IN_ONE):
        query = select(scores.c.place, scores.c.listing_no).where(
            scores.c.version_id == version_id, scores.c.listing_no.in_(some)
        )
        rows = connection.execute(query).all()
        found += [Move(place, False, number, 0) for place, number in rows if not _is_arrival(place)]
    return found


def _settled(standing: Sequence[Move], arrivals: Sequence[Arrival], at: Mapping[int, int]) -> list[Move]:
    """All arrivals at some spots, each at its place: the new ones behind what scores as much.

    :param standing: in the order of their places
    :param at: listing_no → spot, of the new ones
    """
    spots: dict[int, list[Move]] = defaultdict(list)
    for move in standing:
        spots[move.place >> ROOM].append(move)
    for arrival in sorted(arrivals, key=lambda a: (-a.score, a.listing_id)):
        spot = at[arrival.listing_no]
        spots[spot].append(Move(spot << ROOM, True, arrival.listing_no, arrival.change_no, arrival.score))
    found: list[Move] = []
    for spot, there in spots.items():
        in_order = sorted(there, key=lambda move: -move.score)  # stable: equal ones as they arrived
        if len(in_order) >> ROOM:
            raise WorkspaceError(
                "More than a million listings arrived at one spot of the ranking; none was added. Run "
                "`mmquality score`, then `mmquality index`."
            )
        found += [replace(move, place=(spot << ROOM) + n) for n, move in enumerate(in_order, 1)]
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
