"""Where the pages lie, and the links between them: a listing's address is `/listing?id=…&queue=…`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from mmquality.pages.escaping import as_html

_HERE = Path(__file__).parent
OVERVIEW = _HERE / "overview.py"
RANKING = _HERE / "ranking.py"
REVIEW = _HERE / "review.py"
LISTING = _HERE / "listing.py"
COMPARE = _HERE / "compare.py"
EXPERIMENTS = _HERE / "experiments.py"
MAP = _HERE / "map.py"
LABELS = _HERE / "labels.py"
CLICKS = _HERE / "clicks.py"
IMPORTS = _HERE / "imports.py"
MODELS = _HERE / "models.py"
DISAGREEMENTS = "Disagreements"  # the order of the review's queue that holds nothing else

Params = dict[str, str | list[str]]


def listing_params(listing_id: str, queue: str = "") -> Params:
    """The query parameters of a listing's page; `queue` holds the filters the analyst is working through."""
    return {"id": listing_id, "queue": queue} if queue else {"id": listing_id}


def listing_link(listing_id: str, title: str, queue: str = "", page: Path = LISTING) -> str:
    """A link to a listing's page (or another page about it), worded with its title, as HTML."""
    return link(page, listing_params(listing_id, queue), title)


def link(page: Path, params: Params, words: str) -> str:
    """A link to a page as HTML: many of them are one element; browser.js follows it within the visit."""
    place = "." if page == RANKING else page.stem  # relative, below whatever path the dashboard is served
    address = f"{place}?{urlencode(params, doseq=True)}"
    return f'<a class="mmq-link" href="{as_html(address)}">{as_html(words)}</a>'


def similar_link(listing_id: str) -> None:
    """A link from a listing to those most like it, in the order of the ranking."""
    st.page_link(
        RANKING,
        label="Similar listings in the ranking",
        icon=":material/filter_list:",
        query_params={"like": listing_id},
        width="content",
    )


def go_on_to(listing_id: str) -> None:
    """On a listing's page, for a callback: the run that follows shows this listing instead."""
    st.query_params["id"] = listing_id


def open_listing(listing_id: str, queue: str = "") -> None:
    """From another page, go to a listing's now; the rest of the running page is not shown."""
    st.switch_page(LISTING, query_params=listing_params(listing_id, queue))
