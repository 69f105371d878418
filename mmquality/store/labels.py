"""Analysts' verdicts: events that are only ever added, and which of them counts for each listing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, bindparam, delete, insert, select

from mmquality.errors import MMQualityError, UnknownListingError, WorkspaceError
from mmquality.records import Drawn, Label, Verdict
from mmquality.store.comings import check_in
from mmquality.store.database import tell
from mmquality.store.explanations import taken_up
from mmquality.store.label_pages import (
    LabelReader,
    as_label,
    given_columns,
    given_label,
    label_columns,
    labels_with_versions,
)
from mmquality.store.places import rank
from mmquality.store.scores import version_in_force
from mmquality.store.standing import JUDGED, let_newest_count
from mmquality.store.tables import (
    current_labels,
    current_model,
    label_withdrawals,
    labels,
    leases,
    listings,
    model_versions,
    scores,
)

_place = scores.c.version_id, scores.c.score, rank
_RECORDED = ("listing_no", *JUDGED, *(column.name for column in _place))
_seen = model_versions.alias("seen")


def _judged_in(version: ColumnElement[bool]) -> Select[Any]:
    """The listing, locked, and its place in the version that was seen."""
    place = and_(scores.c.listing_no == listings.c.listing_no, scores.c.version_id == _seen.c.version_id)
    return (
        select(
            *(listings.c[name] for name in ("listing_id", "listing_no", *JUDGED)),
            *_place,
            _seen.c.name.label("version"),
        )
        .select_from(listings.outerjoin(_seen, version).outerjoin(scores, place))
        .where(listings.c.listing_id == bindparam("listing_id"))
        .with_for_update(key_share=True, of=listings)
    )


# Put together once: that takes longer than to execute them, and whoever writes holds up the others meanwhile.
_JUDGED_IN_FORCE = _judged_in(_seen.c.version_id == select(current_model.c.version_id).scalar_subquery())
_JUDGED_IN = _judged_in(_seen.c.name == bindparam("version"))
_DONE = delete(leases).where(leases.c.listing_no == bindparam("number"))
_ADDED = insert(labels).returning(*given_columns)
_LABEL = (
    select(*label_columns, listings.c.listing_id)
    .select_from(labels_with_versions.join(listings, listings.c.listing_no == labels.c.listing_no))
    .where(labels.c.label_id == bindparam("number"))
)


class LabelStore(LabelReader):
    """The part of the store that holds labels."""

    def add_label(
        self,
        listing_id: str,
        verdict: Verdict,
        reason: str | None,
        note: str,
        analyst: str,
        seen_version: str | None = None,
        drawn: Drawn = Drawn.BROWSED,
        score_hidden: bool = False,
        threshold: float | None = None,
        neighbours: Sequence[str] = (),
        explanation_id: int | None = None,
    ) -> Label:
        """Add a verdict; from now on it is the one that counts for the listing.

        It records version, score and rank of the listing in `seen_version`, the model version that the
        analyst looked at (without it: the one in force), how the case came before the analyst, whether the
        score was hidden until now, the `threshold` from which on the analyst reviewed, and the ids of the
        `neighbours` that were shown; `explanation_id`: the language model's suggestion that the analyst took
        up, with whether the label is as it was suggested. Whoever holds the case in the queue has done with
        it. Raises `MMQualityError` for a mismatch without a reason, a match with one, an empty analyst or a
        suggestion that is none, `UnknownListingError`, its kind `RemovedListingError` for a listing that is
        not there any more to be judged, and `WorkspaceError` for an unknown version.
        """
        event = verdict_event(verdict, reason, note, analyst)
        with self._write() as connection:
            judged = _judged(connection, listing_id, seen_version)
            check_in(connection, {judged["listing_no"]: listing_id})
            drawn_as: dict[str, Any] = {
                "drawn": drawn.value,
                "score_hidden": score_hidden,
                "threshold": threshold,
            }
            if neighbours:
                drawn_as["neighbours"] = json.dumps(list(neighbours), ensure_ascii=False)
            if explanation_id is not None:
                drawn_as |= taken_up(connection, explanation_id, judged["listing_no"], event)
            values = {**{name: judged[name] for name in _RECORDED}, **event, **drawn_as}
            connection.execute(_DONE, {"number": judged["listing_no"]})
            added = connection.execute(_ADDED, values).mappings().one()
            let_newest_count(connection, [judged["listing_no"]])
            version = None if judged["version_id"] is None else judged["version"]
            said = {"verdict": verdict.value, "reason": reason, "analyst": event["analyst"]}
            tell(connection, "verdict", listing=listing_id, **said, drawn=drawn.value)
            return given_label({**added, "listing_id": judged["listing_id"], "label_version": version})

    def undo_label(self, label_id: int, analyst: str) -> Label | None:
        """Withdraw a label and give the one that now counts for its listing, if any.

        The withdrawal is an event of its own; the label itself stays. Whoever was wrong can take it back
        after the listing was removed, too: its labels are still exported and counted, and count again once an
        import brings it back. A new verdict instead has to wait for that. Raises `MMQualityError` when there
        is no such label or it was withdrawn before.
        """
        with self._write() as connection:
            listing_no = _judged(connection, _label(connection, label_id).listing_id, None)["listing_no"]
            done = select(label_withdrawals.c.label_id).where(label_withdrawals.c.label_id == label_id)
            if connection.execute(done).first() is not None:
                raise MMQualityError(f"Label {label_id} was withdrawn before; reload to see what counts now.")
            event = {
                "label_id": label_id,
                "analyst": analyst.strip(),
                "created_at": datetime.now(UTC),
            }
            connection.execute(insert(label_withdrawals).values(event))
            tell(connection, "withdrawal", label=label_id, analyst=event["analyst"])
            let_newest_count(connection, [listing_no])
            counts = select(current_labels.c.label_id).where(current_labels.c.listing_no == listing_no)
            now = connection.execute(counts).scalar_one_or_none()
            return None if now is None else _label(connection, now)


def verdict_event(verdict: Verdict, reason: str | None, note: str, analyst: str) -> dict[str, Any]:
    """What an analyst says, as columns of a label.

    Raises `MMQualityError` for a mismatch without a reason, a match with one, or an empty analyst.
    """
    if verdict is Verdict.MISMATCH and reason is None:
        raise MMQualityError("A mismatch needs a reason; choose one and save again.")
    if verdict is Verdict.MATCH and reason is not None:
        raise MMQualityError("A match has no reason; leave it out and save again.")
    if not analyst.strip():
        raise MMQualityError("A label needs the name of its analyst; give it and save again.")
    return {
        "verdict": verdict.value,
        "reason": reason,
        "note": note,
        "analyst": analyst.strip(),
        "created_at": datetime.now(UTC),
    }


def _judged(connection: Connection, listing_id: str, version: str | None) -> RowMapping:
    """The content that is judged and its place in `version`; other labels of it now wait for this one."""
    query, given = _JUDGED_IN_FORCE, {"listing_id": listing_id}
    if version is not None:
        query, given["version"] = _JUDGED_IN, version
    row = connection.execute(query, given).mappings().one_or_none()
    if row is None:
        raise UnknownListingError(f"The catalogue has no listing {listing_id!r}; check the id.")
    if version is not None and row["version"] is None:
        raise _unknown_version(version)
    return row


def seen_version_id(connection: Connection, version: str | None) -> int | None:
    """The number of the version that the analyst looked at, by default of the one in force."""
    if version is None:
        found = version_in_force(connection)
        return None if found is None else found[0]
    query = select(model_versions.c.version_id).where(model_versions.c.name == version)
    version_id: int | None = connection.execute(query).scalar_one_or_none()
    if version_id is None:
        raise _unknown_version(version)
    return version_id


def _unknown_version(version: str) -> WorkspaceError:
    return WorkspaceError(f"There is no model version {version!r}; reload the page and label again.")


def _label(connection: Connection, label_id: int) -> Label:
    row = connection.execute(_LABEL, {"number": label_id}).mappings().one_or_none()
    label = None if row is None else as_label(row)
    if label is None:
        raise MMQualityError(f"There is no label {label_id}; reload to see those there are.")
    return label
