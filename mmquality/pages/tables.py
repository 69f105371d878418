"""Tables of listings; a click on a row opens the listing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mmquality.pages import bulk, links
from mmquality.pages.escaping import plain
from mmquality.pages.photos import cell_photo
from mmquality.pages.wording import NOTHING, verdict
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RankedListing, short_of_the_ends

WRAPPING = 64  # pixels of a row; from 61 on the words of a cell wrap
_ROW_HEIGHT = 52


def ranking_table(catalogue: Catalogue, rows: Sequence[RankedListing], queue: str) -> None:
    """One page of the ranking as a table; while listings are being chosen, rows are ticked."""
    selecting = st.session_state.get(bulk.SELECTING, False)
    ids = [row.listing.listing_id for row in rows]
    label, title = (160, 250) if any(row.label for row in rows) else (60, 350)  # pixels
    st.caption("Tick rows to choose them." if selecting else "Select a row to open its listing.")
    chosen = st.dataframe(
        _ranking_frame(catalogue, rows),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            "photo": st.column_config.ImageColumn("Photo", width=64),
            "rank": st.column_config.NumberColumn("Rank", width=56, format="localized"),
            "title": st.column_config.TextColumn("Title", width=title),
            "score": st.column_config.ProgressColumn(
                "Mismatch", min_value=0, max_value=100, format="%.1f%%", width=124
            ),
            "label": st.column_config.TextColumn("Label", width=label),
            "category": st.column_config.TextColumn("Category", width=170),
            "price": st.column_config.NumberColumn("Price", format="%.2f", width=72),
            "shown": st.column_config.NumberColumn("Shown", width=62),
            "clicked": st.column_config.NumberColumn("Clicked", width=64),
            "id": st.column_config.TextColumn("Id", width=110),
        },
        placeholder=NOTHING,
        on_select="rerun",
        selection_mode="multi-row" if selecting else "single-row",
        selection_default={"selection": {"rows": _chosen_rows(ids) if selecting else []}},
        key=_key(ids, selecting),
        alt="Listings of the ranking, worst first",
    )
    picked = [ids[position] for position in chosen["selection"]["rows"]]
    if not selecting:
        for listing_id in picked:
            links.open_listing(listing_id, queue)
    elif picked != [ids[position] for position in _chosen_rows(ids)]:
        bulk.choose(picked, ids)
        st.rerun()  # the bar above counts them


def _chosen_rows(ids: Sequence[str]) -> list[int]:
    chosen = set(bulk.chosen())
    return [position for position, listing_id in enumerate(ids) if listing_id in chosen]


def _key(ids: Sequence[str], selecting: bool) -> str:
    """Another name for other rows: a selection is a position, and must never pass on to another listing."""
    return f"ranking-{'choose' if selecting else 'open'}-{hash(tuple(ids))}"


def _ranking_frame(catalogue: Catalogue, rows: Sequence[RankedListing]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "photo": [cell_photo(catalogue, row.listing) for row in rows],
            "rank": [row.rank for row in rows],
            "title": [plain(row.listing.title) for row in rows],
            "score": [100 * short_of_the_ends(row.score) for row in rows],
            "label": [verdict(row.label) if row.label else "" for row in rows],
            "category": [plain(row.listing.category or "") for row in rows],
            "price": [row.listing.price for row in rows],
            "shown": [row.listing.impressions for row in rows],
            "clicked": [row.listing.clicks for row in rows],
            "id": [row.listing.listing_id for row in rows],
        }
    )
    return frame if catalogue.clicks.exist() else frame.drop(columns=["shown", "clicked"])
