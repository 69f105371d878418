"""Who did what, and when: labels, withdrawals and removals as they lie there, and what else people did."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from mmquality.store.comings import removals
from mmquality.store.database import Database
from mmquality.store.events import Deed, events, record
from mmquality.store.explanations import explanations
from mmquality.store.tables import label_withdrawals, labels, listings

MOST_DEEDS = 10_000  # nobody pages further
_STREAMED = 1_000  # rows held at a time by an export
# The moment of a return stands beside the removal that it ends.
_returns = (
    select(
        removals.c.removal_id, removals.c.listing_no, removals.c.returned_at.label("created_at"),
        cast(literal(""), Text).label("analyst"),
    )
    .where(removals.c.returned_at.is_not(None))
    .subquery("returns")
)  # fmt: skip
_TABLES = labels, label_withdrawals, removals, explanations, events


@dataclass(frozen=True)
class AuditQuery:
    """Which deeds, the newest first; `since` ≤ when < `until` (with time zones)."""

    kind: Deed | None = None
    analyst: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    listing_id: str | None = None


@dataclass(frozen=True)
class AuditPage:
    """One page of deeds (rows of AUDIT_COLUMNS); `total` counts those on all pages, up to MOST_DEEDS."""

    rows: list[Any]
    total: int


AUDIT_COLUMNS = (
    "at", "analyst", "kind", "number", "subject", "listing_id", "title", "verdict", "reason", "what",
    "drawn", "batch", "suggestion",
)  # fmt: skip


class AuditStore(Database):
    """The part of the store that says who did what."""

    def note(self, kind: Deed, analyst: str, subject: str, what: str) -> None:
        """Note what somebody did that changed no other table."""
        with self._write() as connection:
            record(connection, kind, analyst, subject, what)

    def audit_page(self, query: AuditQuery | None = None, page: int = 1, size: int = 50) -> AuditPage:
        """Page 1, 2, … of the deeds, the newest first; they end after MOST_DEEDS: filter for others."""
        parts, skipped = _parts(query or AuditQuery()), (max(page, 1) - 1) * size
        with self._read() as connection:
            total = sum(connection.execute(_counted(part)).scalar_one() for part in parts)
            total = min(total, MOST_DEEDS)
            if skipped >= total:
                return AuditPage([], total)
            rows = connection.execute(_newest(parts, skipped, min(size, total - skipped))).all()
        return AuditPage(list(rows), total)

    def iter_audit(self, query: AuditQuery | None = None) -> Generator[Any, None, None]:
        """All of the query's deeds, the newest first; whoever stops before the end closes it."""
        parts = _parts(query or AuditQuery())
        if not parts:
            return
        with self._read() as connection:
            statement = _newest(parts)
            with connection.execution_options(yield_per=_STREAMED).execute(statement) as result:
                yield from result

    def actors(self) -> list[str]:
        """Everybody who ever did something, by name."""
        named = [select(table.c.analyst).distinct() for table in _TABLES]
        with self._read() as connection:
            return sorted({name for one in named for name in connection.execute(one).scalars() if name})


def _parts(query: AuditQuery) -> list[Select[Any]]:
    """The deeds of each table that the query asks for; in some it asks for none."""
    said = (labels.c.listing_no, labels.c.verdict, labels.c.reason)
    how = (labels.c.drawn, labels.c.batch, labels.c.suggestion)
    given = _part(query, Deed.LABEL, labels, labels.c.label_id, *said, labels.c.note, *how)
    number = label_withdrawals.c.label_id
    back = _part(query, Deed.WITHDRAWAL, label_withdrawals, number, *said, labels.c.analyst, *how)
    back = back.join(labels, labels.c.label_id == number)
    none = (cast(null(), Text),) * 2
    unsaid = (cast(null(), Text),) * len(how)
    nothing, by_import = cast(literal(""), Text), cast(literal("by an import"), Text)
    of_removal = removals.c.removal_id, removals.c.listing_no
    out = _part(query, Deed.REMOVAL, removals, *of_removal, *none, nothing, *unsaid)
    of_return = _returns.c.removal_id, _returns.c.listing_no
    again = _part(query, Deed.RETURN, _returns, *of_return, *none, by_import, *unsaid)
    answered = (explanations.c.listing_no, explanations.c.verdict, explanations.c.reason)
    told = explanations.c.sentence + explanations.c.failure  # one of them is empty
    asked = _part(query, Deed.QUESTION, explanations, explanations.c.explanation_id, *answered, told, *unsaid)
    if query.listing_id is not None:
        here = select(listings.c.listing_no).where(listings.c.listing_id == query.listing_id)
        mine = labels.c.listing_no == here.scalar_subquery()
        given, back = given.where(mine), back.where(mine)
        out = out.where(removals.c.listing_no == here.scalar_subquery())
        again = again.where(_returns.c.listing_no == here.scalar_subquery())
        asked = asked.where(explanations.c.listing_no == here.scalar_subquery())
    parts = {
        Deed.LABEL: given, Deed.WITHDRAWAL: back, Deed.REMOVAL: out, Deed.RETURN: again, Deed.QUESTION: asked,
    }  # fmt: skip
    if query.kind in parts:
        return [parts[query.kind]]
    no_listing = cast(null(), BigInteger)
    other = _part(query, None, events, events.c.event_id, no_listing, *none, events.c.what, *unsaid)
    others = [] if query.listing_id else [other]
    return others if query.kind else [*parts.values(), *others]


def _part(query: AuditQuery, kind: Deed | None, table: FromClause, number: Any, *columns: Any) -> Select[Any]:
    names = ("listing_no", "verdict", "reason", "what", "drawn", "batch", "suggestion")
    told = cast(literal(kind.value), Text) if kind else table.c.kind
    subject = cast(literal(""), Text) if kind else table.c.subject
    made = select(
        table.c.created_at.label("at"), table.c.analyst, told.label("kind"), number.label("number"),
        subject.label("subject"), *(c.label(name) for name, c in zip(names, columns, strict=True)),
    )  # fmt: skip
    wanted: list[ColumnElement[bool]] = []
    if query.analyst is not None:
        wanted.append(table.c.analyst == query.analyst)
    if query.since is not None:
        wanted.append(table.c.created_at >= query.since)
    if query.until is not None:
        wanted.append(table.c.created_at < query.until)
    if kind is None and query.kind is not None:
        wanted.append(table.c.kind == query.kind.value)
    return made.where(*wanted)


def _counted(part: Select[Any]) -> Select[Any]:
    """How many there are, counted no further than people page."""
    return select(func.count()).select_from(part.limit(MOST_DEEDS).subquery())


def _newest(parts: list[Select[Any]], skipped: int = 0, size: int | None = None) -> Select[Any]:
    """The deeds in their order; of each table only as many are looked at as may be on the page."""
    if size is not None:
        parts = [_in_order(part).limit(skipped + size) for part in parts]
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    some = _in_order(select(found)).offset(skipped or None).limit(size).subquery()
    named = some.outerjoin(listings, listings.c.listing_no == some.c.listing_no)
    columns = {c.name: c for c in (*some.c, listings.c.listing_id, listings.c.title)}
    made = select(*(columns[name] for name in AUDIT_COLUMNS)).select_from(named)
    return made.order_by(some.c.at.desc(), some.c.kind, some.c.number.desc())


def _in_order(query: Select[Any]) -> Select[Any]:
    columns = query.selected_columns
    return query.order_by(columns["at"].desc(), columns["kind"], columns["number"].desc())
