"""Which label counts for a listing, and what becomes of it: a second review, a dispute, nothing more.

All of it follows from the listing's labels that were not withdrawn, and from its title and photo as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, select

from mmquality.records import Drawn, Verdict
from mmquality.store.database import upsert
from mmquality.store.tables import current_labels, label_withdrawals, labels, listings

JUDGED = ("title_hash", "photo_hash")  # of a listing: what a label is about, as it was
_DERIVED = ("label_id", "verdict", "analyst", "disputed", "changed", "second_draw")


_GIVEN = ("listing_no", "label_id", "verdict", "analyst", "drawn", *JUDGED)
_STANDING = (
    select(
        *(labels.c[name] for name in _GIVEN),
        listings.c.listing_id,
        *(listings.c[name].label(f"{name}_now") for name in JUDGED),
    )
    .join(listings, listings.c.listing_no == labels.c.listing_no)
    .outerjoin(label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id)
    .where(
        labels.c.listing_no.in_(bindparam("numbers", expanding=True)), label_withdrawals.c.label_id.is_(None)
    )
    .order_by(labels.c.listing_no, labels.c.label_id)
)


def let_newest_count(connection: Connection, numbers: Sequence[int]) -> None:
    """For each of these listings (listing_nos) let its newest label that was not withdrawn count.

    Nobody else writes labels of these listings meanwhile: the caller has locked their rows.
    """
    rows = connection.execute(_STANDING, {"numbers": list(numbers)}).mappings().all()
    pointers = [_pointer(list(own)) for _, own in groupby(rows, key=lambda row: row["listing_no"])]
    none = set(numbers) - {pointer["listing_no"] for pointer in pointers}
    if none:
        connection.execute(delete(current_labels).where(current_labels.c.listing_no.in_(none)))
    if pointers:
        connection.execute(upsert(connection, current_labels, _DERIVED), pointers)


def disagree(said: Sequence[tuple[str, str]]) -> bool:
    """Whether analysts differ in these (analyst, verdict), the oldest first, and nobody has settled it.

    Of each analyst the last word counts. Somebody who judges while two disagree, and is neither, settles it.
    Who was unsure before somebody else was sure does not disagree.
    """
    last: dict[str, str] = {}
    for analyst, verdict in said:
        if len(set(last.values())) > 1 and analyst not in last:
            last = {}
        if verdict != Verdict.UNSURE:
            last = {who: word for who, word in last.items() if word != Verdict.UNSURE}
        last[analyst] = verdict
    return len(set(last.values())) > 1


def second_draw(listing_id: str) -> float:
    """Where a listing falls in 0…1, evenly and for good: a share of 0.1 is all listings below 0.1."""
    return int.from_bytes(sha256(listing_id.encode("utf-8", "surrogatepass")).digest()[:6]) / 2**48


def _pointer(standing: Sequence[RowMapping]) -> dict[str, Any]:
    """The row of `current_labels` for one listing whose standing labels these are, the oldest first."""
    newest = standing[-1]
    of_the_same = [row for row in standing if all(row[name] == newest[name] for name in JUDGED)]
    return {
        **{name: newest[name] for name in ("listing_no", "label_id", "verdict", "analyst")},
        "disputed": disagree([(row["analyst"], row["verdict"]) for row in of_the_same]),
        "changed": any(newest[name] != newest[f"{name}_now"] for name in JUDGED),
        "second_draw": second_draw(newest["listing_id"]) if _judged_once(of_the_same) else None,
    }


def _judged_once(standing: Sequence[RowMapping]) -> bool:
    """Whether one analyst alone has said yes or no of a case that the queue handed out."""
    newest = standing[-1]
    return (
        newest["drawn"] in (Drawn.QUEUE, Drawn.CONTROL)
        and newest["verdict"] != Verdict.UNSURE
        and len({row["analyst"] for row in standing}) == 1
    )
