"""Who did what, and when: a view of the Labels page; filtered, paged, to be taken away."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from mmquality.pages import links, place, session
from mmquality.pages.components import caption, notice
from mmquality.pages.escaping import plain
from mmquality.pages.guard import for_this_visit
from mmquality.pages.widgets import choice, pages, text_filter
from mmquality.pages.wording import TAKEN_UP, VERDICTS, count
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Drawn, Role, Suggestion, Verdict
from mmquality.store import MOST_DEEDS, AuditQuery, Deed, export_audit

PAGE_SIZE = 50
_ANY = "any"
_AT_ONCE = 5_000  # deeds: written within a second
_KINDS = {
    Deed.LABEL: "Label", Deed.WITHDRAWAL: "Label taken back",
    Deed.REMOVAL: "Listing removed", Deed.RETURN: "Listing back",
    Deed.IMPORT: "Labels imported", Deed.EXPORT: "Export", Deed.MODEL: "Model", Deed.REASONS: "Reasons",
    Deed.ROLES: "Roles", Deed.QUESTION: "Language model asked",
}  # fmt: skip


def show(catalogue: Catalogue) -> None:
    """The whole view."""
    query = _filter_bar(catalogue)
    total = catalogue.store.audit_page(query, size=1).total
    if not total:
        notice("Nobody did anything that passes these filters", "Loosen a filter to see more.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        more = " or more; filter for those before" if total == MOST_DEEDS else ""
        caption(f"{count(total, 'entry', 'entries')}{more}; select one to open its listing")
        page = pages(math.ceil(total / PAGE_SIZE), "audit-page")
    rows = catalogue.store.audit_page(query, page, PAGE_SIZE).rows
    chosen = st.dataframe(
        _frame(rows), hide_index=True, height="content", column_config=_COLUMNS, on_select="rerun",
        selection_mode="single-row", alt="Who did what, the newest first",
        key="audit-" + "-".join(f"{row.kind[0]}{row.number}" for row in rows),
    )  # fmt: skip
    for position in chosen["selection"]["rows"]:
        if rows[position].listing_id is not None:
            links.open_listing(rows[position].listing_id)
    _downloads(catalogue, query, total)


def _filter_bar(catalogue: Catalogue) -> AuditQuery:
    """The filters' widgets; their keys are the names of the query parameters that hold them."""
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        listing = text_filter("Listing", "of", "id of a listing", _first_page).strip()
        who = choice("By", [_ANY, *catalogue.store.actors()], "who", 150, _first_page)
        kind = choice("What", [_ANY, *_KINDS.values()], "deed", 170, _first_page)
        day = st.date_input(
            "Day (UTC)", value=None, key="day", bind="query-params", width=150, format="YYYY-MM-DD",
            on_change=_first_page,
        )  # fmt: skip
    since = datetime.combine(day, time(), UTC) if isinstance(day, date) else None
    return AuditQuery(
        kind=next((deed for deed, words in _KINDS.items() if words == kind), None),
        analyst=None if who == _ANY else who,
        since=since,
        until=since + timedelta(days=1) if since else None,
        listing_id=listing or None,
    )


def _first_page() -> None:
    st.session_state["audit-page"] = 1


def _frame(rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": [row.at.astimezone(UTC) for row in rows],
            "who": [plain(row.analyst) for row in rows],
            "kind": [_KINDS[Deed(row.kind)] for row in rows],
            "what": [plain(_what(row)) for row in rows],
            "title": [plain(row.title or row.subject) for row in rows],
            "id": [plain(row.listing_id or "") for row in rows],
        }
    )


def _what(row: Any) -> str:
    """What was done, in a few words."""
    if row.verdict is None:
        return str(row.what)
    said = VERDICTS[Verdict(row.verdict)]
    said += f" · {place.reasons().in_words(row.reason).lower()}" if row.reason else ""
    if row.kind == Deed.WITHDRAWAL:
        return f"{said}, by {row.what}"
    how = "from a file" if row.drawn == Drawn.IMPORTED else "one of many" if row.batch else ""
    taken = TAKEN_UP[Suggestion(row.suggestion)] if row.suggestion else ""
    return "; ".join(filter(None, (said, how, taken, f"“{row.what}”" if row.what else "")))


def _downloads(catalogue: Catalogue, query: AuditQuery, total: int) -> None:
    if not session.visitor().may(Role.ANALYST):
        return
    if total > _AT_ONCE:
        caption(f"All of it as a file: mmquality audit -w {session.folder()} --out audit.csv")
        return
    with st.container(horizontal=True, gap="xsmall", key="audit-files"):
        for name, suffix, mime in (
            ("CSV", "csv", "text/csv"),
            ("JSON Lines", "jsonl", "application/jsonl"),
        ):
            st.download_button(
                name, _writer(catalogue, query, suffix), file_name=f"audit.{suffix}", mime=mime,
                key=f"audit-{suffix}", on_click="ignore", icon=":material/download:",
            )  # fmt: skip


def _writer(catalogue: Catalogue, query: AuditQuery, suffix: str) -> Callable[[], bytes]:
    store = for_this_visit(catalogue.store)

    def write() -> bytes:
        with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
            path = Path(folder) / f"audit.{suffix}"
            export_audit(store, path, query)
            return path.read_bytes()

    return write


_COLUMNS = {  # together no wider than a screen of 1280 pixels has room for
    "when": st.column_config.DatetimeColumn(
        "When (UTC)", format="D MMM YYYY, HH:mm:ss", width=150, timezone="UTC"
    ),
    "who": st.column_config.TextColumn("Who", width=115),
    "kind": st.column_config.TextColumn("What", width=115),
    "what": st.column_config.TextColumn("In detail", width=232),
    "title": st.column_config.TextColumn("To what", width=240),
    "id": st.column_config.TextColumn("Listing", width=110),
}
