"""Plots of measurements: loss curves, reliability diagrams, dots with intervals, score against score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.evaluation.calibration import ReliabilityBin
from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.wording import count

QUIET = "#8a9096"  # readable on paper and on slate
_DOT_ROW = 30  # pixels per row of a dot plot
_CONFIG = {"displayModeBar": False, "scrollZoom": False}


@dataclass(frozen=True)
class Dot:
    """One measurement: its name, its value, the interval around it, and whether it is ours."""

    name: str
    value: float
    low: float
    high: float
    ours: bool = False


def show(chart: go.Figure, key: str, alt: str) -> None:
    """A chart that answers the pointer with its numbers, and does nothing else."""
    for axes in (chart.select_xaxes(), chart.select_yaxes()):
        for axis in axes:
            axis["fixedrange"] = True
    st.plotly_chart(chart, key=key, alt=alt, config=_CONFIG)


def curve(values: pd.Series[float]) -> go.Figure:
    """A small curve over epochs (the index of `values`), from 0 on, so that a small change looks small."""
    ink = theme_colours()["neutral"]
    chart = go.Figure(
        go.Scatter(
            x=list(values.index),
            y=values.tolist(),
            mode="lines+markers",
            line={"color": ink, "width": 2},
            marker={"size": 5},
            hovertemplate="epoch %{x}: %{y:.4f}<extra></extra>",
        )
    )
    chart.update_layout(height=170, margin={"l": 0, "r": 8, "t": 6, "b": 0}, showlegend=False)
    chart.update_xaxes(showgrid=False, nticks=6, tickformat="d", title={"text": "epoch", "standoff": 4})
    chart.update_yaxes(rangemode="tozero", nticks=4, automargin=True)
    return chart


def reliability(bins: Sequence[ReliabilityBin]) -> go.Figure:
    """Observed share against mean score of each bin with its interval; calibrated scores lie on the line."""
    ink = theme_colours()["neutral"]
    chart = _with_diagonal()
    chart.add_scatter(
        x=[b.score for b in bins],
        y=[b.share for b in bins],
        mode="lines+markers",
        line={"color": ink, "width": 1.5},
        marker={"size": 7, "color": ink},
        error_y=error_bars([b.share for b in bins], [b.low for b in bins], [b.high for b in bins], ink),
        customdata=[(b.low, b.high, count(b.count, "listing")) for b in bins],
        hovertemplate="score %{x:.1%}, observed %{y:.1%}<br>95% interval %{customdata[0]:.1%} – "
        "%{customdata[1]:.1%}<br>%{customdata[2]}<extra></extra>",
    )
    chart.update_layout(height=330, margin={"l": 0, "r": 8, "t": 8, "b": 0}, showlegend=False)
    for update, words in ((chart.update_xaxes, "mean score"), (chart.update_yaxes, "observed mismatches")):
        update(range=[-0.02, 1.03], tickformat=".0%", title=words, nticks=6, zeroline=False)
    return chart


def dots(rows: Sequence[Dot], form: str = ",.3f") -> go.Figure:
    """One row per measurement, in the given order from the top, with its interval; ours stands out.

    `form`: how numbers are written, as Python and D3 both read it.
    """
    colours = theme_colours()
    names = [f"<b>{as_label(row.name)}</b>" if row.ours else as_label(row.name) for row in rows]
    interval = f"%{{customdata[0]:{form}}} – %{{customdata[1]:{form}}}"
    chart = go.Figure()
    for ours, ink in ((False, QUIET), (True, colours["neutral"])):
        of_kind = [(row, name) for row, name in zip(rows, names, strict=True) if row.ours == ours]
        values = [row.value for row, _ in of_kind]
        chart.add_scatter(
            x=values,
            y=[name for _, name in of_kind],
            mode="markers",
            cliponaxis=False,
            marker={"size": 11 if ours else 8, "color": ink},
            error_x=error_bars(
                values, [row.low for row, _ in of_kind], [row.high for row, _ in of_kind], ink
            ),
            customdata=[(row.low, row.high) for row, _ in of_kind],
            hovertemplate=f"%{{x:{form}}} ({interval})<extra></extra>",
        )
    for row, name in zip(rows, names, strict=True):
        chart.add_annotation(
            text=f"{row.value:{form}}", y=name, x=1, xref="paper", xanchor="left", xshift=8,
            showarrow=False,
        )  # fmt: skip
    chart.update_layout(
        height=_DOT_ROW * len(rows) + 44, margin={"l": 4, "r": 56, "t": 4, "b": 0}, showlegend=False
    )
    tickformat = ".0%" if form.endswith("%") else None
    chart.update_xaxes(rangemode="tozero", nticks=7, zeroline=False, tickformat=tickformat)
    chart.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], automargin=True, ticks="",
        range=[-0.6, len(rows) - 0.4], showgrid=True,
    )  # fmt: skip
    return chart


def moves(rows: pd.DataFrame, before: str, after: str) -> go.Figure:
    """The score of each listing in two versions (`score_before`, `score_after`, `listing_id`)."""
    colours = theme_colours()
    change = rows["score_after"] - rows["score_before"]
    # A number for each dot, not a colour: Plotly looks into every colour of a list.
    way = (change > 0.1).astype(int) - (change < -0.1).astype(int)
    inks = [[0, colours["match"]], [0.5, QUIET], [1, colours["mismatch"]]]
    chart = _with_diagonal()
    chart.add_scatter(
        x=rows["score_before"],
        y=rows["score_after"],
        mode="markers",
        marker={"size": 5, "opacity": 0.6, "color": way, "colorscale": inks, "cmin": -1, "cmax": 1},
        text=[as_label(listing_id) for listing_id in rows["listing_id"]],
        hovertemplate="%{text}: %{x:.1%} → %{y:.1%}<extra></extra>",
    )
    chart.update_layout(height=400, margin={"l": 0, "r": 8, "t": 8, "b": 0}, showlegend=False)
    for update, name in ((chart.update_xaxes, before), (chart.update_yaxes, after)):
        update(range=[-0.02, 1.03], tickformat=".0%", title=f"score of {as_label(name)}", nticks=6)
        update(zeroline=False)
    return chart


def _with_diagonal() -> go.Figure:
    """An empty chart with the line on which both axes agree."""
    line = {"color": QUIET, "width": 1, "dash": "dash"}
    return go.Figure(go.Scatter(x=[0, 1], y=[0, 1], mode="lines", hoverinfo="skip", line=line))


def error_bars(
    values: Sequence[float], lows: Sequence[float], highs: Sequence[float], ink: str
) -> dict[str, object]:
    """Error bars from `lows` to `highs`."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(high - value, 0) for value, high in zip(values, highs, strict=True)],
        "arrayminus": [max(value - low, 0) for value, low in zip(values, lows, strict=True)],
        "color": ink,
        "thickness": 1.5,
        "width": 3,
    }
