"""A workspace in a few numbers, for a monitor that asks again and again: each is quickly counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmquality.records import FLAGGED, Verdict
from mmquality.store import Store


@dataclass(frozen=True)
class Figures:
    """What a monitor asks for; moments are seconds since the epoch."""

    listings: int
    unscored: int  # imported, not ranked by the version in force
    waiting: int  # scored FLAGGED or more, and without a label that counts
    disputed: int
    verdicts: dict[Verdict, int]  # listings by the label that counts
    version: int  # the number of the version in force, 0 before the first one
    published: float  # when it was
    trained: float  # when the last one was, in force or not


def figures(store: Store) -> Figures:
    """The workspace as it stands. Raises `WorkspaceError` where its database cannot be read."""
    versions, current = store.versions(), store.current_version()
    number = re.search(r"\d+$", current.name) if current else None
    return Figures(
        listings=store.listing_count(),
        unscored=store.unscored_count(),
        waiting=store.flagged(FLAGGED).left,
        disputed=len(store.disputed()),
        verdicts=store.label_counts(),
        version=int(number[0]) if number else 0,
        published=current.created_at.timestamp() if current else 0.0,
        trained=versions[0].created_at.timestamp() if versions else 0.0,
    )
