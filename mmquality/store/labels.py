"""Analysts' verdicts: events that are only ever added, and which of them counts for each listing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, delete, func, insert, select

from mmquality.errors import MMQualityError, UnknownListingError, WorkspaceError
from mmquality.records import Label, Reason, Verdict
from mmquality.store.database import Database, upsert
from mmquality.store.scores import version_in_force
from mmquality.store.tables import current_labels, label_withdrawals, labels, listings, model_versions, scores
from mmquality.store.text import contains_every_word, storable

_STREAMED = 1_000  # rows held at a time by an export

_labels_with_versions = labels.outerjoin(model_versions, model_versions.c.version_id == labels.c.version_id)
label_columns = [
    labels.c.label_id,
    model_versions.c.name.label("label_version"),
    *(
        labels.c[name].label(f"label_{name}")
        for name in ("verdict", "reason", "note", "analyst", "created_at", "score", "rank")
    ),
]


def as_label(row: RowMapping) -> Label | None:
    """The label in a row that holds `label_columns` and listing_id; None where an outer join found none."""
    if row["label_id"] is None:
        return None
    return Label(
        label_id=row["label_id"],
        listing_id=row["listing_id"],
        verdict=Verdict(row["label_verdict"]),
        reason=None if row["label_reason"] is None else Reason(row["label_reason"]),
        note=row["label_note"],
        analyst=row["label_analyst"],
        created_at=row["label_created_at"],
        model_version=row["label_version"],
        score=row["label_score"],
        rank=row["label_rank"],
    )


@dataclass(frozen=True)
class LabelQuery:
    """Which labels, the newest first.

    `text`: every word occurs in the listing's title, in any case. `since` ≤ created_at < `until` (with time
    zones). `newest_only`: the label that counts for each listing; otherwise every label that was not
    withdrawn.
    """

    verdict: Verdict | None = None
    reason: Reason | None = None
    analyst: str | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    newest_only: bool = True
    listing_id: str | None = None


@dataclass(frozen=True)
class LabelledListing:
    """A label with what a person needs to recognise the listing (its title and image as they are now)."""

    label: Label
    title: str
    category: str | None
    image: str


@dataclass(frozen=True)
class LabelsPage:
    """One page of labels; `total` counts the labels on all pages."""

    rows: list[LabelledListing]
    total: int


class LabelStore(Database):
    """The part of the store that holds labels."""

    def add_label(
        self,
        listing_id: str,
        verdict: Verdict,
        reason: Reason | None,
        note: str,
        analyst: str,
        seen_version: str | None = None,
    ) -> Label:
        """Add a verdict; from now on it is the one that counts for the listing.

        It records version, score and rank of the listing in `seen_version`, the model version that the
        analyst looked at (without it: the one in force). Raises `MMQualityError` for a mismatch without a
        reason, a match with one or an empty analyst, `UnknownListingError`, and `WorkspaceError` for an
        unknown version.
        """
        _check_verdict(verdict, reason, analyst)
        with self._write() as connection:
            judged = _judged(connection, listing_id)
            values = {
                **judged,
                "verdict": verdict.value,
                "reason": None if reason is None else reason.value,
                "note": storable(note),
                "analyst": storable(analyst).strip(),
                "created_at": datetime.now(UTC),
                **_seen(connection, judged["listing_no"], seen_version),
            }
            new = insert(labels).values(values).returning(labels.c.label_id)
            return _let_count(connection, judged["listing_no"], connection.execute(new).scalar_one())

    def undo_label(self, label_id: int, analyst: str) -> Label | None:
        """Withdraw a label (an event of its own: the label itself stays) and give the one that now counts, if
        any.

        Raises `MMQualityError` when there is no such label or it was withdrawn before.
        """
        with self._write() as connection:
            listing_no = _judged(connection, _label(connection, label_id).listing_id)["listing_no"]
            done = select(label_withdrawals.c.label_id).where(label_withdrawals.c.label_id == label_id)
            if connection.execute(done).first() is not None:
                raise MMQualityError(f"Label {label_id} was withdrawn before; reload to see what counts now.")
            event = {
                "label_id": label_id,
                "analyst": storable(analyst).strip(),
                "created_at": datetime.now(UTC),
            }
            connection.execute(insert(label_withdrawals).values(event))
            return _count_newest(connection, listing_no)

    def labels_page(self, query: LabelQuery | None = None, page: int = 1, size: int = 50) -> LabelsPage:
        """Page 1, 2, … of the query's labels; a page past the end has no rows."""
        wanted = query or LabelQuery()
        statement = _select(wanted, *_row_columns).order_by(labels.c.label_id.desc())
        with self._read() as connection:
            total = connection.execute(_select(wanted, func.count())).scalar_one()
            rows = connection.execute(statement.offset((max(page, 1) - 1) * size).limit(size)).mappings()
            return LabelsPage([_as_labelled(row) for row in rows], total)

    def iter_labels(self, query: LabelQuery | None = None) -> Iterator[LabelledListing]:
        """The query's labels one after another, as they were at the start; memory does not grow with their
        number."""
        statement = _select(query or LabelQuery(), *_row_columns).order_by(labels.c.label_id.desc())
        with self._read() as connection:
            result = connection.execution_options(yield_per=_STREAMED).execute(statement)
            for row in result.mappings():
                yield _as_labelled(row)

    def label_counts(self) -> dict[Verdict, int]:
        """How many listings have each verdict as the one that counts."""
        query = select(current_labels.c.verdict, func.count()).group_by(current_labels.c.verdict)
        with self._read() as connection:
            found = {verdict: count for verdict, count in connection.execute(query)}
        return {verdict: found.get(verdict.value, 0) for verdict in Verdict}

    def current_labels(self) -> pd.DataFrame:
        """The labels that count, for training; one row per labelled listing, ordered by listing_id.

        Columns: listing_id, verdict, reason, analyst, created_at, and `as_judged`: whether title and photo
        are still those that the analyst saw (a later import may have replaced them).
        """
        still = (labels.c.title_hash == listings.c.title_hash) & (
            labels.c.photo_hash == listings.c.photo_hash
        )
        names = ["verdict", "reason", "analyst", "created_at"]
        columns = [listings.c.listing_id, *(labels.c[name] for name in names), still.label("as_judged")]
        query = _select(LabelQuery(), *columns).order_by(listings.c.listing_id)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame.from_records(rows, columns=["listing_id", *names, "as_judged"])

    def analysts(self) -> list[str]:
        """Everybody who has labelled, by name."""
        query = select(labels.c.analyst).distinct().order_by(labels.c.analyst)
        with self._read() as connection:
            return list(connection.execute(query).scalars())


_row_columns = [
    *label_columns,
    listings.c.listing_id,
    listings.c.title,
    listings.c.category,
    listings.c.image,
]


def _as_labelled(row: RowMapping) -> LabelledListing:
    label = as_label(row)
    assert label is not None  # these rows start from a label
    return LabelledListing(label, row["title"], row["category"], row["image"])


def _check_verdict(verdict: Verdict, reason: Reason | None, analyst: str) -> None:
    if verdict is Verdict.MISMATCH and reason is None:
        raise MMQualityError("A mismatch needs a reason; choose one and save again.")
    if verdict is Verdict.MATCH and reason is not None:
        raise MMQualityError("A match has no reason; leave it out and save again.")
    if not storable(analyst).strip():
        raise MMQualityError("A label needs the name of its analyst; give it and save again.")


def _judged(connection: Connection, listing_id: str) -> dict[str, Any]:
    """The listing's number and the content that a verdict is about; other labels of this listing wait from
    here on until this one is in."""
    columns = [listings.c[name] for name in ("listing_no", "title_hash", "photo_hash")]
    query = select(*columns).where(listings.c.listing_id == listing_id).with_for_update(key_share=True)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownListingError(f"The catalogue has no listing {listing_id!r}; check the id.")
    return dict(row)


def _seen(connection: Connection, listing_no: int, version: str | None) -> dict[str, Any]:
    if version is None:
        found = version_in_force(connection)
        version_id = None if found is None else found[0]
    else:
        query = select(model_versions.c.version_id).where(model_versions.c.name == version)
        version_id = connection.execute(query).scalar_one_or_none()
        if version_id is None:
            raise WorkspaceError(f"There is no model version {version!r}; reload the page and label again.")
    place = select(scores.c.score, scores.c.rank).where(
        scores.c.listing_no == listing_no, scores.c.version_id == version_id
    )
    row = connection.execute(place).mappings().one_or_none()
    return {} if row is None else {"version_id": version_id, **row}


def _let_count(connection: Connection, listing_no: int, label_id: int) -> Label:
    label = _label(connection, label_id)
    pointer = {"listing_no": listing_no, "label_id": label_id, "verdict": label.verdict.value}
    connection.execute(upsert(connection, current_labels, ["label_id", "verdict"]), pointer)
    return label


def _count_newest(connection: Connection, listing_no: int) -> Label | None:
    """Let the listing's newest label that was not withdrawn count."""
    query = (
        select(labels.c.label_id)
        .outerjoin(label_withdrawals)
        .where(labels.c.listing_no == listing_no, label_withdrawals.c.label_id.is_(None))
        .order_by(labels.c.label_id.desc())
    )
    newest = connection.execute(query.limit(1)).scalar_one_or_none()
    if newest is not None:
        return _let_count(connection, listing_no, newest)
    connection.execute(delete(current_labels).where(current_labels.c.listing_no == listing_no))
    return None


def _label(connection: Connection, label_id: int) -> Label:
    source = _labels_with_versions.join(listings, listings.c.listing_no == labels.c.listing_no)
    query = select(*label_columns, listings.c.listing_id).select_from(source)
    row = connection.execute(query.where(labels.c.label_id == label_id)).mappings().one_or_none()
    label = None if row is None else as_label(row)
    if label is None:
        raise MMQualityError(f"There is no label {label_id}; reload to see those there are.")
    return label


def _select(query: LabelQuery, *columns: ColumnElement[Any]) -> Select[Any]:
    source: FromClause = _labels_with_versions.join(listings, listings.c.listing_no == labels.c.listing_no)
    conditions = _conditions(query)
    if query.newest_only:
        source = source.join(current_labels, current_labels.c.label_id == labels.c.label_id)
    else:
        source = source.outerjoin(label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id)
        conditions.append(label_withdrawals.c.label_id.is_(None))
    return select(*columns).select_from(source).where(*conditions)


def _conditions(query: LabelQuery) -> list[ColumnElement[bool]]:
    wanted = [
        (listings.c.listing_id, query.listing_id),
        (labels.c.analyst, query.analyst),
        (labels.c.verdict, query.verdict),
        (labels.c.reason, query.reason),
    ]
    found = [column == str(value) for column, value in wanted if value is not None]
    if query.since is not None:
        found.append(labels.c.created_at >= query.since)
    if query.until is not None:
        found.append(labels.c.created_at < query.until)
    by_title = contains_every_word(listings.c.title_folded, query.text)
    return found if by_title is None else [*found, by_title]
