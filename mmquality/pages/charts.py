"""The dashboard's plots (Plotly); colours that carry meaning are the verdicts' own, in light and dark."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

_BAR = 34  # pixels per bar, with its gap
_NAME_WIDTH = 26  # characters in a line of a bar's name
COLOURS = {
    "light": {"mismatch": "#b4433b", "match": "#2f7d5b", "unsure": "#c08a1e", "neutral": "#2a6f77"},
    "dark": {"mismatch": "#e58a80", "match": "#79c2a0", "unsure": "#dcb75f", "neutral": "#6db7bf"},
}


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, and what its colour means (a key of `COLOURS`)."""

    name: str
    length: int
    meaning: str = "neutral"


def theme_colours() -> dict[str, str]:
    """The colours that carry meaning, in the theme in use."""
    return COLOURS["dark" if st.context.theme.type == "dark" else "light"]


def show_bars(bars: Sequence[Bar], key: str, alt: str) -> None:
    """Horizontal bars with their numbers, in the given order from the top."""
    st.plotly_chart(figure(bars), key=key, alt=alt, config={"displayModeBar": False, "staticPlot": True})


def figure(bars: Sequence[Bar]) -> go.Figure:
    """The figure of `show_bars`."""
    colours = theme_colours()
    chart = go.Figure(
        go.Bar(
            x=[bar.length for bar in bars],
            y=[as_label(bar.name) for bar in bars],
            text=[f"{bar.length:,}" for bar in bars],
            marker_color=[colours[bar.meaning] for bar in bars],
            orientation="h",
            textposition="outside",
            cliponaxis=False,
        )
    )
    chart.update_layout(
        height=_BAR * len(bars) + 16, margin={"l": 0, "r": 48, "t": 4, "b": 4}, bargap=0.38, showlegend=False
    )
    chart.update_xaxes(visible=False)
    chart.update_yaxes(autorange="reversed", showgrid=False, ticks="", automargin=True)
    return chart


def as_label(name: str) -> str:
    """`name` on at most two lines, for an axis. Plotly understands some HTML in texts; a name is none."""
    lines = textwrap.wrap(name, _NAME_WIDTH, max_lines=2, placeholder=" …") or [""]
    return "<br>".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in lines)
