"""Compare, one listing: what title-only and photo-only recall find beside unified recall."""

from __future__ import annotations

import random
from collections.abc import Sequence

import streamlit as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pages import neighbours
from mmquality.pages.components import caption, facts, notice, section
from mmquality.pages.escaping import as_markdown
from mmquality.pages.photos import thumbnail
from mmquality.pages.widgets import segments, text_filter
from mmquality.pages.wording import count
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.recall_lists import LOOKED_AT, Comparison
from mmquality.pipeline.spaces import read_report
from mmquality.records import Listing, Neighbour, Space
from mmquality.store import RankingQuery

_KS = ("5", "10", "20", "50")
_OFFERED = 8
_BESIDE = {"Title": (Space.TITLE,), "Photo": (Space.PHOTO,), "Both": (Space.TITLE, Space.PHOTO)}
_LISTS = {
    Space.TITLE: ("Title only", "Nearest by title embedding."),
    Space.PHOTO: ("Photo only", "Nearest by photo embedding."),
    Space.UNIFIED: ("Unified", "Nearest by the embedding of title and photo together."),
}


def show(catalogue: Catalogue) -> None:
    """The view."""
    listing_id = st.query_params.get("id") or catalogue.store.rank_neighbour(0, 1)
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        text = text_filter("Find a listing", "find", "its id, or words of its title")
        beside = segments("Beside unified", list(_BESIDE), "beside")
        k = int(segments("Neighbours", _KS, "k", default="10"))
        st.button(
            "Random listing", icon=":material/shuffle:", shortcut="X", on_click=_random, args=(catalogue,)
        )
        _next_that_differs(catalogue, listing_id)
    if text:
        _offer(catalogue, text)
    elif listing_id:
        _compare(catalogue, listing_id, _BESIDE[beside], k)


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
                st.html(thumbnail(catalogue, listing))
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


def _random(catalogue: Catalogue) -> None:
    ranked = catalogue.published_version().ranked
    _choose(catalogue.store.rank_neighbour(random.randrange(ranked), 1) or "")


def _next_that_differs(catalogue: Catalogue, listing_id: str | None) -> None:
    """On to the listing whose lists differ next most, where the catalogue was measured."""
    report = read_report(catalogue.workspace, catalogue.published_version().name)
    if report is None or not report.apart:
        return
    here = report.apart.index(listing_id) if listing_id in report.apart else -1
    following = report.apart[(here + 1) % len(report.apart)]
    st.button(
        "Next that differs", icon=":material/difference:", shortcut="N", on_click=_choose, args=(following,)
    )


def _compare(catalogue: Catalogue, listing_id: str, beside: Sequence[Space], k: int) -> None:
    try:
        listing = catalogue.store.listing(listing_id)
        found = catalogue.comparison(listing_id, k, beside)
    except (UnknownListingError, ModelFileError) as error:
        notice("Nothing to compare", str(error))
        return
    _asked(catalogue, listing, found, k, beside)
    first, *others = beside
    with st.grid("auto", min_column_width=330, gap=28, key=f"lists-{1 + len(beside)}"):
        for space in (first, Space.UNIFIED, *others):
            with st.container(gap="small"):
                section(*_LISTS[space])
                neighbours.rows(catalogue, space, found.lists[space], _figures(found, space, beside))


def _asked(
    catalogue: Catalogue, listing: Listing, found: Comparison, k: int, beside: Sequence[Space]
) -> None:
    """The listing that the lists answer, and how far they agree."""
    agreed: dict[str, object] = {
        f"overlap@{k} with {space}": f"{found.overlap(space)} of {len(found.lists[space])}"
        for space in beside
    }
    if len(beside) == 1:
        agreed |= {"entered": len(found.entered(beside[0])), "left": len(found.left(beside[0]))}
    neighbours.listing_rows("asked", [neighbours.row(catalogue, listing, facts(agreed))])


def _figures(found: Comparison, space: Space, beside: Sequence[Space]) -> neighbours.Figures:
    """A neighbour's place in the list of `space`, how it changes, and its two figures."""

    def html(neighbour: Neighbour) -> str:
        listing_id = neighbour.listing_id
        marks = _entry(found, neighbour, beside) if space is Space.UNIFIED else _exit(found, neighbour, space)
        return marks + neighbours.unified_figures(neighbour, found.distance[listing_id])

    return html


def _entry(found: Comparison, neighbour: Neighbour, beside: Sequence[Space]) -> str:
    """In the unified list: the place there, and the one in each space beside it.

    Beside one space alone, those that entered are marked; beside two, the places say it.
    """
    listing_id, place = neighbour.listing_id, f"#{neighbour.position}"
    return "".join(
        _mark(
            place if space is beside[0] else "",
            "entered" if len(beside) == 1 and listing_id in found.entered(space) else "",
            found.rise(listing_id, space),
            f"{space} {_place(found, listing_id, space)}",
        )
        for space in beside
    )


def _exit(found: Comparison, neighbour: Neighbour, space: Space) -> str:
    """In another space's list: the place there, and the one in the unified space."""
    listing_id = neighbour.listing_id
    return _mark(
        f"#{neighbour.position}",
        "left" if listing_id in found.left(space) else "",
        found.rise(listing_id, space),
        f"unified {_place(found, listing_id, Space.UNIFIED)}",
    )


def _mark(place: str, word: str, rise: int | None, other: str) -> str:
    badge = f"<b>{word}</b>" if word else ""
    return f'<p class="mmq-mark mmq-{word or "stays"}">{place}{badge}{_arrow(rise)}<span>{other}</span></p>'


def _arrow(rise: int | None) -> str:
    """Up or down, and by how many places."""
    if rise is None:
        return ""
    way, arrow, words = ("up", "▲", "nearer") if rise > 0 else ("down", "▼", "further")
    if not rise:
        return '<i title="the same place">=</i>'
    return f'<i class="mmq-{way}" title="{count(abs(rise), "place")} {words}">{arrow} {abs(rise):,}</i>'


def _place(found: Comparison, listing_id: str, space: Space) -> str:
    place = found.places[space].get(listing_id)
    return f"> {LOOKED_AT:,}" if place is None else f"#{place:,}"
