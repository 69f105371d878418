"""Ranking: the catalogue, worst first, as a gallery or a table; its address says exactly what is shown."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import streamlit as st

from mmquality.errors import ModelFileError
from mmquality.pages import bulk, links, neighbours, session, verdicts
from mmquality.pages.asking import in_force, query_of
from mmquality.pages.components import caption, header, label_badge, notice, score_bar
from mmquality.pages.escaping import as_html
from mmquality.pages.filter_bar import clear, filter_bar, first_page
from mmquality.pages.filters import SIZES, SORTS, VIEWS, Filters
from mmquality.pages.photos import thumbnail
from mmquality.pages.tables import ranking_table
from mmquality.pages.widgets import pages, segments
from mmquality.pages.wording import scored_by
from mmquality.pipeline.evidence import Glance
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing, RankedListing, Role
from mmquality.store import RankingPage

PAGE_SIZE = 48  # fills whole rows of 2, 3, 4, 6, 8 or 12 photos
_PAGE_SIZES = {"Small": PAGE_SIZE, "Large": 24}
_CARD_WIDTHS = {"Small": 164, "Large": 330}  # pixels, at least
_GAP = 12  # pixels
_NUMBERS = {"price": "price", "impressions": "times shown", "clicks": "times clicked"}  # to order by
_A_WHILE = 600  # seconds that the evidence on cards may lag behind an import


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    verdicts.say_what_was_saved()
    _header(catalogue)
    filters = filter_bar(catalogue)
    query, size = query_of(catalogue, filters), _PAGE_SIZES[_photo_size()]
    found = catalogue.store.ranking_page(query, filters.page, size)
    if not found.total:
        _nothing_found()
        return
    filters = _page_bar(found, filters, size)
    if not found.rows:  # the address named a page past the end
        found = catalogue.store.ranking_page(query, filters.page, size)
    rows = _without_unseen(catalogue, found.rows)
    bulk.bar(catalogue, query, found.total, found.version.name if found.version else "")
    if filters.view == "Table":
        ranking_table(catalogue, rows, filters.address())
    else:
        _gallery(catalogue, rows, filters)


def _without_unseen(catalogue: Catalogue, rows: list[RankedListing]) -> list[RankedListing]:
    """The rows, without the verdict on what the analyst has to judge a second time, unseen."""
    unseen = catalogue.store.judged_unseen(session.analyst())
    return [replace(row, label=None) if row.listing.listing_id == unseen else row for row in rows]


def _photo_size() -> str:
    """How large the photos are, which the page bar asks once the number of pages is known."""
    asked = str(st.session_state.get("size") or st.query_params.get("size"))
    return asked if asked in SIZES else SIZES[0]


def _header(catalogue: Catalogue) -> None:
    version = catalogue.version
    left_out = catalogue.store.unscored_count()
    header(
        "Ranking",
        *(scored_by(version) if version else ()),
        f"{left_out:,} imported since, not scored yet: run mmquality encode, then arrive" if left_out else "",
    )


def _page_bar(found: RankingPage, filters: Filters, size: int) -> Filters:
    """How many were found, and the way through them."""
    count_pages = math.ceil(found.total / size)
    with st.container(key="pages", horizontal=True, vertical_alignment="center"):
        first = (min(filters.page, count_pages) - 1) * size + 1
        last = min(first + size - 1, found.total)
        total = f"the first {found.total:,} or more" if found.more else f"{found.total:,}"
        shown = f"{first:,}–{last:,} of {total}"
        caption(f"{shown} that pass the filters" if filters.narrowed else shown)
        if filters.narrowed:
            _clear_button("tertiary")
        st.page_link(
            links.REVIEW, label="Review these", icon=":material/rule:", width="content",
            query_params={"queue": filters.shared().address()},
        )  # fmt: skip
        if session.visitor().may(Role.ANALYST):
            st.toggle("Select", key=bulk.SELECTING, help="Tick listings to give many of them one verdict")
        photos = segments("Photos", SIZES, "size", first_page)
        view = segments("View", VIEWS, "view")
        page = pages(count_pages, "page", bound=True)
    return replace(filters, page=page, view=view, size=photos)


def _nothing_found() -> None:
    notice("No listing passes these filters", "Loosen a filter, or see the whole ranking again.")
    _clear_button("secondary")


def _clear_button(kind: Literal["secondary", "tertiary"]) -> None:
    st.button("Clear the filters", on_click=clear, icon=":material/filter_alt_off:", type=kind)


def _gallery(catalogue: Catalogue, rows: list[RankedListing], filters: Filters) -> None:
    glances, queue = _glances(catalogue, rows), filters.address()
    large, selecting = filters.size == "Large", st.session_state.get(bulk.SELECTING, False)
    shown = [
        (
            row.listing,
            thumbnail(catalogue, row.listing, large),
            _card_facts(row, filters.sort, glances.get(row.listing.listing_id)),
        )
        for row in rows
    ]
    if not selecting:
        cards = [photo + links.listing_link(x.listing_id, x.title, queue) + told for x, photo, told in shown]
        neighbours.cards(cards, _CARD_WIDTHS[filters.size], _GAP)
        return
    with st.grid("auto", min_column_width=_CARD_WIDTHS[filters.size], gap=_GAP):
        for slot, (listing, photo, told) in enumerate(shown):
            with st.container(key=f"card-{slot}"):
                st.html(photo + told)
                bulk.checkbox(listing.listing_id, listing.title)


def _card_facts(row: RankedListing, sort: str, glance: Glance | None) -> str:
    badge = label_badge(row.label, with_reason=False) or as_html(row.listing.category or "")
    return (
        f'<div class="mmq-card-facts">{score_bar(row.score)}'
        f'<div class="mmq-card-line"><span>{badge}</span><span>#{row.rank:,}</span></div>'
        f"{_ordered_by(row.listing, sort)}{_at_a_glance(glance)}</div>"
    )


def _ordered_by(listing: Listing, sort: str) -> str:
    """What the order goes by, where the card does not show it anyway."""
    column = SORTS[sort].removeprefix("-")
    if column not in _NUMBERS:
        return ""
    name, value = _NUMBERS[column], getattr(listing, column)
    told = "none" if value is None else f"{value:,.2f}" if column == "price" else f"{value:,}"
    return f'<div class="mmq-card-line mmq-by"><span>{name}</span><b>{told}</b></div>'


def _glances(catalogue: Catalogue, rows: list[RankedListing]) -> dict[str, Glance]:
    """The cards' evidence; without an index the ranking stands as it is, and each listing's page says why."""
    try:
        return _read_glances(catalogue, in_force(catalogue), [row.listing.listing_id for row in rows])
    except ModelFileError:
        return {}


@st.cache_data(max_entries=100, ttl=_A_WHILE, show_spinner=False)
def _read_glances(_catalogue: Catalogue, version: str, listing_ids: list[str]) -> dict[str, Glance]:
    return _catalogue.glances(listing_ids)


def _at_a_glance(glance: Glance | None) -> str:
    """One line of evidence: who else shows the photo, or what it looks like."""
    if glance is None:
        return ""
    words = "photo shared by unrelated titles" if glance.shared else ", ".join(glance.looks_like)
    told = f"looks like: {words}" if words and not glance.shared else words
    return f'<p class="mmq-glance" title="{as_html(told)}">{as_html(told)}</p>'


show(session.catalogue())
