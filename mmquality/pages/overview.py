"""Overview: how the catalogue stands at a threshold, how good the threshold is, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.pages import links, neighbours, next_steps, overview_figures, overview_plots, plots, session
from mmquality.pages.asking import in_force, score_histogram, waiting_version
from mmquality.pages.components import caption, header, section
from mmquality.pages.escaping import as_html, as_markdown
from mmquality.pages.filters import NO_CATEGORY, Filters
from mmquality.pages.next_steps import CONTROLS, State
from mmquality.pages.wording import count, day, percent, scored_by
from mmquality.pipeline.estimates import Estimate, Estimates, estimates
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import load_settings
from mmquality.records import ModelVersion, Verdict
from mmquality.store import Flagged, GroupRate, ImportReport
from mmquality.store.facets import SELLER

_THRESHOLD = 50  # per cent
_POLL = 1.0  # seconds between two looks whether the groups are counted


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    version = catalogue.published_version()
    header("Overview", *scored_by(version))
    numbers = st.container()
    left, right = st.columns([5, 3], gap="large")
    with left:
        threshold = _scores(catalogue)
    found = overview_figures.flagged(catalogue, threshold / 100)
    judged = overview_figures.judged_scores(catalogue)
    said = estimates(judged, threshold / 100, version.ranked)
    with numbers:
        _numbers(catalogue, version, threshold, found, said)
    reports = catalogue.store.import_reports()
    with right:
        next_steps.show(_state(catalogue, threshold, found, said, reports))
        _newest(version, reports)
    _groups(catalogue, len(reports), threshold, found.listings)
    _labels(catalogue)


def _scores(catalogue: Catalogue) -> int:
    """The distribution of scores above the slider that sets the threshold, in per cent."""
    section("Mismatch scores", "What scores the threshold or more is flagged. Move it below the chart.")
    chart = st.container()
    threshold = st.slider(
        "Threshold", 1, 99, _THRESHOLD, format="%d%%", key="threshold", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    histogram = score_histogram(catalogue)
    found = overview_figures.flagged(catalogue, threshold / 100)
    with chart:
        alt = overview_plots.told(histogram, threshold, found.listings)
        drawn = _scores_drawn(histogram, in_force(catalogue), threshold, st.context.theme.type)
        plots.show(drawn, "scores", alt)
    return int(threshold)


def _numbers(
    catalogue: Catalogue, version: ModelVersion, threshold: int, found: Flagged, said: Estimates
) -> None:
    labelled = catalogue.store.label_counts()
    verdicts = ", ".join(f"{n:,} {verdict}" for verdict, n in labelled.items() if n)
    precision, controls = said.precision, count(said.controls, "control case")
    enough = said.controls >= CONTROLS
    begun = f"{said.controls} of {CONTROLS} control cases"
    too_few = begun if said.controls else f"takes {CONTROLS} cases drawn at random"
    tiles = {
        "Listings": (f"{catalogue.store.listing_count():,}", "in the catalogue"),
        "Flagged": (
            f"{found.listings:,}",
            f"{percent(found.listings / max(version.ranked, 1))} of those scored",
        ),
        "Labelled": (f"{sum(labelled.values()):,}", verdicts or "no verdict yet"),
        "Left to review": (f"{found.left:,}", "flagged and unlabelled"),
        "Precision": (
            (percent(precision.share), f"{_range(precision.low, precision.high)}, {_verdicts(said)}")
            if precision
            else ("–", "no flagged listing is judged")
        ),
        "Mismatches": _tile(said.prevalence if enough else None, controls, too_few),
        f"Missed below {threshold}%": _tile(
            said.missed if enough else None, "of all mismatches", "found none yet" if enough else too_few
        ),
    }
    st.html(f'<dl class="mmq-numbers">{"".join(_number(name, *tile) for name, tile in tiles.items())}</dl>')
    caption(_reading(said))


def _tile(estimate: Estimate | None, note: str, without: str) -> tuple[str, str]:
    if estimate is None:
        return "–", without
    return percent(estimate.share), f"{_range(estimate.low, estimate.high)}, {note}"


def _number(name: str, value: str, note: str) -> str:
    return f"<div><dt>{as_html(name)}</dt><dd>{as_html(value)}</dd><dd>{as_html(note)}</dd></div>"


def _range(low: float, high: float) -> str:
    return f"{percent(low)} – {percent(high)}"


def _verdicts(said: Estimates) -> str:
    return count(said.precision.count, "verdict") if said.precision else ""


def _reading(said: Estimates) -> str:
    """How the shares are to be read; nothing where there are none."""
    if not said.precision and not said.controls:
        return ""
    alone = said.control_precision
    checked = f"; of control cases alone it is {alone.hits} of {alone.count}" if alone else ""
    return (
        "Shares with 95% intervals, by the scores at the time of each verdict. Verdicts from the top of the "
        f"ranking down flatter the precision{checked}."
    )


def _state(
    catalogue: Catalogue, threshold: int, found: Flagged, said: Estimates, reports: Sequence[ImportReport]
) -> State:
    version = catalogue.published_version()
    counts = catalogue.store.label_counts()
    fingerprint = cast(Mapping[str, int], version.summary.get("fingerprint") or {})
    return State(
        model=version.name,
        threshold=threshold,
        flagged=found,
        unscored=catalogue.store.unscored_count(),
        judged=counts[Verdict.MISMATCH] + counts[Verdict.MATCH],
        learnt=fingerprint.get("labels", 0),
        controls=said.controls,
        control_share=load_settings(catalogue.workspace).control_share,
        unused_rows=reports[0].problems if reports else 0,
        apart=fingerprint.get("labels_apart", 0),
        disputed=len(catalogue.store.disputed()),
        waiting=waiting_version(catalogue),
    )


def _newest(version: ModelVersion, reports: Sequence[ImportReport]) -> None:
    """The model in force and the last import, each a link to its page."""
    with st.container(key="newest", gap=None):
        st.page_link(
            links.MODELS,
            label=f"Model {as_markdown(version.name)} in force, published {day(version.created_at)}",
            icon=":material/model_training:",
        )
        if reports:
            unused = count(reports[0].problems, "unusable row") if reports[0].problems else "every row used"
            st.page_link(
                links.IMPORTS,
                label=f"Last import {day(reports[0].created_at)}: {unused}",
                icon=":material/fact_check:",
            )


def _groups(catalogue: Catalogue, imports: int, threshold: int, flagged: int) -> None:
    """The rates by category and seller; of a large catalogue they come a few seconds after the page."""
    pending = overview_figures.groups(catalogue, imports) is None
    st.fragment(_rates, run_every=_POLL if pending else None)(catalogue, imports, threshold, flagged, pending)


def _rates(catalogue: Catalogue, imports: int, threshold: int, flagged: int, pending: bool) -> None:
    found = overview_figures.groups(catalogue, imports, patience=0)
    if found is None:
        section("Flagged listings by group")
        caption("Going through the catalogue, once for this model version …")
        return
    if pending:
        st.rerun()  # of the page, so that it looks no more
    by_category, by_seller = (groups.most_flagged(flagged) for groups in found)
    if not any(found[1].names):  # the catalogue names no sellers
        _by_category(by_category, threshold)
        return
    left, right = st.columns(2, gap="large")
    with left:
        _by_category(by_category, threshold)
    with right:
        _by_seller([rate for rate in by_seller if rate.name], threshold)


def _by_category(rates: Sequence[GroupRate], threshold: int) -> None:
    section("Flagged by category", "The ten with the most; each opens in the ranking.")
    names = [rate.name or NO_CATEGORY for rate in rates]
    _rows("category", rates, [Filters(category=(name,), score=(threshold, 100)) for name in names])


def _by_seller(rates: Sequence[GroupRate], threshold: int) -> None:
    section("Flagged by seller", "The ten with the most; each opens in the ranking.")
    where = [(f"{SELLER}:{rate.name}",) for rate in rates]
    _rows("seller", rates, [Filters(where=one, score=(threshold, 100)) for one in where])


def _rows(kind: str, rates: Sequence[GroupRate], filters: Sequence[Filters]) -> None:
    """One row per group, each a link to its part of the ranking."""
    if not rates:
        caption(f"No flagged listing names its {kind}.")
    highest = max((rate.share for rate in rates), default=1.0)
    rows = [
        links.link(links.RANKING, {**narrowed.params()}, rate.name or NO_CATEGORY) + _rate(rate, highest)
        for rate, narrowed in zip(rates, filters, strict=True)
    ]
    neighbours.listing_rows(kind, rows)


def _rate(rate: GroupRate, highest: float) -> str:
    """A bar (full for the highest share of the list), the share and the counts."""
    return (
        f'<div class="mmq-figure mmq-rate"><i><i style="width:{100 * rate.share / highest:.1f}%"></i></i>'
        f"<b>{percent(rate.share)}</b><span>{rate.flagged:,} of {rate.listings:,}</span></div>"
    )


def _labels(catalogue: Catalogue) -> None:
    section("Labels per day", "The last 30 days (UTC), by analyst; withdrawn labels left out.")
    days = overview_figures.labels_per_day(catalogue)
    if days.empty:
        caption("None in the last 30 days. A verdict, in Review or on a listing, is a label.")
        return
    total, people = int(days["labels"].sum()), days["analyst"].nunique()
    alt = f"{count(total, 'label')} of {count(people, 'analyst')} in the last 30 days, by day"
    labelled = catalogue.workspace.database_url, catalogue.store.label_events()
    drawn = _labels_drawn(days, labelled, datetime.now(UTC).date(), st.context.theme.type)
    plots.show(drawn, "labels-per-day", alt)


# A chart takes longer to put together than all else on the page: it is kept for all visits in its theme.
@st.cache_resource(max_entries=32, show_spinner=False)
def _scores_drawn(_histogram: pd.DataFrame, version: str, threshold: int, theme: str | None) -> go.Figure:
    return overview_plots.scores(_histogram, threshold)


@st.cache_resource(max_entries=8, show_spinner=False)
def _labels_drawn(
    _days: pd.DataFrame, labelled: tuple[str, tuple[int, int]], today: date, theme: str | None
) -> go.Figure:
    return overview_plots.labels(_days, today)


show(session.catalogue())
