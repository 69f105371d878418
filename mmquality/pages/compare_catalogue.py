"""Compare, whole catalogue: what unified recall is worth, in which categories, and where the lists differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from mmquality.pages import charts, compare_plots, jobs, neighbours, plots, session
from mmquality.pages.charts import Bar
from mmquality.pages.components import caption, notice, section
from mmquality.pages.escaping import plain
from mmquality.pages.filters import NO_CATEGORY
from mmquality.pages.links import COMPARE
from mmquality.pages.plots import Dot
from mmquality.pages.widgets import pages
from mmquality.pages.wording import count, percent
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.spaces import SHARED_OF, Measured, SpacesReport, read_report
from mmquality.records import Space

_PAGE = 24
_CATEGORIES = 15  # whose gain is drawn: those with the most queries


def show(catalogue: Catalogue) -> None:
    """The view."""
    report = read_report(catalogue.workspace, catalogue.published_version().name)
    if report is None:
        notice(
            "This model was not measured yet",
            "Recall of co-clicked listings by title, photo and both, and the listings whose neighbours "
            "differ most, on at most 2,000 listings. It takes seconds, in a very large catalogue minutes, "
            "here or with the command:",
            session.commands("evaluate spaces"),
        )
        jobs.offer(catalogue.workspace, "spaces", ["evaluate", "spaces"], "Measure it")
        return
    if not report.queries:
        _nothing_asked(report)
    with st.grid("auto", min_column_width=330, gap=28, key="spaces"):
        if report.queries:
            with st.container(gap="small"):
                _recall(report)
            with st.container(gap="small"):
                _gains(report.gains)
        with st.container(gap="small"):
            _shared(report.shared)
    _apart(catalogue, report)


def _recall(report: SpacesReport) -> None:
    section(
        "Recall of co-clicked listings",
        "Share of the listings clicked together with one that are among its k nearest, with 95% intervals.",
    )
    ordered = sorted(report.recall, key=lambda m: (m.k, -m.value))
    dots = [
        Dot(f"{m.name} @{m.k}", m.value, m.low, m.high, ours=m.name == Space.UNIFIED) for m in ordered
    ]  # fmt: skip
    told = ", ".join(f"{dot.name} {dot.value:.3f}" for dot in dots)
    plots.show(plots.dots(dots), "spaces-recall", f"Recall: {told}")
    asked = count(report.queries, "listing")
    if report.held_out:
        caption(f"Asked of {asked} whose clicks the model never saw.")
    elif report.known:
        caption(
            f"Asked of {asked}. The model has learnt from {percent(report.known)} of their pairs, which "
            "flatters the unified embedding; train with --hold-out to measure on pairs that it never saw."
        )
    else:
        caption(f"Asked of {asked}.")


def _nothing_asked(report: SpacesReport) -> None:
    if report.held_out:
        notice(
            "No recall: the held-out listings have no co-clicks",
            "The model held listings out, but none of them was clicked together with another one. Import "
            "their clicks, then measure again:",
            session.commands("import --co-clicks pairs.csv", "evaluate spaces"),
        )
        return
    notice(
        "No recall: there are no co-clicks",
        "Recall needs to know which listings go together. Import pairs that were clicked or bought together "
        "(two columns of ids), or a click log with sessions, then measure again:",
        session.commands("import --co-clicks pairs.csv", "evaluate spaces"),
    )


def _gains(gains: Sequence[Measured]) -> None:
    section(
        "Gain of unified over title, by category",
        f"Recall@{SHARED_OF} of the unified embedding minus that of the title alone, with 95% intervals.",
    )
    if not gains:
        caption("No category has ten listings with co-clicks.")
        return
    most = sorted(gains, key=lambda m: -m.queries)[:_CATEGORIES]
    drawn = [m for m in gains if m in most]
    named = [(plain(m.name) or NO_CATEGORY, m) for m in drawn]
    told = ", ".join(f"{name} {m.value:+.3f}" for name, m in named)
    plots.show(compare_plots.gains(named), "spaces-gains", f"Gain by category: {told}")
    left_out = len(gains) - len(drawn)
    caption(f"{count(left_out, 'smaller category', 'smaller categories')} left out." if left_out else "")


def _shared(shared: Sequence[int]) -> None:
    section(
        "How much the two lists share",
        f"Listings by how many of their {SHARED_OF} nearest by title are among their {SHARED_OF} nearest by "
        "both.",
    )
    bars = [Bar(f"{n} of {SHARED_OF}", listings) for n, listings in enumerate(shared)]
    charts.show_bars(bars, "spaces-shared", "Listings by the number of shared neighbours")


def _apart(catalogue: Catalogue, report: SpacesReport) -> None:
    section(
        "Where they differ most",
        "Fewest shared neighbours first. Often the photo shows something else than the title says. A card "
        "opens both lists.",
    )
    last = ceil(len(report.apart) / _PAGE)
    with st.container(key="pages", horizontal=True, vertical_alignment="center"):
        page = min(pages(last, "apart", bound=True), max(last, 1))
    shown = catalogue.store.listings_by_id(report.apart[(page - 1) * _PAGE : page * _PAGE])
    neighbours.strip(catalogue, shown, page=COMPARE)
