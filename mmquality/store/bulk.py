"""One verdict for many listings: an event for each, written together, and taken back together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, func, insert, select

from mmquality.errors import MMQualityError, UnknownListingError
from mmquality.records import Verdict
from mmquality.store.comings import check_in
from mmquality.store.database import IN_ONE, Database, batches, tell
from mmquality.store.labels import seen_version_id, verdict_event
from mmquality.store.places import rank
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import current_labels, label_withdrawals, labels, leases, listings, scores

MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Batch:
    """Labels that were given together, and how many of them still stand."""

    batch: str
    labels: int
    standing: int


class BulkStore(Database):
    """The part of the store that labels many listings at once."""

    def add_labels(
        self,
        listing_ids: Sequence[str],
        verdict: Verdict,
        reason: str | None,
        note: str,
        analyst: str,
        seen_version: str | None = None,
    ) -> Batch:
        """Give all of these listings one verdict, as `add_label` would give it to each, all or none.

        Raises as `add_label` does, and `MMQualityError` for none or more than `MOST_AT_ONCE` listings.
        """
        event = verdict_event(verdict, reason, note, analyst) | {"batch": uuid4().hex}
        ids = list(dict.fromkeys(listing_ids))
        if not 0 < len(ids) <= MOST_AT_ONCE:
            raise MMQualityError(
                f"{len(ids):,} listings cannot be labelled at once; choose 1 to {MOST_AT_ONCE}."
            )
        with self._write() as connection:
            rows = _judged(connection, ids, seen_version_id(connection, seen_version))
            connection.execute(insert(labels), [{**row, **event} for row in rows])
            numbers = [row["listing_no"] for row in rows]
            connection.execute(delete(leases).where(leases.c.listing_no.in_(numbers)))
            let_newest_count(connection, numbers)
            said = {name: event[name] for name in ("verdict", "reason", "analyst", "batch")}
            tell(connection, "verdict", listings=len(ids), **said)
        return Batch(str(event["batch"]), len(ids), len(ids))

    def undo_batch(self, batch: str, analyst: str) -> int:
        """Withdraw every label of a batch that still stands, and give their number.

        For each listing the label before, if any, counts again; also for those removed since, as with
        `undo_label`. Raises `MMQualityError` where none stands.
        """
        standing = (
            select(labels.c.label_id, labels.c.listing_no)
            .outerjoin(label_withdrawals)
            .where(labels.c.batch == batch, label_withdrawals.c.label_id.is_(None))
            .order_by(labels.c.listing_no)
        )
        with self._write() as connection:
            for some in batches((number for _, number in connection.execute(standing).all()), IN_ONE):
                _locked(connection, some)
            rows = connection.execute(standing).all()  # again: nobody withdraws them now
            if not rows:
                raise MMQualityError("These labels were withdrawn before; reload to see what counts now.")
            event = {"analyst": analyst.strip(), "created_at": datetime.now(UTC)}
            connection.execute(
                insert(label_withdrawals), [{"label_id": row.label_id, **event} for row in rows]
            )
            for some in batches(dict.fromkeys(row.listing_no for row in rows), IN_ONE):
                let_newest_count(connection, some)
            tell(connection, "withdrawal", batch=batch, labels=len(rows), analyst=event["analyst"])
        return len(rows)

    def labelled_among(self, listing_ids: Sequence[str]) -> int:
        """How many of these listings have a label that counts."""
        query = select(func.count()).select_from(current_labels.join(listings))
        with self._read() as connection:
            number: int = connection.execute(query.where(listings.c.listing_id.in_(listing_ids))).scalar_one()
        return number

    def batch(self, batch: str) -> Batch:
        """How many labels were given together, and how many of them still stand."""
        query = (
            select(func.count(), func.count(label_withdrawals.c.label_id))
            .select_from(labels.outerjoin(label_withdrawals))
            .where(labels.c.batch == batch)
        )
        with self._read() as connection:
            given, withdrawn = connection.execute(query).one()
        return Batch(batch, given, given - withdrawn)


def _judged(connection: Connection, ids: Sequence[str], version_id: int | None) -> list[dict[str, Any]]:
    """For each listing its number, the content that is judged, and the score and rank that were seen."""
    place = and_(scores.c.listing_no == listings.c.listing_no, scores.c.version_id == version_id)
    columns = [listings.c[name] for name in ("listing_id", "listing_no", *JUDGED)]
    query = select(*columns, scores.c.version_id, scores.c.score, rank)
    query = query.select_from(listings.outerjoin(scores, place)).where(listings.c.listing_id.in_(ids))
    query = query.order_by(listings.c.listing_no).with_for_update(key_share=True, of=listings)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    if len(rows) < len(ids):
        raise UnknownListingError(
            f"{len(ids) - len(rows)} of these listings are not in the catalogue; reload and choose again."
        )
    check_in(connection, {row["listing_no"]: row.pop("listing_id") for row in rows})
    return rows


def _locked(connection: Connection, numbers: Sequence[int]) -> None:
    """Other labels of these listings now wait for this transaction."""
    query = select(listings.c.listing_no).where(listings.c.listing_no.in_(numbers))
    connection.execute(query.order_by(listings.c.listing_no).with_for_update(key_share=True)).all()
