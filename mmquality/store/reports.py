"""Import reports: what every import did, and every row that it could not use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from mmquality.records import RowProblem
from mmquality.store.database import Database, batches, tell
from mmquality.store.tables import import_problems, import_reports

PROBLEM_COLUMNS = ("file", "row", "column", "reason", "value")
_BATCH = 10_000
_TOLD = ("added", "updated", "unchanged", "impressions", "co_clicks")  # counts that operators see at once


@dataclass(frozen=True)
class ImportReport:
    """One import: when it was, its counts as given by the importer, and how many rows had a problem."""

    report_id: int
    created_at: datetime  # UTC
    summary: dict[str, object]
    problems: int


@dataclass(frozen=True)
class ProblemsPage:
    """One page of an import's problems; `total` counts those on all pages."""

    rows: list[RowProblem]
    total: int


class ReportStore(Database):
    """The part of the store that holds import reports."""

    def save_import_report(self, summary: dict[str, object], problems: Iterable[RowProblem] = ()) -> int:
        """Keep a report (`summary` fit for JSON) with its problems in their order; gives its report_id."""
        report = {"created_at": datetime.now(UTC), "summary": summary, "problems": 0}
        with self._write() as connection:
            new = insert(import_reports).values(report).returning(import_reports.c.report_id)
            report_id: int = connection.execute(new).scalar_one()
            number = 0
            for batch in batches(problems, _BATCH):
                rows = [_row(report_id, number + i, problem) for i, problem in enumerate(batch, start=1)]
                connection.execute(insert(import_problems), rows)
                number += len(batch)
            here = import_reports.c.report_id == report_id
            connection.execute(update(import_reports).where(here).values(problems=number))
            counts = {name: summary.get(name) for name in _TOLD}
            tell(connection, "import", report=report_id, problems=number, **counts)
        return report_id

    def import_reports(self) -> list[ImportReport]:
        """All reports, the newest first."""
        query = select(import_reports).order_by(import_reports.c.report_id.desc())
        with self._read() as connection:
            return [ImportReport(**row) for row in connection.execute(query).mappings()]

    def import_problems(
        self, report_id: int, page: int = 1, size: int = 50, column: str | None = None
    ) -> ProblemsPage:
        """Page 1, 2, … of a report's problems as they were met, or of those of one column of the file."""
        conditions: list[ColumnElement[bool]] = [import_problems.c.report_id == report_id]
        if column is not None:
            conditions.append(import_problems.c.column == column)
        fields = [import_problems.c[name] for name in PROBLEM_COLUMNS]
        query = select(*fields).where(*conditions).order_by(import_problems.c.number)
        count = select(func.count()).select_from(import_problems).where(*conditions)
        skipped = (max(page, 1) - 1) * size
        with self._read() as connection:
            total = connection.execute(count).scalar_one()
            if skipped >= total:
                return ProblemsPage([], total)
            rows = connection.execute(query.offset(skipped).limit(size)).mappings()
            return ProblemsPage([RowProblem(**row) for row in rows], total)

    def problem_counts(self, report_id: int) -> list[tuple[str, int]]:
        """(column, problems) of a report, the most frequent first."""
        query = (
            select(import_problems.c.column, func.count())
            .where(import_problems.c.report_id == report_id)
            .group_by(import_problems.c.column)
        )
        with self._read() as connection:
            counts = [(column, count) for column, count in connection.execute(query)]
        return sorted(counts, key=lambda pair: (-pair[1], pair[0]))


def _row(report_id: int, number: int, problem: RowProblem) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "number": number,
        "file": problem.file,
        "row": problem.row,
        "column": problem.column,
        "reason": problem.reason,
        "value": problem.value,
    }
