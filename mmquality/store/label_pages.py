"""Labels as they are read: filtered and paged for people, streamed for exports, as a frame for training."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, FromClause, Row, RowMapping, Select, func, select

from mmquality.records import Drawn, Label, Suggestion, Verdict
from mmquality.store.database import Database, frame_of
from mmquality.store.left_first import LeftFirst
from mmquality.store.tables import current_labels, label_withdrawals, labels, listings, model_versions
from mmquality.store.text import contains_every_word

_disputed = select(current_labels.c.listing_no).where(current_labels.c.disputed)
_STREAMED = 1_000  # rows held at a time by an export

labels_with_versions = labels.outerjoin(model_versions, model_versions.c.version_id == labels.c.version_id)
_SAID = ("verdict", "reason", "note", "analyst", "created_at")
_SEEN = (  # when it was said, and how it came to be
    "score", "rank", "drawn", "score_hidden", "batch", "threshold", "neighbours", "explanation_id",
    "suggestion",
)  # fmt: skip
given_columns = [
    labels.c.label_id,
    *(labels.c[name].label(f"label_{name}") for name in (*_SAID, *_SEEN)),
]
label_columns = [*given_columns, model_versions.c.name.label("label_version")]


def as_label(row: RowMapping) -> Label | None:
    """The label in a row that holds `label_columns` and listing_id; None where an outer join found none."""
    return None if row["label_id"] is None else given_label(row)


def given_label(row: Mapping[Any, Any]) -> Label:
    """The label in a row that holds `given_columns`, label_version and listing_id."""
    return Label(
        label_id=row["label_id"],
        listing_id=row["listing_id"],
        verdict=Verdict(row["label_verdict"]),
        reason=row["label_reason"],
        note=row["label_note"],
        analyst=row["label_analyst"],
        created_at=row["label_created_at"],
        model_version=row["label_version"],
        score=row["label_score"],
        rank=row["label_rank"],
        drawn=Drawn(row["label_drawn"]),
        score_hidden=row["label_score_hidden"],
        batch=row["label_batch"],
        threshold=row["label_threshold"],
        neighbours=tuple(json.loads(row["label_neighbours"] or "[]")),
        explanation_id=row["label_explanation_id"],
        suggestion=Suggestion(row["label_suggestion"]) if row["label_suggestion"] else None,
    )


@dataclass(frozen=True)
class LabelQuery:
    """Which labels, the newest first.

    `text`: every word occurs in the listing's title, in any case. `since` ≤ created_at < `until` (with time
    zones). `newest_only`: the label that counts for each listing; otherwise every label that was not
    withdrawn. `disputed`: those of listings on which analysts disagree and that nobody settled.
    """

    verdict: Verdict | None = None
    reason: str | None = None
    analyst: str | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    newest_only: bool = True
    listing_id: str | None = None
    disputed: bool = False


@dataclass(frozen=True)
class LabelledListing:
    """A label with what a person needs to recognise the listing (its title and image as they are now)."""

    label: Label
    title: str
    category: str | None
    image: str


@dataclass(frozen=True)
class PastLabel:
    """A label as it was given and, where it was taken back, by whom and when (UTC)."""

    label: Label
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class LabelsPage:
    """One page of labels; `total` counts the labels on all pages."""

    rows: list[LabelledListing]
    total: int


class LabelReader(Database):
    """The part of the store that reads labels."""

    def labels_page(self, query: LabelQuery | None = None, page: int = 1, size: int = 50) -> LabelsPage:
        """Page 1, 2, … of the query's labels; a page past the end has no rows."""
        wanted, skipped = query or LabelQuery(), (max(page, 1) - 1) * size
        with self._read() as connection:
            total = connection.execute(_select(wanted, func.count())).scalar_one()
            if skipped >= total:
                return LabelsPage([], total)
            statement = _select(wanted, *_row_columns).order_by(labels.c.label_id.desc())
            rows = connection.execute(statement.offset(skipped).limit(size)).mappings()
            return LabelsPage([_as_labelled(row) for row in rows], total)

    def iter_labels(self, query: LabelQuery | None = None) -> Generator[Row[Any], None, None]:
        """The query's labels, the newest first, as they were at the start; memory stays small.

        Each is a row of `EXPORTED`: a million labels are written from them. Whoever stops before the end
        closes it (`contextlib.closing`): until then it holds a connection.
        """
        statement = _select(query or LabelQuery(), *EXPORTED).order_by(labels.c.label_id.desc())
        with self._read() as connection:
            with connection.execution_options(yield_per=_STREAMED).execute(statement) as result:
                yield from result

    def label_history(self, listing_id: str, limit: int = 50) -> list[PastLabel]:
        """Every label that a listing was ever given, the newest first, at most `limit`."""
        source = labels_with_versions.join(listings, listings.c.listing_no == labels.c.listing_no).outerjoin(
            label_withdrawals, label_withdrawals.c.label_id == labels.c.label_id
        )
        taken_back = label_withdrawals.c.analyst.label("by"), label_withdrawals.c.created_at.label("at")
        query = select(*label_columns, listings.c.listing_id, *taken_back).select_from(source)
        query = query.where(listings.c.listing_id == listing_id).order_by(labels.c.label_id.desc())
        with self._read() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        given = ((as_label(row), row) for row in rows)
        return [PastLabel(label, row["by"], row["at"]) for label, row in given if label is not None]

    def label_counts(self) -> dict[Verdict, int]:
        """How many listings have each verdict as the one that counts."""
        query = select(current_labels.c.verdict, func.count()).group_by(current_labels.c.verdict)
        with self._read() as connection:
            found = {verdict: count for verdict, count in connection.execute(query)}
        return {verdict: found.get(verdict.value, 0) for verdict in Verdict}

    def reason_counts(self) -> dict[str, int]:
        """How many listings are mismatches for each reason that there is, by the labels that count."""
        query = (
            select(labels.c.reason, func.count())
            .join(current_labels, current_labels.c.label_id == labels.c.label_id)
            .where(current_labels.c.verdict == Verdict.MISMATCH.value)
            .group_by(labels.c.reason)
        )
        with self._read() as connection:
            return {reason: count for reason, count in connection.execute(query)}

    def current_labels(self) -> pd.DataFrame:
        """The labels that count, for training; one row per labelled listing, ordered by listing_id.

        Columns: listing_id, category ("" = none), label_id, verdict, reason, analyst, created_at, score (that
        the analyst saw), `as_judged`: whether title and photo are still those that the analyst saw (a later
        import may have replaced them), and `disputed`: whether analysts disagree and nobody settled it.
        """
        still = (labels.c.title_hash == listings.c.title_hash) & (
            labels.c.photo_hash == listings.c.photo_hash
        )
        names = ["label_id", "verdict", "reason", "analyst", "created_at", "score"]
        category = func.coalesce(listings.c.category, "")
        own = (labels.c[name] for name in names)
        columns = [listings.c.listing_id, category, *own, still, current_labels.c.disputed]
        query = _select(LabelQuery(), *columns).order_by(listings.c.listing_id)
        with self._read() as connection:
            rows = connection.execute(query).all()
        names = ["listing_id", "category", *names, "as_judged", "disputed"]
        return frame_of(rows, names)

    def verdicts(self) -> dict[str, str]:
        """The verdict that counts, by listing_id."""
        judged = LeftFirst(current_labels, listings)
        query = select(listings.c.listing_id, current_labels.c.verdict).select_from(judged)
        with self._read() as connection:
            return dict(connection.execute(query).cursor.fetchall())  # the driver's own rows

    def disputed(self, listing_ids: Collection[str] | None = None) -> set[str]:
        """Ids of the listings, of all or of these, on which analysts disagree and that nobody settled."""
        judged = LeftFirst(current_labels, listings)  # disputes are few, and have an index
        query = select(listings.c.listing_id).select_from(judged).where(current_labels.c.disputed)
        if listing_ids is not None:
            query = query.where(listings.c.listing_id.in_(listing_ids))
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def analysts(self) -> list[str]:
        """Everybody who has labelled, by name."""
        with self._read() as connection:
            return list(connection.execute(ANALYSTS).scalars())


def _each_analyst() -> Select[Any]:
    """Everybody who has labelled, in order: one look at the index for each, however many labels there are."""
    first = select(func.min(labels.c.analyst).label("name")).cte("analysts", recursive=True)
    after = select(func.min(labels.c.analyst)).where(labels.c.analyst > first.c.name).scalar_subquery()
    every = first.union_all(select(after).where(first.c.name.is_not(None)))
    return select(every.c.name).where(every.c.name.is_not(None)).order_by(every.c.name)


ANALYSTS = _each_analyst()

EXPORTED = [  # what an export says of a label, in its order
    labels.c.label_id,
    *(listings.c[name] for name in ("listing_id", "title", "category", "image")),
    *(labels.c[name] for name in _SAID),
    model_versions.c.name.label("model_version"),
    *(labels.c[name] for name in _SEEN),
]

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


def _select(query: LabelQuery, *columns: ColumnElement[Any]) -> Select[Any]:
    # Every label has its listing, so that an outer join finds the same; it always begins at the labels.
    here = listings.c.listing_no == labels.c.listing_no
    source: FromClause = labels_with_versions.outerjoin(listings, here)
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
    if query.disputed:
        found.append(labels.c.listing_no.in_(_disputed))
    if query.since is not None:
        found.append(labels.c.created_at >= query.since)
    if query.until is not None:
        found.append(labels.c.created_at < query.until)
    by_title = contains_every_word(listings.c.title_folded, query.text)
    return found if by_title is None else [*found, by_title]
