"""Plots of the overview: the scores with the threshold, and labels per day and analyst."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.overview_figures import DAYS
from mmquality.pages.plots import QUIET
from mmquality.pages.wording import count, percent

_ANALYSTS = ("primaryColor", "violetColor", "orangeColor", "blueColor", "yellowColor")  # told apart by colour
_OTHERS = "others"
_LEFT, _RIGHT = 64, 20  # pixels beside the chart; the slider below keeps them, too (style.css)
_DAY = 24 * 3600 * 1000  # milliseconds, the unit of a time axis
_TICKS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


def scores(histogram: pd.DataFrame, threshold: int) -> go.Figure:
    """The score histogram (low, high, count) with the threshold (per cent); what is flagged has its colour.

    Heights are logarithms, or the crowd of good listings would hide everything else.
    """
    colours = theme_colours()
    low, number = histogram["low"].to_numpy(), histogram["count"].to_numpy()
    is_flagged = np.rint(100 * low) >= threshold
    chart = go.Figure(
        go.Bar(
            x=100 * (low + histogram["high"].to_numpy()) / 2,
            y=np.log1p(number),
            width=1,
            marker={"color": np.where(is_flagged, colours["mismatch"], QUIET), "line": {"width": 0}},
            opacity=0.75,
            customdata=[
                (100 * a, 100 * b, count(int(n), "listing"))
                for a, b, n in zip(low, histogram["high"], number, strict=True)
            ],
            hovertemplate="score %{customdata[0]:.0f}% – %{customdata[1]:.0f}%: "
            "%{customdata[2]}<extra></extra>",
        )
    )
    chart.add_vline(x=threshold, line={"color": colours["mismatch"], "width": 2})
    right = threshold <= 60
    chart.add_annotation(
        text=f"flagged: {threshold}% or more", x=threshold, y=1, yref="paper", yanchor="top",
        xanchor="left" if right else "right", xshift=6 if right else -6, showarrow=False,
        font={"color": colours["mismatch"]},
    )  # fmt: skip
    chart.update_layout(
        height=250, margin={"l": _LEFT, "r": _RIGHT, "t": 4, "b": 0}, bargap=0, showlegend=False
    )
    chart.update_yaxes(
        tickvals=np.log1p(_TICKS), ticktext=[f"{tick:,}" for tick in _TICKS], ticks="",
        range=[0, 1.08 * np.log1p(max(number.max(), 1))], zeroline=False, title="listings, log scale",
    )  # fmt: skip
    chart.update_xaxes(
        range=[0, 100], showgrid=False, zeroline=False, title={"text": "mismatch score", "standoff": 6},
        tickvals=list(range(0, 101, 20)), ticktext=[f"{tick}%" for tick in range(0, 101, 20)],
    )  # fmt: skip
    return chart


def labels(days: pd.DataFrame, today: date) -> go.Figure:
    """Labels (day, analyst, labels) of the last 30 days, one stacked bar per day."""
    by_analyst = days.groupby("analyst")["labels"].sum().sort_values(ascending=False, kind="stable")
    named = list(by_analyst.index[: len(_ANALYSTS)])
    days = days.assign(analyst=days["analyst"].where(days["analyst"].isin(named), _OTHERS))
    chart = go.Figure()
    theme = "dark" if st.context.theme.type == "dark" else "light"
    inks = [st.get_option(f"theme.{theme}.{colour}") for colour in _ANALYSTS[: len(named)]]
    for analyst, ink in zip([*named, _OTHERS], [*inks, QUIET], strict=True):
        part = days[days["analyst"] == analyst].groupby("day")["labels"].sum()
        if part.empty:
            continue
        chart.add_bar(
            x=list(part.index), y=part.tolist(), name=as_label(analyst), marker_color=ink, width=0.7 * _DAY,
            hovertemplate="%{x|%-d %b}: %{y:,}<extra>" + as_label(analyst) + "</extra>",
        )  # fmt: skip
    chart.update_layout(
        height=230, margin={"l": 0, "r": 8, "t": 8, "b": 0}, barmode="stack", showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )  # fmt: skip
    half = timedelta(hours=12)
    first = pd.Timestamp(today) - timedelta(days=DAYS - 1)
    chart.update_xaxes(
        type="date", range=[first - half, pd.Timestamp(today) + half], tickformat="%-d %b", showgrid=False
    )
    few = days.groupby("day")["labels"].sum().max() < 5  # else ticks at halves, told as whole numbers
    chart.update_yaxes(
        rangemode="tozero", nticks=5, dtick=1 if few else None, tickformat=",d", automargin=True
    )
    return chart


def told(histogram: pd.DataFrame, threshold: int, flagged: int) -> str:
    """The histogram in words, for those who do not see it."""
    total = int(histogram["count"].sum())
    share = percent(flagged / total) if total else "none"
    return f"Histogram of {total:,} mismatch scores; {flagged:,} ({share}) are {threshold}% or more"
