"""The plots of an experiment: lifts with their intervals, and a difference as it was watched."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from mmquality.experiments.lift import Lift
from mmquality.experiments.watching import Course
from mmquality.pages.charts import as_label, theme_colours
from mmquality.pages.plots import QUIET, error_bars
from mmquality.pages.wording import count

_ROW = 36  # pixels


def lifts(rows: Sequence[Lift]) -> go.Figure:
    """A dot per arm with its interval, in the given order from the top: right of the line it does better.

    Rows without a lift are left out.
    """
    inks = theme_colours()
    chart = go.Figure()
    for row in rows:
        value, low, high = row.lift, row.low, row.high
        if value is None or low is None or high is None:
            continue
        ink = inks["match"] if low > 0 else inks["mismatch"] if high < 0 else QUIET
        chart.add_scatter(
            x=[value],
            y=[as_label(row.arm)],
            mode="markers",
            marker={"size": 10, "color": ink},
            error_x=error_bars([value], [low], [high], ink),
            customdata=[(low, high, row.rate, row.control)],
            hovertemplate="%{x:+.1%} (%{customdata[0]:+.1%} – %{customdata[1]:+.1%})<br>"
            "%{customdata[2]:.3%} against %{customdata[3]:.3%}<extra></extra>",
        )
        chart.add_annotation(_beside(value, row.arm))
    chart.add_vline(x=0, line={"color": QUIET, "width": 1})
    chart.update_layout(
        height=_ROW * len(rows) + 48, margin={"l": 4, "r": 64, "t": 4, "b": 0}, showlegend=False
    )
    chart.update_xaxes(tickformat="+.0%", nticks=6, zeroline=False)
    chart.update_yaxes(autorange="reversed", automargin=True, ticks="")
    return chart


def _beside(lift: float, arm: str) -> dict[str, object]:
    """The number at the right end of an arm's row."""
    where = {"y": as_label(arm), "x": 1, "xref": "paper", "xanchor": "left", "xshift": 8}
    return {"text": f"{lift:+.1%}", "showarrow": False, **where}


def course(found: Course) -> go.Figure:
    """The difference in clicks per visitor as visitors came, inside its confidence sequence."""
    inks = theme_colours()
    line = {"color": inks["neutral"], "width": 1}
    chart = go.Figure()
    chart.add_scatter(x=found.visitors, y=found.low, mode="lines", line=line, hoverinfo="skip")
    chart.add_scatter(
        x=found.visitors, y=found.high, mode="lines", line=line, fill="tonexty", hoverinfo="skip",
        fillcolor="rgba(106, 163, 170, 0.18)",
    )  # fmt: skip
    chart.add_scatter(
        x=found.visitors,
        y=found.difference,
        mode="lines",
        line={"color": inks["neutral"], "width": 2},
        customdata=list(zip(found.low, found.high, strict=True)),
        hovertemplate="after %{x:,} visitors: %{y:+.3f} (%{customdata[0]:+.3f} – %{customdata[1]:+.3f})"
        "<extra></extra>",
    )
    chart.add_hline(y=0, line={"color": QUIET, "width": 1})
    if found.decided_after is not None:
        chart.add_vline(x=found.decided_after, line={"color": inks["match"], "width": 1, "dash": "dash"})
    chart.update_layout(height=260, margin={"l": 4, "r": 12, "t": 8, "b": 0}, showlegend=False)
    chart.update_xaxes(title="visitors of both arms", nticks=6, tickformat=",d")
    chart.update_yaxes(title="clicks per visitor, difference", nticks=5, tickformat="+.2f", zeroline=False)
    last = max(abs(bound) for bound in (found.low[len(found.low) // 4], found.high[len(found.high) // 4]))
    chart.update_yaxes(range=[-1.2 * last, 1.2 * last])  # the first intervals are as wide as they like
    return chart


def course_in_words(found: Course, control: str) -> str:
    """When one could have stopped, and what the difference was then."""
    if found.decided_after is None or found.stopped is None:
        return f"{found.arm} and {control} were not told apart by {count(found.visitors[-1], 'visitor')}."
    return (
        f"One could have stopped after {count(found.decided_after, 'visitor')} of both arms, at "
        f"{found.stopped:+.3f} clicks a visitor, however often one had looked before."
    )
