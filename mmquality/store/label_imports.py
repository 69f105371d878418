"""Labels made elsewhere: added as events like all others, each once, however often its file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from mmquality.records import Drawn, GivenLabel, Verdict
from mmquality.store.comings import removed_among
from mmquality.store.database import Database
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import label_withdrawals, labels, leases, listings
from mmquality.store.text import storable


class Fate(StrEnum):
    """What became of a label that a file holds."""

    ADDED = "added"
    KNOWN = "known"  # the very same label is here, or was taken back here
    AGREES = "agrees"  # with a label that stands, which stays
    DIFFERS = "differs"  # from a label that stands, which stays
    REPLACED = "replaced"  # added, and counts now instead of one that said otherwise
    UNKNOWN = "unknown"  # no such listing
    REMOVED = "removed"  # the listing was, and no import has brought it back


@dataclass(frozen=True)
class Taken:
    """One label's fate, and the verdict that stood before."""

    fate: Fate
    stood: Verdict | None = None


class LabelImportStore(Database):
    """The part of the store that takes in labels from files."""

    def import_labels(
        self, given: Sequence[GivenLabel], batch: str, now: datetime, replace: bool = False
    ) -> list[Taken]:
        """Add labels, the later ones the newer, all or none, and say what became of each.

        A listing with a label that is not of this `batch` keeps it, unless they are to `replace` it: then
        they are its newest, and count. One that is here already (listing, analyst, verdict and time; without
        a time reason and note) is not added again, unless it was imported and withdrawn: then it comes back.
        A listing that was removed takes none that is not here already. `now` is the time of those without
        one. At most 10,000 at once.
        """
        with self._write() as connection:
            found = _listings(connection, sorted({label.listing_id for label in given}))
            here = _Here(connection, [row["listing_no"] for row in found.values()], batch)
            fates, rows = [], []
            for label in given:
                listing = found.get(label.listing_id)
                taken = here.fate(listing["listing_no"], label, replace) if listing else Taken(Fate.UNKNOWN)
                fates.append(taken)
                if listing and taken.fate in (Fate.ADDED, Fate.REPLACED):
                    content = {name: listing[name] for name in ("listing_no", *JUDGED)}
                    rows.append(content | _event(label, batch, now))
            if rows:
                numbers = sorted({row["listing_no"] for row in rows})
                connection.execute(insert(labels), rows)
                connection.execute(delete(leases).where(leases.c.listing_no.in_(numbers)))
                let_newest_count(connection, numbers)
        return fates


class _Here:
    """The labels of some listings, as they are found before the import and grow with it."""

    def __init__(self, connection: Connection, numbers: Sequence[int], batch: str) -> None:
        self._out = removed_among(connection, numbers)
        self._known: set[tuple[Any, ...]] = set()
        self._stands: dict[int, Verdict] = {}
        names = ("listing_no", "verdict", "reason", "note", "analyst", "created_at", "drawn", "batch")
        query = select(*(labels.c[name] for name in names), label_withdrawals.c.label_id.label("withdrawn"))
        query = query.outerjoin(label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id)
        query = query.where(labels.c.listing_no.in_(numbers)).order_by(labels.c.label_id)
        for row in connection.execute(query):
            if row.withdrawn is None and row.batch != batch:
                self._stands[row.listing_no] = Verdict(row.verdict)
            if row.withdrawn is None or row.drawn != Drawn.IMPORTED:
                self._remember(row.listing_no, row)

    def fate(self, number: int, label: GivenLabel, replace: bool) -> Taken:
        """What becomes of a label of the listing."""
        said = number, storable(label.analyst.strip()), label.verdict.value
        if (*said, *_when(label)) in self._known:
            return Taken(Fate.KNOWN)
        if number in self._out:
            return Taken(Fate.REMOVED)
        stood = self._stands.get(number)
        if stood is not None and not replace:
            return Taken(Fate.AGREES if stood is label.verdict else Fate.DIFFERS, stood)
        self._remember(number, label)
        differs = stood is not None and stood is not label.verdict
        return Taken(Fate.REPLACED if differs else Fate.ADDED, stood)

    def _remember(self, number: int, label: Any) -> None:
        said = number, storable(label.analyst.strip()), str(label.verdict)
        self._known |= {(*said, label.created_at), (*said, label.reason, storable(label.note))}


def _when(label: GivenLabel) -> tuple[Any, ...]:
    """What tells a label from others of the same listing, analyst and verdict."""
    return (label.reason, storable(label.note)) if label.created_at is None else (label.created_at,)


def _listings(connection: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """The listings by id; other labels of them now wait for this transaction."""
    columns = [listings.c[name] for name in ("listing_id", "listing_no", *JUDGED)]
    query = select(*columns).where(listings.c.listing_id.in_(ids)).order_by(listings.c.listing_no)
    rows = connection.execute(query.with_for_update(key_share=True)).mappings()
    return {row["listing_id"]: row for row in rows}


def _event(label: GivenLabel, batch: str, now: datetime) -> dict[str, Any]:
    return {
        "verdict": label.verdict.value,
        "reason": label.reason,
        "note": label.note,
        "analyst": label.analyst.strip(),
        "created_at": label.created_at or now,
        "drawn": Drawn.IMPORTED.value,
        "batch": batch,
    }
