"""The plot of what unified recall gains over title recall."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.plots import QUIET, error_bars
from mmquality.pages.wording import count
from mmquality.pipeline.spaces import Measured

_ROW = 30  # pixels


def gains(rows: Sequence[tuple[str, Measured]]) -> go.Figure:
    """A bar per name, in the given order from the top: to the right a gain, to the left a loss."""
    inks = theme_colours()
    values = [measured.value for _, measured in rows]
    chart = go.Figure(
        go.Bar(
            x=values,
            y=[as_label(name) for name, _ in rows],
            orientation="h",
            marker={"color": [inks["match"] if value >= 0 else inks["mismatch"] for value in values]},
            error_x=error_bars(values, [m.low for _, m in rows], [m.high for _, m in rows], QUIET),
            customdata=[(m.low, m.high, count(m.queries, "listing")) for _, m in rows],
            hovertemplate="%{x:+.3f} (%{customdata[0]:+.3f} – %{customdata[1]:+.3f})<br>"
            "%{customdata[2]} asked<extra></extra>",
        )
    )
    chart.update_layout(
        height=_ROW * len(rows) + 44, margin={"l": 4, "r": 12, "t": 4, "b": 0}, bargap=0.4, showlegend=False
    )
    chart.update_xaxes(tickformat="+.2f", nticks=6, zeroline=True, zerolinecolor=QUIET)
    chart.update_yaxes(autorange="reversed", automargin=True, ticks="", showgrid=False)
    return chart
