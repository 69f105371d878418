"""The map as a plot: one dot per listing, drawn by the graphics card, and which dots a person marked."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.pages.charts import theme_colours
from mmquality.pages.escaping import plain
from mmquality.pages.filters import NO_CATEGORY
from mmquality.pages.plots import QUIET
from mmquality.pages.wording import count
from mmquality.records import LEAST_TOLD, MOST_TOLD

COLOURED_BY = ("Category", "Score", "Label")
_HUES = 6  # categories with a colour of their own, the theme's; all others stay quiet
_LARGE = 30_000  # listings; on a larger map …
_TITLE, _TITLE_LARGE = 70, 40  # … the pointer is told fewer characters of a title: all of them are sent
_HEIGHT = 720
_MARGIN = {"l": 0, "r": 0, "t": 36, "b": 156, "autoexpand": False}  # room for the tools, and for any legend
_CONFIG = {
    "displaylogo": False,
    "displayModeBar": True,
    "scrollZoom": True,
    "modeBarButtons": [["pan2d", "lasso2d", "select2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
}
_OTHERS = "Other categories"
_VERDICTS = {"": "No label", "match": "Match", "unsure": "Unsure", "mismatch": "Mismatch"}

Rows = npt.NDArray[np.int64]


def prepared(places: pd.DataFrame) -> pd.DataFrame:
    """The map with what the plot needs of each listing: `told`, its title as the pointer shows it, and
    `group`, its category where that is one of the largest."""
    category = places["category"].where(places["category"].notna(), "")
    largest = category.value_counts().index[:_HUES]
    group = category.where(category.isin(largest), None).replace("", NO_CATEGORY)
    most = _TITLE if len(places) <= _LARGE else _TITLE_LARGE
    told = [html.escape(_short(plain(title or ""), most), quote=False) for title in places["title"]]
    as_lists = pd.Series(told, places.index, object)  # else each look would turn a hundred thousand anew
    return places.assign(told=as_lists, group=group.astype(object))


def drawn(places: pd.DataFrame, colour: str, verdicts: Mapping[str, str]) -> tuple[go.Figure, list[Rows]]:
    """The plot and the rows of `places` in each of its traces; of a large map worth keeping."""
    traces = _groups(places, colour, verdicts)
    return figure(places, colour, traces), list(traces.values())


def show(chart: go.Figure, traces: list[Rows], colour: str) -> Rows:
    """Show what was `drawn`; gives the rows that are marked on it."""
    event = st.plotly_chart(
        chart,
        key=f"map-{colour}",
        on_select="rerun",
        selection_mode=("points", "lasso", "box"),
        config=_CONFIG,
        alt=f"Map of {count(sum(map(len, traces)), 'listing')}, coloured by {colour.lower()}",
    )
    return marked(event["selection"]["points"], traces)


def marked(points: list[dict[str, Any]], traces: list[Rows]) -> Rows:
    """The rows behind the points of a selection: each names its trace and its place there."""
    found = [traces[p["curve_number"]][p["point_index"]] for p in points]
    return np.unique(np.array(found, dtype=np.int64))


class _Kept(go.Figure):  # type: ignore[misc]
    """A figure that does not change any more: a hundred thousand dots are written as JSON once, not at every
    visit. What the pointer is told goes there at once: the figure would copy it, text by text, four times."""

    def __init__(self, traces: Sequence[go.Scattergl], told: Sequence[list[str]]) -> None:
        super().__init__(traces)
        self.__dict__["_told"] = told  # a figure's own attributes are those of a plot

    @cached_property
    def _once(self) -> dict[str, Any]:
        made: dict[str, Any] = super().to_dict()
        told = ({**trace, "text": told} for trace, told in zip(made["data"], self._told, strict=True))
        return made | {"data": [{name: _written(of) for name, of in trace.items()} for trace in told]}

    def to_dict(self) -> dict[str, Any]:
        return dict(self._once)


def _written(part: Any) -> orjson.Fragment:
    """A part of a trace as Plotly writes it: nothing in it can end the script of a page."""
    json = orjson.dumps(part)
    for unsafe, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"/", b"\\u002f")):
        json = json.replace(unsafe, escaped)
    return orjson.Fragment(json)


def figure(places: pd.DataFrame, colour: str, traces: Mapping[str, Rows]) -> go.Figure:
    """One WebGL trace for each group of rows."""
    x, y, told = (places[name].to_numpy() for name in ("x", "y", "told"))
    told_score = _told(places["score"].to_numpy(np.float32))
    chart = _Kept(
        [
            go.Scattergl(
                x=x[rows],
                y=y[rows],
                mode="markers",
                name=html.escape(_short(plain(name), _TITLE), quote=False),
                marker=_marker(places, colour, name, rows),
                legendrank=2_000 if name == _OTHERS else 1_000,  # drawn first, named last
                customdata=told_score[rows],
                hovertemplate="%{text}<br>mismatch %{customdata:.1%}<extra></extra>",
            )
            for name, rows in traces.items()
        ],
        [told[rows].tolist() for rows in traces.values()],
    )
    chart.update_layout(
        height=_HEIGHT,
        margin=_MARGIN,
        dragmode="pan",  # with the lasso in hand, Streamlit lets no press on a dot select it
        showlegend=colour != "Score",
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemsizing": "constant", "title": ""},
        hoverlabel={"align": "left"},
    )
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart


def _told(score: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scores that one decimal of a percentage calls 0 or 100% only where they are, as `short_of_the_ends`."""
    return np.where((score > 0) & (score < 1), score.clip(LEAST_TOLD, MOST_TOLD), score)


def _groups(places: pd.DataFrame, colour: str, verdicts: Mapping[str, str]) -> dict[str, Rows]:
    """Name → rows, what is drawn first coming first: the quiet ones lie below."""
    if colour == "Score":
        return {"Score": np.argsort(places["score"].to_numpy(), kind="stable")}
    if colour == "Label":
        verdict = np.array([verdicts.get(i, "") for i in places["listing_id"].tolist()], object)
        found = {word: np.flatnonzero(verdict == name) for name, word in _VERDICTS.items()}
    else:
        group = places["group"]
        names = list(group.value_counts().index)
        found = {_OTHERS: np.flatnonzero(group.isna().to_numpy())}
        found |= {name: np.flatnonzero((group == name).to_numpy()) for name in names}
    return {name: rows for name, rows in found.items() if len(rows)}


def _marker(places: pd.DataFrame, colour: str, name: str, rows: Rows) -> dict[str, Any]:
    inks = theme_colours()
    marker: dict[str, Any] = {"size": 6 if len(places) <= 5_000 else 4 if len(places) <= _LARGE else 3}
    if colour == "Score":
        scale = [[0, QUIET], [0.5, inks["unsure"]], [1, inks["mismatch"]]]
        bar = {
            "orientation": "h", "x": 0, "xanchor": "left", "y": -0.02, "yanchor": "top", "len": 0.5,
            "thickness": 10, "outlinewidth": 0, "tickformat": ".0%", "title": "mismatch score",
        }  # fmt: skip
        score = places["score"].to_numpy(np.float32)[rows]
        marker |= {"color": score, "colorscale": scale, "cmin": 0, "cmax": 1}
        return marker | {"colorbar": bar}
    if colour == "Label":
        verdict = next(key for key, word in _VERDICTS.items() if word == name)
        return marker | {"color": inks.get(verdict, QUIET), "opacity": 1 if verdict else 0.35}
    if name == _OTHERS:
        return marker | {"color": QUIET, "opacity": 0.5}
    theme = "dark" if st.context.theme.type == "dark" else "light"
    hues: list[str] = st.get_option(f"theme.{theme}.chartCategoricalColors")
    names = list(places["group"].value_counts().index)
    return marker | {"opacity": 0.8, "color": hues[names.index(name) % len(hues)]}


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
