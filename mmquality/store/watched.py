"""What watchers keep: how far each source was read, what could not be used, when listings came."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pandas as pd
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Table,
    func,
    insert,
    select,
    update,
)

from mmquality.store.arrivals import leave
from mmquality.store.database import IN_ONE, Database, batches, upsert
from mmquality.store.facets import one_import_at_a_time
from mmquality.store.removals import take_out
from mmquality.store.tables import RowNumber, StoredText, UtcDateTime, listings, metadata
from mmquality.store.times import note_seen, seen_since
from mmquality.store.upserting import UpsertCounts, upsert_frame

MOST_KEPT = 10_000  # characters of what a letter says

positions = Table(
    "watch_positions",
    metadata,
    Column("source", StoredText, primary_key=True),
    Column("part", StoredText, primary_key=True),
    Column("position", StoredText, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("letter_id", RowNumber, primary_key=True),
    Column("source", StoredText, nullable=False),
    Column("place", StoredText, nullable=False),
    Column("listing_id", StoredText, nullable=False),
    Column("reason", StoredText, nullable=False),
    Column("payload", StoredText, nullable=False),
    Column("cut", Boolean, nullable=False),  # the payload is not all of it
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", StoredText, nullable=False),
    Column("settled_by", StoredText, nullable=False, server_default=""),
    Index("ix_dead_letters_state", "state", "letter_id"),
    sqlite_autoincrement=True,
)


class LetterState(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    AGAIN = "again"  # the next watcher tries it once more
    RETRIED = "retried"  # what became of it then stands elsewhere: among the listings, or in a new letter
    OVERTAKEN = "overtaken"  # the listing has come once more since: what the letter says is old
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class DeadLetter:
    """Something that a source told and that could not be used."""

    source: str
    place: str  # file and row, partition and offset
    reason: str
    payload: str = ""
    listing_id: str = ""
    letter_id: int = 0  # 0 = not stored yet
    cut: bool = False
    created_at: datetime = datetime.min
    state: LetterState = LetterState.OPEN
    settled_by: str = ""


@dataclass(frozen=True)
class LettersPage:
    """One page of letters; `total` counts those on all pages."""

    rows: list[DeadLetter]
    total: int


@dataclass(frozen=True)
class Intake:
    """A batch of a source, checked: all of it is stored, or nothing."""

    source: str
    listings: pd.DataFrame  # as `ListingStore.upsert_listings` takes them
    gone: Sequence[str] = ()
    letters: Sequence[DeadLetter] = ()
    positions: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, datetime] = field(default_factory=dict)  # by listing_id, when the source was read
    settled: Mapping[int, LetterState] = field(default_factory=dict)  # letters that were tried once more


class WatchStore(Database):
    """The part of the store that watchers write."""

    def take_in(self, intake: Intake, by: str) -> tuple[UpsertCounts, int]:
        """Store a batch and the position behind it; what became of the listings, how many were removed.

        The same batch once more changes nothing. A removal of what the catalogue never held is none.
        """
        with self._write() as connection:
            one_import_at_a_time(connection)
            counts = upsert_frame(connection, intake.listings) if len(intake.listings) else UpsertCounts()
            numbers = [
                number
                for some in batches(intake.gone, IN_ONE)
                for number in take_out(connection, _known(connection, some), by)
            ]
            leave(connection, numbers)
            note_seen(connection, intake.seen)
            failed = _add_letters(connection, intake)
            for letter_id in intake.settled.keys() - failed:
                _settle(connection, [letter_id], intake.settled[letter_id], by)
            _keep_positions(connection, intake.source, intake.positions)
        return counts, len(numbers)

    def positions(self, source: str) -> dict[str, str]:
        """How far a source was stored, by its parts."""
        query = select(positions.c.part, positions.c.position).where(positions.c.source == source)
        with self._read() as connection:
            return {part: position for part, position in connection.execute(query)}

    def dead_letters(
        self, state: LetterState = LetterState.OPEN, page: int = 1, size: int = 50
    ) -> LettersPage:
        """Page 1, 2, … of the letters of a state, the newest first."""
        there = dead_letters.c.state == state.value
        query = select(dead_letters).where(there).order_by(dead_letters.c.letter_id.desc())
        query = query.offset((max(page, 1) - 1) * size).limit(size)
        with self._read() as connection:
            total = connection.execute(select(func.count()).where(there)).scalar_one()
            return LettersPage([_letter(row) for row in connection.execute(query).mappings()], total)

    def settle_letters(self, letter_ids: Collection[int] | None, state: LetterState, by: str) -> set[int]:
        """Dismiss open letters, or have the next watcher try them again (`LetterState.AGAIN`); None = all.

        Gives the numbers of those that are. What was cut cannot be tried again, and stays open.
        """
        with self._write() as connection:
            return _settle(connection, letter_ids, state, by)

    def letters_to_retry(self, most: int) -> tuple[list[DeadLetter], set[int]]:
        """The oldest letters that wait to be tried again, and the ids of those that are overtaken."""
        again = dead_letters.c.state == LetterState.AGAIN.value
        query = select(dead_letters).where(again).order_by(dead_letters.c.letter_id).limit(most)
        with self._read() as connection:
            found = [_letter(row) for row in connection.execute(query).mappings()]
            old = {x.letter_id for x in found if seen_since(connection, x.listing_id, x.created_at)}
        return found, old


def _known(connection: Connection, ids: Sequence[str]) -> list[str]:
    query = select(listings.c.listing_id).where(listings.c.listing_id.in_(ids))
    return list(connection.execute(query).scalars())


def _keep_positions(connection: Connection, source: str, read: Mapping[str, str]) -> None:
    rows = [{"source": source, "part": part, "position": position} for part, position in read.items()]
    if rows:
        connection.execute(upsert(connection, positions, ["position"]), rows)


def _add_letters(connection: Connection, intake: Intake) -> set[int]:
    """Keep a batch's letters; the numbers of those tried again in vain, which are open again under them."""
    tried = [letter_id for letter_id, state in intake.settled.items() if state is LetterState.RETRIED]
    query = select(dead_letters.c.place, dead_letters.c.letter_id).where(dead_letters.c.letter_id.in_(tried))
    numbers = {place: number for place, number in connection.execute(query)} if tried else {}
    now, failed, rows = datetime.now(UTC), set(), []
    for letter in intake.letters:
        number = numbers.pop(letter.place, None)
        if number is None:
            rows.append(_row(letter, now))
            continue
        again = dead_letters.c.letter_id == number, dead_letters.c.state == LetterState.AGAIN.value
        told = {"state": LetterState.OPEN.value, "settled_by": "", "reason": letter.reason}
        connection.execute(update(dead_letters).where(*again).values(told))
        failed.add(number)
    if rows:
        connection.execute(insert(dead_letters), rows)
    return failed


def _row(letter: DeadLetter, now: datetime) -> dict[str, Any]:
    return {
        "source": letter.source, "place": letter.place, "listing_id": letter.listing_id,
        "reason": letter.reason, "payload": letter.payload[:MOST_KEPT],
        "cut": letter.cut or len(letter.payload) > MOST_KEPT, "created_at": now,
        "state": LetterState.OPEN.value,
    }  # fmt: skip


def _settle(connection: Connection, ids: Collection[int] | None, state: LetterState, by: str) -> set[int]:
    stands = dead_letters.c.state.in_([LetterState.OPEN.value, LetterState.AGAIN.value])
    change = update(dead_letters).where(stands)
    if ids is not None:
        change = change.where(dead_letters.c.letter_id.in_(list(ids)))
    if state is LetterState.AGAIN:
        change = change.where(dead_letters.c.cut.is_(False), dead_letters.c.payload != "")
    settled = change.values(state=state.value, settled_by=by).returning(dead_letters.c.letter_id)
    return set(connection.execute(settled).scalars())


def _letter(row: Mapping[Any, Any]) -> DeadLetter:
    return DeadLetter(**{**row, "state": LetterState(row["state"])})
