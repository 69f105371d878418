"""Labels: what analysts have said so far; to be filtered, exported, and taken back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from typing import TypeVar

import pandas as pd
import streamlit as st

from mmquality.pages import (
    agreement,
    audit,
    bulk,
    exports,
    label_import,
    links,
    place,
    session,
    suggestion_use,
    verdicts,
)
from mmquality.pages.charts import Bar, show_bars
from mmquality.pages.components import caption, header, notice, section
from mmquality.pages.escaping import plain
from mmquality.pages.photos import cell_photo
from mmquality.pages.tables import WRAPPING
from mmquality.pages.widgets import choice, pages, segments, text_filter
from mmquality.pages.wording import NOTHING, VERDICTS, count
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Verdict, short_of_the_ends
from mmquality.store import LabelledListing, LabelQuery

PAGE_SIZE = 25
Word = TypeVar("Word", bound=str)
_LABELS, _AUDIT = "labels", "audit"
_ANY, _NEWEST, _ALL, _DISPUTED = "any", "newest", "all", "disputed"


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    verdicts.say_what_was_saved()
    counts = catalogue.store.label_counts()
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        header("Labels", *(f"{n:,} {VERDICTS[verdict].lower()}" for verdict, n in counts.items()))
        view = segments("View", [_LABELS, _AUDIT], "show")
    if view == _AUDIT:
        audit.show(catalogue)
        return
    if not catalogue.store.labels_page(LabelQuery(newest_only=False), size=1).total:
        _nothing_yet()
        label_import.panel(catalogue)
        return
    query = _filter_bar(catalogue)
    total = catalogue.store.labels_page(query, size=1).total
    with st.container(key="label-files", horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        if total:
            exports.buttons(catalogue, query, total)
        label_import.panel(catalogue)
    _labels(catalogue, query, total)  # as wide as the page: its last columns are to be seen
    if query.disputed and total:
        st.page_link(
            links.REVIEW, label="Settle them, one after another", icon=":material/balance:",
            query_params={"order": "Disagreements"}, width="content",
        )  # fmt: skip
    left, right = st.columns([2, 3], gap="medium")
    with left:
        section("What was said", "Listings by verdict and reason, whatever the filters.")
        show_bars(_bars(catalogue, counts), "verdict-chart", "Labelled listings by verdict and reason")
    with right:
        agreement.show(catalogue)
        suggestion_use.show(catalogue)


def _nothing_yet() -> None:
    notice(
        "No labels yet",
        "Give verdicts in Review, or on the page of a listing; or label from the command line:",
        session.commands("label LISTING_ID --verdict mismatch --reason wrong_product"),
    )
    st.page_link(links.REVIEW, label="To the review", icon=":material/rule:")


def _filter_bar(catalogue: Catalogue) -> LabelQuery:
    """The filters' widgets; their keys are the names of the query parameters that hold them."""
    reasons = place.reasons().known
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        text = text_filter("Title contains", "title", "words of the title", _first_page)
        verdict = choice("Verdict", [_ANY, *VERDICTS.values()], "verdict", 130, _first_page)
        reason = choice("Reason", [_ANY, *reasons.values()], "reason", 170, _first_page)
        analyst = choice("By", [_ANY, *catalogue.store.analysts()], "by", 150, _first_page)
        which = segments("Which labels", [_NEWEST, _ALL, _DISPUTED], "which", _first_page)
    return LabelQuery(
        verdict=_key(VERDICTS, verdict),
        reason=_key(reasons, reason),
        analyst=None if analyst == _ANY else analyst,
        text=text,
        newest_only=which == _NEWEST,
        disputed=which == _DISPUTED,
    )


def _key(words: Mapping[Word, str], chosen: str) -> Word | None:
    return next((key for key, word in words.items() if word == chosen), None)


def _first_page() -> None:
    st.session_state["labels-page"] = 1


def _bars(catalogue: Catalogue, counts: dict[Verdict, int]) -> list[Bar]:
    """Matches, unsure ones, and the mismatches by reason."""
    bars = [Bar(VERDICTS[v], counts[v], str(v)) for v in (Verdict.MATCH, Verdict.UNSURE)]
    reasons = place.reasons()
    mismatches = sorted(catalogue.store.reason_counts().items(), key=lambda pair: -pair[1])
    return bars + [Bar(reasons.in_words(reason), n, "mismatch") for reason, n in mismatches]


def _labels(catalogue: Catalogue, query: LabelQuery, total: int) -> None:
    if not total:
        notice("No label passes these filters", "Loosen a filter to see more.")
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        caption(f"{count(total, 'label')}; select one to open its listing or to undo it")
        page = pages(math.ceil(total / PAGE_SIZE), "labels-page")
    unseen = catalogue.store.judged_unseen(session.analyst())
    rows = catalogue.store.labels_page(query, page, PAGE_SIZE).rows
    rows = [row for row in rows if row.label.listing_id != unseen]  # its first verdict is not to be seen yet
    above = st.container()
    chosen = st.dataframe(
        _frame(catalogue, rows),
        hide_index=True,
        row_height=WRAPPING,
        height="content",
        column_config=_COLUMNS,
        placeholder=NOTHING,
        on_select="rerun",
        selection_mode="single-row",
        key=_table_key(rows),
        alt="Labels, the newest first",
    )
    for position in chosen["selection"]["rows"]:
        with above:
            _actions(catalogue, rows[position])


def _table_key(rows: list[LabelledListing]) -> str:
    """Another name for other rows: a selection is a position, and must never pass on to another label."""
    return "labels-" + "-".join(str(row.label.label_id) for row in rows)


def _actions(catalogue: Catalogue, row: LabelledListing) -> None:
    """What can be done with the selected label."""
    with st.container(key="label-actions", horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Open the listing", icon=":material/image:", shortcut="O"):
            links.open_listing(row.label.listing_id)
        st.button(
            "Undo this label", icon=":material/undo:", help="It stays in the history, but counts no more.",
            on_click=verdicts.undo, args=(catalogue, row.label, row.title),
        )  # fmt: skip
        if row.label.batch:
            standing = catalogue.store.batch(row.label.batch).standing
            st.button(
                f"Undo all {standing:,} given together", icon=":material/undo:",
                help="This label is part of a bulk label.",
                on_click=bulk.undo, args=(catalogue, row.label.batch),
            )  # fmt: skip
        caption(row.title)  # last: at the right end the table's own tools would lie over a button


def _frame(catalogue: Catalogue, rows: list[LabelledListing]) -> pd.DataFrame:
    listings = catalogue.store.listings_by_id(row.label.listing_id for row in rows)
    labels, reasons = [row.label for row in rows], place.reasons()
    disputed = catalogue.store.disputed(listings)
    return pd.DataFrame(
        {
            "photo": [cell_photo(catalogue, listings[label.listing_id]) for label in labels],
            "verdict": [
                VERDICTS[label.verdict] + (" (disputed)" if label.listing_id in disputed else "")
                for label in labels
            ],
            "title": [plain(row.title) for row in rows],
            "reason": [reasons.in_words(label.reason) if label.reason else "" for label in labels],
            "when": [label.created_at.astimezone(UTC) for label in labels],
            "analyst": [plain(label.analyst) for label in labels],
            "note": [plain(label.note) for label in labels],
            "score": [_percentage(label.score) for label in labels],
            "rank": [label.rank for label in labels],
            "model": [label.model_version for label in labels],
            "id": [label.listing_id for label in labels],
        }
    )


def _percentage(score: float | None) -> float | None:
    return None if score is None else 100 * short_of_the_ends(score)


_SEEN = "As its analyst saw it"
_COLUMNS = {  # together no wider than a screen of 1280 pixels has room for
    "photo": st.column_config.ImageColumn("Photo", width=64),
    "verdict": st.column_config.TextColumn("Verdict", width=80),
    "title": st.column_config.TextColumn("Title", width=160),
    "reason": st.column_config.TextColumn("Reason", width=95),
    "when": st.column_config.DatetimeColumn(
        "When (UTC)", format="D MMM YYYY, HH:mm", width=120, timezone="UTC"
    ),
    "analyst": st.column_config.TextColumn("Analyst", width=76),
    "note": st.column_config.TextColumn("Note", width=96),
    "score": st.column_config.NumberColumn("Score", format="%.1f%%", width=62, help=_SEEN),
    "rank": st.column_config.NumberColumn("Rank", width=56, help=_SEEN),
    "model": st.column_config.TextColumn("Model", width=62, help=_SEEN),
    "id": st.column_config.TextColumn("Id", width=88),
}

show(session.filled_catalogue())
