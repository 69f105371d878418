"""Import report: what the last imports did, and every row that they could not use."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd
import streamlit as st

from mmquality.pages import session
from mmquality.pages.charts import Bar, show_bars
from mmquality.pages.components import caption, facts, header, notice, section
from mmquality.pages.escaping import plain
from mmquality.pages.problems import first_problems, kind
from mmquality.pages.widgets import choice, pages
from mmquality.pages.wording import count, moment
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RowProblem
from mmquality.store import ImportReport

PAGE_SIZE = 50
_SHOWN_IMPORTS = 20
_ALL = "all"


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    reports = catalogue.store.import_reports()[:_SHOWN_IMPORTS]
    if not reports:
        header("Import report")
        notice("Nothing was imported yet", "Every import leaves a report here.", session.first_commands())
        return
    report = _chosen(reports)
    header("Import report", moment(report.created_at), count(report.problems, "unusable row"))
    st.html(facts(report.summary))
    if not report.problems:
        notice("Every row was used", "This import had no problem to report.")
        return
    _problems(catalogue, report)


def _chosen(reports: list[ImportReport]) -> ImportReport:
    names = {f"#{r.report_id}": r for r in reports}
    if len(names) == 1:
        return reports[0]
    words = {
        name: f"{name} · {moment(r.created_at)} · {count(r.problems, 'problem')}" for name, r in names.items()
    }
    name = st.selectbox("Import", list(words.values()), key="import", bind="query-params", width=420)
    return next(names[key] for key, word in words.items() if word == name)


def _problems(catalogue: Catalogue, report: ImportReport) -> None:
    known = first_problems(catalogue, report)
    counts = Counter(kind(problem) for problem in known)
    columns = [column for column, _ in catalogue.store.problem_counts(report.report_id)]
    left, right = st.columns([5, 2], gap="medium")
    with right:
        partly = "" if len(known) == report.problems else f"Counted over the first {len(known):,} problems."
        section("Reasons", partly)
        show_bars(
            [Bar(reason, n) for reason, n in counts.most_common(12)], "reason-chart", "Problems by reason"
        )
    with left:
        with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
            column = choice("Column", [_ALL, *columns], "column", 170)
            reason = choice("Reason", [_ALL, *counts], "reason", 330)
        _table(
            catalogue, report, known, None if column == _ALL else column, None if reason == _ALL else reason
        )


def _table(
    catalogue: Catalogue,
    report: ImportReport,
    known: list[RowProblem],
    column: str | None,
    reason: str | None,
) -> None:
    """The problem rows, paged in SQL; reasons are no column of the database and are looked up in `known`."""
    if reason is None:
        total = catalogue.store.import_problems(report.report_id, 1, 1, column).total
    else:
        known = [p for p in known if kind(p) == reason and column in (None, p.column)]
        total = len(known)
    if not total:
        notice("No problem passes these filters", "Loosen a filter to see more.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        caption(count(total, "row"))
        page = pages(math.ceil(total / PAGE_SIZE), "problems-page")
    if reason is None:
        rows = catalogue.store.import_problems(report.report_id, page, PAGE_SIZE, column).rows
    else:
        rows = known[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    st.dataframe(_frame(rows), hide_index=True, height="content", column_config=_COLUMNS, alt="Unusable rows")


def _frame(rows: list[RowProblem]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file": [plain(p.file) for p in rows],
            "row": [p.row for p in rows],
            "column": [plain(p.column) for p in rows],
            "reason": [plain(p.reason) for p in rows],
            "value": [plain(p.value) for p in rows],
        }
    )


_COLUMNS = {
    "file": st.column_config.TextColumn("File", width=150),
    "row": st.column_config.NumberColumn("Row", width=70),
    "column": st.column_config.TextColumn("Column", width=110),
    "reason": st.column_config.TextColumn("Reason", width=330),
    "value": st.column_config.TextColumn("Value", width=220),
}

show(session.any_catalogue())
