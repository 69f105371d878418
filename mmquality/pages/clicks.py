"""Clicks: what a missing click can mean, what one listing's clicks amount to, and whether people agree."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.errors import UnknownListingError
from mmquality.evaluation.agreement import Agreement
from mmquality.pages import click_plots, neighbours, plots, reasons, session
from mmquality.pages.components import caption, facts, header, notice, section
from mmquality.pages.escaping import as_html, plain
from mmquality.pages.widgets import text_filter
from mmquality.pages.wording import count, percent
from mmquality.pipeline import click_agreement
from mmquality.pipeline.click_agreement import AgreementRow
from mmquality.pipeline.click_report import ClickReport
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing
from mmquality.store import RankingQuery

_CATEGORIES = 10  # shown, those with the most verdicts


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    report = catalogue.clicks.report()
    if report is None:
        header("Clicks")
        notice(
            "No impressions yet",
            "Import them: which listings were shown, at which place, and which were clicked. Pairs of "
            "listings that go together do not tell.",
            f"mmquality import -w {session.folder()} --impressions impressions.parquet",
        )
        return
    header("Clicks", count(report.shown, "impression"), count(report.clicks, "click"))
    if not report.clicks:
        notice("Nobody clicked", "The log holds impressions but no click, so it cannot tell listings apart.")
        return
    _what_it_can_mean(report)
    left, right = st.columns(2, gap="medium")
    with left:
        _places(catalogue, report)
        _prices(catalogue, report)
    with right:
        _one_listing(catalogue, report)
    _verdicts(catalogue, report)


def _what_it_can_mean(report: ClickReport) -> None:
    section(
        "Why a listing is not clicked", "A wrong photo is one reason of several, and seldom the likeliest."
    )
    first, last = report.places["rate"].iloc[0], report.places["rate"].iloc[-1]
    typical = report.typical
    causes = {
        "Place": f"Place 1 gets {first / last:.1f} times the clicks of place {len(report.places)}."
        if last
        else "Deep places are hardly ever clicked.",
        "Chance": f"The typical listing was shown {count(typical.shown, 'time')}, worth "
        f"{typical.expected:.1f} clicks. {percent(report.none_by_chance(typical.expected))} of all listings "
        "would get none from that.",
        "Appeal and price": "With place and chance accounted for, listings still differ by "
        f"± {percent(report.spread)}: price, demand, season, words.",
        "The photo": "What is left may be the photo. The log alone cannot say; photo and title must.",
    }
    told = "".join(f"<div><h3>{name}</h3><p>{as_html(text)}</p></div>" for name, text in causes.items())
    st.html(f'<div class="mmq-causes">{told}</div>')


def _places(catalogue: Catalogue, report: ClickReport) -> None:
    section(
        "Clicks by place", "Who stands on top is not chance: the line is what an average listing gets there."
    )
    chart = _places_chart(report, *_log(catalogue, report))
    plots.show(chart, "places", "Click rate of each place on the page")


@st.cache_resource(max_entries=4, show_spinner=False)
def _places_chart(_report: ClickReport, database: str, log: tuple[int, int], dark: bool) -> go.Figure:
    return click_plots.places(_report)


def _log(catalogue: Catalogue, report: ClickReport) -> tuple[str, tuple[int, int], bool]:
    """What the charts that are kept depend on: the log, which only grows, and the theme."""
    dark = st.context.theme.type == "dark"
    return catalogue.workspace.database_url, (report.shown, report.clicks), dark


def _one_listing(catalogue: Catalogue, report: ClickReport) -> None:
    section("One listing, three ways", "Its click rate, then its places, then chance accounted for.")
    with st.container(key="filters", horizontal=True):
        asked = text_filter("Listing", "of", "its id")
    listing = _chosen(catalogue, report, asked.strip())
    if listing is None:
        caption(f"No listing has the id {asked.strip()!r}." if asked.strip() else "The log knows no listing.")
        return
    standing = report.standing(listing.listing_id)
    neighbours.listing_rows("one", [neighbours.row(catalogue, listing)])
    st.html(f'<p class="mmq-verdict">{as_html(reasons.click_sentence(standing))}</p>')
    if standing.shown:
        words = "Clicks of this listing as multiples of an average one's: raw, corrected, shrunk"
        plots.show(click_plots.three_ways(standing), "three-ways", words)
        caption(f"P(no click) while an average listing gets one: {percent(standing.no_click)}")


def _chosen(catalogue: Catalogue, report: ClickReport, asked: str) -> Listing | None:
    """The listing asked for; unasked, the worst of the ranking, or the most shown where there is none."""
    try:
        if asked:
            return catalogue.store.listing(asked)
        worst = catalogue.store.rank_neighbour(0, 1, RankingQuery()) if catalogue.version else None
        return catalogue.store.listing(worst or report.most_shown)
    except UnknownListingError:
        return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _prices_chart(_report: ClickReport, database: str, log: tuple[int, int], dark: bool) -> go.Figure | None:
    rows = click_agreement.by_price(_report)
    return click_plots.prices(rows) if len(rows) > 1 else None


def _prices(catalogue: Catalogue, report: ClickReport) -> None:
    chart = _prices_chart(report, *_log(catalogue, report))
    if chart is None:
        return
    section(
        "Clicks by price",
        "The quarters of the catalogue by price. Where they differ, a missing click may mean the price.",
    )
    plots.show(chart, "prices", "Clicks over expected clicks by price")


def _verdicts(catalogue: Catalogue, report: ClickReport) -> None:
    section("Do clicks say what people say?", "Verdicts on listings that were shown at least once.")
    events = catalogue.store.label_events()
    overall, rows, charts = _agreed(catalogue, report, events, *_log(catalogue, report))
    if not (overall.mismatches and overall.matches):
        notice(
            "Too few verdicts yet",
            f"There {_given(overall)}. Label listings in Review, on their own pages, or "
            "from the command line; one mismatch and one match are the least that can be compared.",
            f"mmquality label ID -w {session.folder()} --verdict match",
        )
        return
    st.html(facts(_figures(overall)))
    left, right = st.columns(2, gap="medium")
    with left:
        section("Clicks by verdict", "Each dot is a labelled listing; 1 = as many clicks as an average one.")
        plots.show(charts[0], "by-verdict", "Shrunk click ratio by verdict")
        st.html(f'<p class="mmq-verdict">{_SELECTED}</p>')
    with right:
        _agreement(rows, charts[1])


@st.cache_resource(max_entries=4, show_spinner=False)
def _agreed(
    _catalogue: Catalogue,
    _report: ClickReport,
    events: tuple[int, int],
    database: str,
    log: tuple[int, int],
    dark: bool,
) -> tuple[AgreementRow, list[AgreementRow], tuple[go.Figure, go.Figure]]:
    """All verdicts, the groups, and their charts, as long as nobody labels and the log does not grow."""
    labelled = click_agreement.labelled_listings(_catalogue.store, _report)
    overall = click_agreement.overall(labelled)
    categories = click_agreement.by_category(labelled)[:_CATEGORIES]
    rows = [overall, *click_agreement.by_impressions(labelled, _report)]
    rows += categories if len(categories) > 1 else []
    comparable = [row for row in rows if row.clicks is not None or row.score is not None]
    return overall, rows, (click_plots.by_verdict(labelled), click_plots.agreement(comparable))


def _agreement(rows: list[AgreementRow], chart: go.Figure) -> None:
    section(
        "Agreement with verdicts",
        "How often a mismatch stands above a match, with 95% intervals. Below a name: mismatches / matches.",
    )
    plots.show(chart, "agreement", "AUC of P(no click) and of the mismatch score by group")
    with st.expander("The numbers"):
        st.dataframe(_table(rows), hide_index=True, height="content", alt="Agreement with verdicts by group")


def _table(rows: list[AgreementRow]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Group": [plain(row.name) for row in rows],
            "Mismatches": [row.mismatches for row in rows],
            "Matches": [row.matches for row in rows],
            "P(no click)": [_interval(row.clicks) for row in rows],
            "Mismatch score": [_interval(row.score) for row in rows],
        }
    )


def _figures(overall: AgreementRow) -> dict[str, object]:
    return {
        "mismatches": overall.mismatches,
        "matches": overall.matches,
        "AUC of P(no click)": _interval(overall.clicks),
        "AUC of the mismatch score": _interval(overall.score),
    }


def _interval(found: Agreement | None) -> str:
    return f"{found.auc:.2f} ({found.low:.2f} – {found.high:.2f})" if found else "–"


def _given(overall: AgreementRow) -> str:
    if not overall.mismatches and not overall.matches:
        return "is none on a listing that was shown"
    number = overall.mismatches or overall.matches
    given = (
        count(number, "mismatch", "mismatches") if overall.mismatches else count(number, "match", "matches")
    )
    return f"{'is' if number == 1 else 'are'} {given} and nothing to compare with"


_SELECTED = (
    "Read it with care: labels are mostly given from the top of the ranking down, so the matches here are "
    "suspicious ones too, and both figures tend to be lower than on listings chosen at random. P(no click) "
    "is what the log alone says, places and chance accounted for; the score is that at the time of the "
    "verdict, and may itself have learnt from clicks."
)

show(session.filled_catalogue())
