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
    """The length of a distance's bar, the longer the nearer: full for 0 (the same), empty from √2 on."""
    return 1 - distance / math.sqrt(2)


def rows(
    catalogue: Catalogue, name: str, neighbours: Sequence[Neighbour], figures: Figures, queue: str = ""
) -> None:
    """One row per neighbour; `figures` gives its HTML. `name` tells these rows from others on the page."""
    listings = catalogue.store.listings_by_id(n.listing_id for n in neighbours)
    found = [(listings[n.listing_id], n) for n in neighbours if n.listing_id in listings]
    listing_rows(name, [row(catalogue, listing, figures(n), queue) for listing, n in found])


def row(catalogue: Catalogue, listing: Listing, figures: str = "", queue: str = "") -> str:
    """One listing as HTML: its photo, its title as a link, and `figures` (HTML) beside it."""
    link = links.listing_link(listing.listing_id, listing.title, queue)
    told = f'<div class="mmq-figures">{figures}</div>' if figures else ""
    return f"{thumbnail(catalogue, listing)}{link}{told}"


def listing_rows(name: str, rows: Sequence[str]) -> None:
    """Rows as one element of the page: each is a link as a whole. `name` tells these rows from others."""
    told = "".join(f'<div class="mmq-row">{row}</div>' for row in rows)
    st.html(f'<div class="mmq-rows mmq-rows-{name}">{told}</div>')


def strip(
    catalogue: Catalogue,
    listings: Mapping[str, Listing],
    queue: str = "",
    page: Path = links.LISTING,
) -> None:
    """Listings as small cards with photo and title, three or more in a row; a card opens it on `page`."""
    cards(
        [
            thumbnail(catalogue, listing) + links.listing_link(listing.listing_id, listing.title, queue, page)
            for listing in listings.values()
        ]
    )


def cards(cards: Sequence[str], width: int = 112, gap: int = 8) -> None:
    """Cards as one element of the page, each at least `width` pixels wide and a link as a whole."""
    told = "".join(f'<div class="mmq-card">{card}</div>' for card in cards)
    st.html(f'<div class="mmq-cards" style="--mmq-width:{width}px;gap:{gap}px">{told}</div>')


def unified_figures(neighbour: Neighbour, distance: float | None = None) -> str:
    """Unified embedding distance beside title similarity; `distance` where the neighbour has another one."""
    unified = neighbour.distance if distance is None else distance
    return distance_bar("unified distance", unified, share(unified)) + distance_bar(
        "title similarity", neighbour.title_similarity, neighbour.title_similarity
    )
