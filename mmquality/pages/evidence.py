"""Below the verdict: what the photo looks like, what the title asks for, the neighbours, the history."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pages import history as histories
from mmquality.pages import links, neighbours, reasons
from mmquality.pages.asking import in_force
from mmquality.pages.components import (
    attributes,
    caption,
    distance_bar,
    notice,
    section,
    word_chips,
)
from mmquality.pages.escaping import as_html
from mmquality.pages.widgets import segments
from mmquality.pages.wording import count
from mmquality.pipeline.evidence import Evidence
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing, Neighbour, Space

_NEIGHBOURS = 10
_SHARED_SHOWN = 8
_SHOWN = "shown-beside"  # the listing shown last, and those beside it
_A_WHILE = 600  # seconds that evidence may lag behind an import
_SPACES = {"Unified": Space.UNIFIED, "Title": Space.TITLE, "Photo": Space.PHOTO}


def gather(catalogue: Catalogue, listing_id: str) -> Evidence | str:
    """The evidence for one listing, at most ten minutes old; where no index holds it, what to do."""
    try:
        return _evidence(catalogue, in_force(catalogue), listing_id)
    except (ModelFileError, UnknownListingError) as error:
        return str(error)


@st.cache_data(max_entries=200, ttl=_A_WHILE, show_spinner=False)
def _evidence(_catalogue: Catalogue, version: str, listing_id: str) -> Evidence:
    return _catalogue.evidence(listing_id)


def show(
    catalogue: Catalogue,
    listing: Listing,
    found: Evidence | str,
    queue: str,
    history: bool = True,
    unseen: bool = False,
) -> None:
    """All of it; without an index that holds the listing, what can be said without one.

    `history`: whether earlier labels and scores are shown, too; `unseen`: the scores alone.
    """
    if isinstance(found, str):
        notice("No neighbours to show", found)
        _facts(catalogue, listing, history, unseen)
        return
    _shared(catalogue, found, queue)
    left, right = st.columns(2, gap="medium")
    with left:
        _looks_like(catalogue, found, queue)
    with right:
        _asks_for(catalogue, found, queue)
    left, right = st.columns(2, gap="medium")
    with left:
        nearest = _near(catalogue, listing, queue)
    with right:
        _facts(catalogue, listing, history, unseen)
    sharers = (*found.unrelated_sharers[:_SHARED_SHOWN], *found.related_sharers[:_SHARED_SHOWN])
    near = (n.listing_id for n in (*found.photo_looks_like, *found.title_asks_for, *nearest))
    st.session_state[_SHOWN] = listing.listing_id, list(dict.fromkeys((*sharers, *near)))


def shown(listing_id: str) -> list[str]:
    """Ids of the listings that this visit saw beside a listing, if it is the one that was shown last."""
    shown_last, ids = st.session_state.get(_SHOWN, ("", []))
    return ids if shown_last == listing_id else []


def _looks_like(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section(
        "What the photo looks like",
        "The listings whose photos are most like this one, and what sets their titles apart.",
    )
    st.html(word_chips(found.looks_like, found.other_category, "no word sets their titles apart"))
    neighbours.rows(catalogue, "looks", found.photo_looks_like, _photo_figure, queue)


def _asks_for(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section(
        "What the title asks for",
        "Its words that the titles of such photos lack, and photos of the listings with titles most like it.",
    )
    st.html(word_chips(found.asks_for, "", "such photos are sold under all of its words"))
    listings = catalogue.store.listings_by_id(n.listing_id for n in found.title_asks_for)
    neighbours.strip(catalogue, listings, queue)


def _shared(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    """Who else shows this photo: unrelated titles speak against it, related ones are variants or copies."""
    for ids, one, several in (
        (found.unrelated_sharers, "an unrelated title", "unrelated titles"),
        (found.related_sharers, "a related title", "related titles"),
    ):
        if not ids:
            continue
        words = one if len(ids) == 1 else several
        section(
            f"This photo is also shown by {count(len(ids), 'listing')} with {words}",
            "The same file, or one that the photo encoder can hardly tell from it."
            + (f" Here are {_SHARED_SHOWN} of them." if len(ids) > _SHARED_SHOWN else ""),
        )
        neighbours.strip(catalogue, catalogue.store.listings_by_id(ids[:_SHARED_SHOWN]), queue)


def _near(catalogue: Catalogue, listing: Listing, queue: str) -> Sequence[Neighbour]:
    with st.container(key="near-head", horizontal=True, vertical_alignment="bottom", gap="small"):
        section(
            "Neighbours",
            "The nearest first, by title and photo together or by one of them. The longer a bar, the nearer.",
        )
        space = _SPACES[segments("Nearest by", list(_SPACES), "near")]
    nearest = catalogue.neighbours(listing.listing_id, space, _NEIGHBOURS)
    neighbours.rows(catalogue, "near", nearest, _near_figures(catalogue, listing, space, nearest), queue)
    st.page_link(
        links.COMPARE,
        label="Compare with title-only recall",
        icon=":material/compare_arrows:",
        query_params={"id": listing.listing_id},
        width="content",
    )
    return nearest


def _facts(catalogue: Catalogue, listing: Listing, history: bool, unseen: bool) -> None:
    section("What clicks say")
    _clicks(catalogue, listing)
    section("From the catalogue file")
    st.html(attributes(listing))
    if history:
        histories.show(catalogue, listing, unseen)


def _clicks(catalogue: Catalogue, listing: Listing) -> None:
    """Clicks against what its places would give."""
    report = catalogue.clicks.report()
    if report is None:
        caption("No impressions were imported: nothing is known of how often it was shown or clicked.")
        return
    standing = report.standing(listing.listing_id)
    told = [reasons.click_sentence(standing)]
    if standing.shown:
        told.append(reasons.ratio_sentence(standing))
    st.html("".join(f'<p class="mmq-verdict">{as_html(sentence)}</p>' for sentence in told))
    st.page_link(
        links.CLICKS,
        label="How clicks are read",
        icon=":material/ads_click:",
        query_params={"of": listing.listing_id},
        width="content",
    )


def _photo_figure(neighbour: Neighbour) -> str:
    return distance_bar("photo distance", neighbour.distance, neighbours.share(neighbour.distance))


def _near_figures(
    catalogue: Catalogue, listing: Listing, space: Space, nearest: Sequence[Neighbour]
) -> neighbours.Figures:
    """The distance in the space; beside title's or photo's the unified one."""
    if space is Space.UNIFIED:
        return neighbours.unified_figures
    ids = [neighbour.listing_id for neighbour in nearest]
    unified = dict(zip(ids, catalogue.distances(listing.listing_id, ids, Space.UNIFIED), strict=True))

    def figures(neighbour: Neighbour) -> str:
        told = ((space, neighbour.distance), (Space.UNIFIED, unified[neighbour.listing_id]))
        return "".join(distance_bar(f"{name} distance", far, neighbours.share(far)) for name, far in told)

    return figures
