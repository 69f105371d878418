"""The plot of a model's health: scores of new listings beside those of the listings trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from mmquality.pages.charts import theme_colours
from mmquality.pages.plots import QUIET


def scores(shares: Mapping[str, Sequence[float]]) -> go.Figure:
    """Two outlines over 0…1: share of the listings in each bin, "trained" and "new"."""
    inks = {"trained": QUIET, "new": theme_colours()["neutral"]}
    chart = go.Figure()
    for name, ink in inks.items():
        heights = shares[name]
        chart.add_scatter(
            x=[(n + 0.5) / len(heights) for n in range(len(heights))],
            y=list(heights),
            mode="lines",
            line={"color": ink, "width": 2, "shape": "hvh"},
            name=name,
            hovertemplate=f"{name}, score %{{x:.0%}}: %{{y:.1%}}<extra></extra>",
        )
    chart.update_layout(height=220, margin={"l": 0, "r": 8, "t": 6, "b": 0}, showlegend=False)
    chart.update_xaxes(range=[0, 1], tickformat=".0%", nticks=6, title="score")
    chart.update_yaxes(rangemode="tozero", tickformat=".0%", nticks=4, automargin=True)
    return chart
