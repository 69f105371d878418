"""Compare: title-only and photo-only recall beside unified recall, for one listing or a whole catalogue."""

from __future__ import annotations

import streamlit as st

from mmquality.pages import compare_catalogue, compare_listing, session
from mmquality.pages.components import header
from mmquality.pages.widgets import segments
from mmquality.pipeline.reading import Catalogue

VIEWS = {"One listing": compare_listing.show, "Whole catalogue": compare_catalogue.show}


def show(catalogue: Catalogue) -> None:
    """The whole page; its views are drawn one at a time."""
    header("Compare", "title-only recall beside unified recall")
    with st.container(key="compare-views"):
        view = segments("Show", list(VIEWS), "of")
    VIEWS[view](catalogue)


show(session.catalogue())
