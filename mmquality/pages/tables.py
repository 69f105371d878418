"""Tables of listings; a click on a row opens the listing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mmquality.pages import links
from mmquality.pages.escaping import plain
from mmquality.pages.photos import cell_photo
from mmquality.pages.wording import verdict
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RankedListing

_ROW_HEIGHT = 52


def ranking_table(catalogue: Catalogue, rows: Sequence[RankedListing], queue: str) -> None:
    """One page of the ranking as a table."""
    st.caption("Select a row to open its listing.")
    chosen = st.dataframe(
        _ranking_frame(catalogue, rows),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            "photo": st.column_config.ImageColumn("Photo", width=64),
            "rank": st.column_config.NumberColumn("Rank", width=64, format="localized"),
            "title": st.column_config.TextColumn("Title", width=250),
            "score": st.column_config.ProgressColumn(
                "Mismatch", min_value=0, max_value=100, format="%.0f%%", width=130
            ),
            "label": st.column_config.TextColumn("Label", width=165),
            "category": st.column_config.TextColumn("Category", width=130),
            "price": st.column_config.NumberColumn("Price", format="%.2f", width=80),
            "shown": st.column_config.NumberColumn("Shown", width=70),
            "clicked": st.column_config.NumberColumn("Clicked", width=70),
            "id": st.column_config.TextColumn("Id", width=110),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="ranking-table",
        alt="Listings of the ranking, worst first",
    )
    for position in chosen["selection"]["rows"]:
        links.open_listing(rows[position].listing.listing_id, queue)


def _ranking_frame(catalogue: Catalogue, rows: Sequence[RankedListing]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "photo": [cell_photo(catalogue, row.listing) for row in rows],
            "rank": [row.rank for row in rows],
            "title": [plain(row.listing.title) for row in rows],
            "score": [100 * row.score for row in rows],
            "label": [verdict(row.label) if row.label else "" for row in rows],
            "category": [plain(row.listing.category or "") for row in rows],
            "price": [row.listing.price for row in rows],
            "shown": [row.listing.impressions for row in rows],
            "clicked": [row.listing.clicks for row in rows],
            "id": [row.listing.listing_id for row in rows],
        }
    )
