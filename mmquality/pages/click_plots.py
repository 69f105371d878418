"""Plots of the click log: the rate of each place, one listing three ways, prices, agreement with verdicts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.plots import QUIET, error_bars
from mmquality.pages.wording import VERDICTS, count
from mmquality.pipeline.click_agreement import AgreementRow, PriceRow
from mmquality.pipeline.click_report import ClickReport, ClickStanding
from mmquality.records import Verdict

_ROW = 52  # pixels per row of dots
_MARGIN = {"l": 0, "r": 12, "t": 8, "b": 0}


def places(report: ClickReport) -> go.Figure:
    """Clicks per impression by place: as counted, and that of an average listing."""
    ink, table = theme_colours()["neutral"], report.places
    chart = go.Figure(
        go.Bar(
            x=list(table.index),
            y=table["raw"],
            name="as counted",
            marker_color=QUIET,
            opacity=0.45,
            customdata=table[["clicks", "shown"]],
            hovertemplate="place %{x}: %{y:.2%} (%{customdata[0]:,} of %{customdata[1]:,})<extra></extra>",
        )
    )
    chart.add_scatter(
        x=list(table.index), y=table["rate"], name="an average listing", mode="lines+markers",
        line={"color": ink, "width": 2}, marker={"size": 7},
        hovertemplate="place %{x}: an average listing %{y:.2%}<extra></extra>",
    )  # fmt: skip
    chart.update_layout(height=270, margin=_MARGIN, legend=_LEGEND, bargap=0.35)
    chart.update_xaxes(title="place on the page", showgrid=False, tickformat="d", nticks=13)
    chart.update_yaxes(tickformat=".1%", rangemode="tozero", nticks=5, automargin=True)
    return chart


def three_ways(standing: ClickStanding) -> go.Figure:
    """One listing's clicks against an average listing's: raw, corrected for places, shrunk."""
    ink = theme_colours()["neutral"]
    names = ["click rate", "places accounted for", "and chance"]
    values = [standing.raw, standing.corrected, standing.ratio]
    chart = go.Figure()
    chart.add_scatter(
        x=[standing.ratio], y=names[2:], mode="markers", marker={"size": 12, "color": ink}, name="",
        error_x=error_bars([standing.ratio], [standing.low], [standing.high], ink),
        hovertemplate=f"%{{x:.2f}}, 90% between {standing.low:.2f} and {standing.high:.2f}<extra></extra>",
    )  # fmt: skip
    chart.add_scatter(
        x=values[:2], y=names[:2], mode="markers", name="",
        marker={"size": 10, "color": QUIET}, hovertemplate="%{x:.2f}<extra></extra>",
    )  # fmt: skip
    _average(chart)
    chart.update_layout(height=_ROW * 3 + 50, margin=_MARGIN, showlegend=False)
    chart.update_xaxes(
        range=[-0.08, max(2.2, *values, standing.high) * 1.05], title="times an average listing"
    )
    chart.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], range=[-0.5, 2.5], automargin=True, ticks=""
    )
    return chart


def prices(rows: Sequence[PriceRow]) -> go.Figure:
    """Clicks over expected clicks of listings of similar price, with their intervals."""
    ink, names = theme_colours()["neutral"], [as_label(row.name) for row in rows]
    values = [row.ratio for row in rows]
    chart = go.Figure(
        go.Scatter(
            x=names, y=values, mode="markers", marker={"size": 10, "color": ink},
            error_y=error_bars(values, [row.low for row in rows], [row.high for row in rows], ink),
            customdata=[(row.low, row.high, count(row.listings, "listing")) for row in rows],
            hovertemplate="%{y:.2f} (%{customdata[0]:.2f} – %{customdata[1]:.2f}), "
            "%{customdata[2]}<extra></extra>",
        )
    )  # fmt: skip
    chart.add_hline(y=1, line={"color": QUIET, "width": 1, "dash": "dash"})
    chart.update_layout(height=270, margin=_MARGIN, showlegend=False)
    chart.update_xaxes(title="price", type="category", showgrid=False)
    highest = max(1.5, *(row.high for row in rows)) * 1.05
    chart.update_yaxes(range=[0, highest], title="times an average listing", nticks=5)
    return chart


def by_verdict(labelled: pd.DataFrame) -> go.Figure:
    """The shrunk ratio of every labelled listing, a strip and a box per verdict."""
    colours, chart = theme_colours(), go.Figure()
    for verdict in reversed(Verdict):
        part = labelled[labelled["verdict"] == verdict]
        if part.empty:
            continue
        chart.add_box(
            x=part["ratio"], name=f"{VERDICTS[verdict]} ({len(part):,})", boxpoints="all", jitter=0.6,
            pointpos=0, marker={"size": 5, "opacity": 0.45, "color": colours[verdict]},
            line={"width": 1.5}, fillcolor="rgba(0,0,0,0)", orientation="h",
            text=[as_label(str(listing_id)) for listing_id in part.index],
            hovertemplate="%{text}: %{x:.2f}<extra></extra>", hoveron="points",
        )  # fmt: skip
    _average(chart)
    chart.update_layout(height=76 * len(chart.data) + 60, margin=_MARGIN, showlegend=False)
    chart.update_xaxes(rangemode="tozero", title="times an average listing", zeroline=False)
    chart.update_yaxes(automargin=True, ticks="")
    return chart


def agreement(rows: Sequence[AgreementRow]) -> go.Figure:
    """AUC of P(no click) and of the mismatch score for each group, one above the other."""
    inks = {"P(no click)": QUIET, "mismatch score": theme_colours()["neutral"]}
    names = [
        f"{as_label(row.name)}<br><span style='font-size:11px'>{row.mismatches} / {row.matches}</span>"
        for row in rows
    ]
    chart = go.Figure()
    for shift, (name, ink) in zip((0.16, -0.16), inks.items(), strict=True):
        found = [(y, row.clicks if name == "P(no click)" else row.score) for y, row in enumerate(rows)]
        known = [(y, value) for y, value in found if value is not None]
        chart.add_scatter(
            x=[value.auc for _, value in known],
            y=[y - shift for y, _ in known],
            name=name, mode="markers", marker={"size": 10, "color": ink},
            error_x=error_bars(
                [v.auc for _, v in known], [v.low for _, v in known], [v.high for _, v in known], ink
            ),
            customdata=[(value.low, value.high) for _, value in known],
            hovertemplate=name + " %{x:.2f} (%{customdata[0]:.2f} – %{customdata[1]:.2f})<extra></extra>",
        )  # fmt: skip
    chart.add_vline(x=0.5, line={"color": QUIET, "width": 1, "dash": "dash"})
    chart.update_layout(height=_ROW * len(rows) + 84, margin=_MARGIN, legend=_LEGEND)
    chart.update_xaxes(
        range=[-0.02, 1.02], title="AUC: 0.5 is guessing, 1 is full agreement", tickformat=".1f"
    )
    chart.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=names, range=[len(rows) - 0.4, -0.6], automargin=True,
        ticks="", zeroline=False,
    )  # fmt: skip
    return chart


_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "xanchor": "left", "x": 0}


def _average(chart: go.Figure) -> None:
    chart.add_vline(x=1, line={"color": QUIET, "width": 1, "dash": "dash"})
