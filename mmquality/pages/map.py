"""Map: the unified space in two dimensions; who lies where, and what is in a part one marks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from mmquality.pages import jobs, links, map_plot, neighbours, session
from mmquality.pages.components import caption, facts, header, notice, section
from mmquality.pages.widgets import segments
from mmquality.pages.wording import count, percent
from mmquality.pipeline.mapping import MOST, load_map, map_path
from mmquality.pipeline.reading import Catalogue
from mmquality.records import FLAGGED

_SHOWN = 12  # photos of a selection


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    version = catalogue.published_version()
    path = map_path(catalogue.workspace, version.name)
    if not path.exists():
        header("Map", f"model {version.name}")
        notice(
            "The map of this model is not drawn yet",
            "It shows every listing beside those that the model takes for like it. Drawing it takes a minute "
            "or two, here or with the command:",
            session.commands("map"),
        )
        jobs.offer(catalogue.workspace, "map", ["map"], "Draw the map")
        return
    written = path.stat().st_mtime_ns
    places = _places(catalogue, str(path), written, version.gone)
    sampled = ""
    if len(places) < version.ranked:  # a sample of very many, or all there were when it was drawn
        sampled = f"{'a random ' if len(places) >= MOST else ''}{len(places):,} of "
    header("Map", f"{sampled}{count(version.ranked, 'listing')}", f"model {version.name}")
    with st.container(key="map-bar", horizontal=True, vertical_alignment="center"):
        colour = segments("Colour", list(map_plot.COLOURED_BY), "colour")
        caption("Near means alike; how far apart groups lie says little. Press a dot, or mark several.")
    left, right = st.columns([5, 2], gap="medium")
    with left:
        events = catalogue.store.label_events() if colour == "Label" else None
        dark, database = st.context.theme.type == "dark", catalogue.workspace.database_url
        drawn = _drawn(catalogue, str(path), written, version.gone, colour, dark, database, events)
        chosen = map_plot.show(*drawn, colour)
    with right:
        _selection(catalogue, places.iloc[chosen])


@st.cache_resource(max_entries=2, show_spinner="Reading the map …")
def _places(_catalogue: Catalogue, path: str, written: int, gone: int) -> pd.DataFrame:
    """The map as it was `written`, shared by all visits: to be read only. Without the listings that have
    `gone` from the ranking, so many."""
    places = load_map(Path(path))
    if gone:
        left = _catalogue.store.moved(_catalogue.published_version().name).gone
        places = places[~places["listing_id"].isin(left)].reset_index(drop=True)
    return map_plot.prepared(places)


@st.cache_resource(max_entries=3, show_spinner="Drawing the map …")
def _drawn(
    _catalogue: Catalogue,
    path: str,
    written: int,
    gone: int,
    colour: str,
    dark: bool,
    database: str,
    events: tuple[int, int] | None,
) -> tuple[go.Figure, list[map_plot.Rows]]:
    """The map in a theme's colours and after so many labels, shared by all visits."""
    verdicts = _catalogue.store.verdicts() if colour == "Label" else {}
    return map_plot.drawn(_places(_catalogue, path, written, gone), colour, verdicts)


def _selection(catalogue: Catalogue, chosen: pd.DataFrame) -> None:
    if chosen.empty:
        section(
            "Nothing selected",
            "Press a dot to see its listing. With the lasso or the box above the map, mark a part of it to "
            "see what is in it.",
        )
        return
    if len(chosen) == 1:
        section("1 listing selected", "The card opens it.")
        st.html(facts({"mismatch score": percent(float(chosen["score"].iloc[0]))}))
    else:
        _together(catalogue, chosen)
    worst = chosen.nlargest(_SHOWN, "score")
    neighbours.strip(catalogue, catalogue.store.listings_by_id(worst["listing_id"]))


def _together(catalogue: Catalogue, chosen: pd.DataFrame) -> None:
    """What several listings have in common, and the way to all of them."""
    section(count(len(chosen), "listing") + " selected", "The worst of them; a card opens its listing.")
    flagged = int((chosen["score"] >= FLAGGED).sum())
    st.html(
        facts(
            {
                f"score {percent(FLAGGED)} or more": flagged,
                "mean score": percent(float(chosen["score"].mean())),
            }
        )
    )
    if st.button("Open as a ranking", icon=":material/format_list_numbered:", type="primary"):
        among = catalogue.store.keep_selection(list(chosen["listing_id"]))
        st.switch_page(links.RANKING, query_params={"among": among})


show(session.catalogue())
