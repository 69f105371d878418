"""Neighbours of a listing as rows: a small photo, the title as a link, and how far away it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from mmquality.pages import links
from mmquality.pages.components import distance_bar
from mmquality.pages.photos import thumbnail
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing, Neighbour

Figures = Callable[[Neighbour], str]


def share(distance: float) -> float:
    """The length of a distance's bar: empty for 0 (the same), full from √2 (unrelated) on."""
    return distance / math.sqrt(2)


def rows(
    catalogue: Catalogue, name: str, neighbours: Sequence[Neighbour], figures: Figures, queue: str = ""
) -> None:
    """One row per neighbour; `figures` gives its HTML. `name` tells these rows from others on the page."""
    listings = catalogue.store.listings_by_id(n.listing_id for n in neighbours)
    for slot, neighbour in enumerate(neighbours):
        listing = listings.get(neighbour.listing_id)
        if listing is not None:
            _row(catalogue, f"row-{name}-{slot}", listing, figures(neighbour), queue)


def strip(
    catalogue: Catalogue,
    name: str,
    listings: Mapping[str, Listing],
    queue: str = "",
    page: Path = links.LISTING,
) -> None:
    """Listings as small cards with photo and title, three or more in a row; a card opens it on `page`."""
    with st.grid("auto", min_column_width=112, gap=8):
        for slot, listing in enumerate(listings.values()):
            with st.container(key=f"card-{name}-{slot}"):
                thumbnail(catalogue, listing)
                links.listing_link(listing.listing_id, listing.title, queue, page)


def unified_figures(neighbour: Neighbour, distance: float | None = None) -> str:
    """Unified embedding distance beside title similarity; `distance` where the neighbour has another one."""
    unified = neighbour.distance if distance is None else distance
    return distance_bar("unified distance", unified, share(unified)) + distance_bar(
        "title similarity", neighbour.title_similarity, neighbour.title_similarity
    )


def _row(catalogue: Catalogue, key: str, listing: Listing, figures: str, queue: str) -> None:
    with st.container(key=key, horizontal=True, vertical_alignment="center", wrap=False):
        thumbnail(catalogue, listing, width=46)
        links.listing_link(listing.listing_id, listing.title, queue)
        st.html(f'<div class="mmq-figures">{figures}</div>', width=222)
