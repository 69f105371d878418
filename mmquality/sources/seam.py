"""What a watcher needs of a source: batches of changes, each with the position that it is known up to.

A position is stored in the same transaction as its batch. A source that is opened again goes on from there,
so that a batch comes once more where it was not stored, and else never.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

DELETED = ("true", "1", "yes", "t", "y")  # what a deleted flag says where it is set


@dataclass(frozen=True)
class Change:
    """A listing as it is now, or that it is gone."""

    listing_id: str
    row: Mapping[str, str] | None  # by column, as a catalogue file has them; None = it is gone
    place: str  # where it was told: "drop.jsonl, row 7"
    seen: float  # seconds since 1970


@dataclass(frozen=True)
class Letter:
    """Something that cannot be used, and why."""

    place: str
    reason: str
    payload: str = ""  # what was told, as text
    listing_id: str = ""


@dataclass(frozen=True)
class Batch:
    """Changes in the order in which they were told, and the position of each part of the source behind it."""

    changes: list[Change]
    letters: list[Letter] = field(default_factory=list)
    positions: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.changes) + len(self.letters)


class Source(Protocol):
    """Read by one thread; told of what was stored by another."""

    name: str  # stays the same from run to run: positions are stored under it

    def open(self, positions: Mapping[str, str]) -> None:
        """Go on behind these positions, those of the last batch that was stored."""

    def read(self, most: int, wait: float) -> Batch | None:
        """The next changes, at most so many; None where none came for `wait` seconds."""

    def unread(self) -> bool:
        """Whether something is there that `read` holds back still."""

    def stored(self, batch: Batch) -> None:
        """A batch of this source is stored, all before it, too."""

    def close(self) -> None:
        """Nothing more will be read."""


def change_of(row: dict[str, str], deleted: str, place: str, seen: float) -> Change | Letter:
    """A row as a change; `deleted` is the column that says whether it is gone."""
    listing_id = row.get("listing_id", "").strip()
    if row.pop(deleted, "").strip().lower() not in DELETED:
        return Change(listing_id, row, place, seen)
    if not listing_id:
        return Letter(place, "is deleted, but names no listing_id", str(row))
    return Change(listing_id, None, place, seen)


def batch_of(read: list[Change | Letter], positions: Mapping[str, str]) -> Batch:
    """What was read, sorted into what can be used and what cannot."""
    changes = [one for one in read if isinstance(one, Change)]
    return Batch(changes, [one for one in read if isinstance(one, Letter)], positions)
