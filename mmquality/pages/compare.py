"""Compare: what title-only recall finds for a listing beside what the unified embedding finds."""

from __future__ import annotations

import streamlit as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pages import links, neighbours, session
from mmquality.pages.components import caption, distance_bar, facts, header, notice, section
from mmquality.pages.escaping import as_markdown
from mmquality.pages.neighbours import share, title_distance
from mmquality.pages.photos import thumbnail
from mmquality.pages.widgets import segments, text_filter
from mmquality.pages.wording import count
from mmquality.pipeline.reading import Catalogue, Comparison
from mmquality.records import Listing, Neighbour, Space
from mmquality.store import RankingQuery

_KS = ("5", "10", "20", "50")
_OFFERED = 8


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    listing_id = st.query_params.get("id") or catalogue.store.rank_neighbour(0, 1)
    header("Compare", "title-only recall beside unified recall")
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        text = text_filter("Find a listing", "find", "its id, or words of its title")
        k = int(segments("Neighbours", _KS, "k", default="10"))
    if text:
        _offer(catalogue, text)
    elif listing_id:
        _compare(catalogue, listing_id, k)


def _offer(catalogue: Catalogue, text: str) -> None:
    """Listings to choose from: the one with this id, then those whose titles hold the words."""
    by_id = catalogue.store.listings_by_id([text.strip()])
    found = catalogue.store.ranking_page(RankingQuery(text=text), 1, _OFFERED)
    offered = by_id | {row.listing.listing_id: row.listing for row in found.rows}
    if not offered:
        notice(
            "No listing found", f"No listing has the id {text.strip()!r} or all of these words in its title."
        )
        return
    shown = f", the worst {_OFFERED} of them here" if found.total > _OFFERED else ""
    words = (
        f"{count(found.total, 'title')} with these words{shown}"
        if found.total
        else "The listing with this id"
    )
    caption(f"{words}; choose one")
    with st.grid("auto", min_column_width=130, gap=8):
        for slot, listing in enumerate(offered.values()):
            with st.container(key=f"card-offer-{slot}"):
                thumbnail(catalogue, listing)
                st.button(
                    as_markdown(listing.title),
                    key=f"choose-{slot}",
                    type="tertiary",
                    wrap=True,
                    on_click=_choose,
                    args=(listing.listing_id,),
                )


def _choose(listing_id: str) -> None:
    st.session_state["find"] = ""
    st.query_params["id"] = listing_id


def _compare(catalogue: Catalogue, listing_id: str, k: int) -> None:
    try:
        listing = catalogue.store.listing(listing_id)
        found = catalogue.comparison(listing_id, k)
        by_title = [n.listing_id for n in found.title]
        distances = catalogue.distances(listing_id, by_title, Space.UNIFIED)
        unified = dict(zip(by_title, distances, strict=True))
    except (UnknownListingError, ModelFileError) as error:
        notice("Nothing to compare", str(error))
        return
    _asked(catalogue, listing, found, k)
    left, right = st.columns(2, gap="medium")
    with left:
        section("Title only", "Nearest by title embedding.")
        neighbours.rows(
            catalogue, "title", found.title,
            lambda n: _mark(n, found.left, "left", found.unified) + _figures(unified[n.listing_id], n),
        )  # fmt: skip
    with right:
        section("Unified", "Nearest by the embedding of title and photo together.")
        neighbours.rows(
            catalogue, "unified", found.unified,
            lambda n: _mark(n, found.entered, "entered", found.title) + _figures(n.distance, n),
        )  # fmt: skip


def _asked(catalogue: Catalogue, listing: Listing, found: Comparison, k: int) -> None:
    """The listing that both lists answer, and how far they agree."""
    with st.container(key="row-asked", horizontal=True, vertical_alignment="center"):
        thumbnail(catalogue, listing, width=46)
        links.listing_link(listing.listing_id, listing.title)
        agreed = {
            f"overlap@{k}": f"{found.overlap} of {len(found.title)}",
            "entered": len(found.entered),
            "left": len(found.left),
        }
        st.html(facts(agreed), width=270)


def _mark(neighbour: Neighbour, alone: set[str], word: str, others: list[Neighbour]) -> str:
    """The neighbour's place, and whether only this list has it or which place it has in the other one."""
    if neighbour.listing_id in alone:
        return f'<p class="mmq-mark mmq-{word}">#{neighbour.position} <b>{word}</b></p>'
    other = next(n.position for n in others if n.listing_id == neighbour.listing_id)
    return f'<p class="mmq-mark">#{neighbour.position}, in the other list #{other}</p>'


def _figures(unified: float, neighbour: Neighbour) -> str:
    by_title = title_distance(neighbour)
    return distance_bar("unified distance", unified, share(unified)) + distance_bar(
        "title distance", by_title, share(by_title)
    )


show(session.catalogue())
