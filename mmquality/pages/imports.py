"""Import report: what the last imports did, and every row that they could not use."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from mmquality.pages import session
from mmquality.pages.charts import Bar, show_bars
from mmquality.pages.components import caption, facts, header, notice, section
from mmquality.pages.escaping import plain
from mmquality.pages.letters import dead_letters
from mmquality.pages.problems import MOST_READ, first_problems, is_of, kinds
from mmquality.pages.widgets import choice, pages
from mmquality.pages.wording import count, moment
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RowProblem
from mmquality.store import ImportReport

PAGE_SIZE = 50
_SHOWN_IMPORTS = 20
_ALL = "all"
_BARS = 12


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    letters = catalogue.store.dead_letters(size=1).total
    reports = catalogue.store.import_reports()[:_SHOWN_IMPORTS]
    if not reports:
        header("Import report")
        notice("Nothing was imported yet", "Every import leaves a report here.", session.first_commands())
        return
    top = st.container()
    report = _chosen(reports)
    with top:
        unused = count(report.problems, "unusable row") if report.problems else ""
        header("Import report", moment(report.created_at), unused)
    st.html(facts(_numbers(report.summary)))
    if report.summary.get("co_clicks"):
        caption(
            "Co-clicks are the file's rows. The Models page counts pairs of listings: each once, however "
            "often and whichever way round it was imported, and those that the click log adds."
        )
    caption(_sources(report.summary))
    if report.problems:
        _problems(catalogue, report)
    else:
        watched = " What a watcher could not use stands below." if letters else ""
        notice("Every row was used", f"This import had no problem to report.{watched}")
    if letters:
        dead_letters(catalogue)


def _numbers(summary: dict[str, object]) -> dict[str, object]:
    """What was used; the heading has the number of rows that were not."""
    return {name: n for name, n in summary.items() if isinstance(n, int) and name != "problems"}


def _sources(summary: dict[str, object]) -> str:
    """Which files were read."""
    files = summary.get("files")
    named = {**files, "photos": summary.get("images")} if isinstance(files, dict) else {}
    return " · ".join(f"{name}: {path}" for name, path in named.items() if path)


def _chosen(reports: list[ImportReport]) -> ImportReport:
    names = {f"#{r.report_id}": r for r in reports}
    if len(names) == 1:
        return reports[0]
    words = {
        name: f"{name} · {moment(r.created_at)} · {count(r.problems, 'unusable row')}"
        for name, r in names.items()
    }
    name = st.selectbox("Import", list(words.values()), key="import", bind="query-params", width=420)
    return next(names[key] for key, word in words.items() if word == name)


def _problems(catalogue: Catalogue, report: ImportReport) -> None:
    counts = kinds(catalogue, report)
    columns = [column for column, _ in catalogue.store.problem_counts(report.report_id)]
    left, right = st.columns([5, 2], gap="medium")
    with right:
        section("Reasons")
        bars = [Bar(reason, number) for reason, number in counts.most_common(_BARS)]
        show_bars(bars, "reason-chart", "Problems by reason")
    with left:
        with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
            column = choice("Column", [_ALL, *columns], "column", 170)
            reason = choice("Reason", [_ALL, *counts], "kind", 330)
        rows, total = _rows(
            catalogue, report, "" if column == _ALL else column, "" if reason == _ALL else reason
        )
        if not total:
            notice("No problem passes these filters", "Loosen a filter to see more.")
            return
        st.dataframe(rows, hide_index=True, height="content", column_config=_COLUMNS, alt="Unusable rows")


def _rows(catalogue: Catalogue, report: ImportReport, column: str, reason: str) -> tuple[pd.DataFrame, int]:
    """One page of problem rows, paged in SQL; a reason is looked for among the first problems.

    Their number is told where a filter makes it another one than the heading's.
    """
    if reason:
        known = [
            p for p in first_problems(catalogue, report) if is_of(p, reason) and column in ("", p.column)
        ]
        among = f" among the first {MOST_READ:,} problems" if report.problems > MOST_READ else ""
        page = _page(len(known), f"{count(len(known), 'row')}{among}")
        return _frame(known[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]), len(known)
    total = catalogue.store.import_problems(report.report_id, 1, 1, column or None).total
    page = _page(total, count(total, "row") if column else "")
    rows = catalogue.store.import_problems(report.report_id, page, PAGE_SIZE, column or None).rows
    return _frame(rows), total


def _page(total: int, told: str) -> int:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        caption(told)
        return pages(math.ceil(total / PAGE_SIZE), "problems-page")


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
    "file": st.column_config.TextColumn("File", width=120),
    "row": st.column_config.NumberColumn("Row", width=60),
    "column": st.column_config.TextColumn("Column", width=90),
    "reason": st.column_config.TextColumn("Reason", width=275),
    "value": st.column_config.TextColumn("Value", width=145),
}

show(session.any_catalogue())
