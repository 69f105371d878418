"""Listing: one photo and its title, what speaks for and against them, and the analyst's verdict."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mmquality.errors import RemovedListingError, UnknownListingError
from mmquality.pages import evidence, links, listing_head, session, suggestions, verdicts
from mmquality.pages.asking import query_of
from mmquality.pages.components import chips, disputed_note, header, notice, title
from mmquality.pages.filters import Filters
from mmquality.pages.photos import zoomable_photo
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Drawn, Label, Listing, RankedListing


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    queue = st.query_params.get("queue", "")
    filters = replace(Filters.at(queue), version="")  # scores here are those in force
    listing_id = st.query_params.get("id") or _first(catalogue, filters)
    if listing_id is None:
        header("Listing")
        notice("No listing chosen", "Nothing in the ranking passes the filters. Choose a listing there.")
        st.page_link(links.RANKING, label="To the ranking", icon=":material/format_list_numbered:")
        return
    try:
        listing = catalogue.store.listing(listing_id)
    except UnknownListingError as error:
        header("Listing")
        notice("There is no such listing", str(error))
        st.page_link(links.RANKING, label="To the ranking", icon=":material/format_list_numbered:")
        return
    _page(catalogue, listing, filters, queue)


def _page(catalogue: Catalogue, listing: Listing, filters: Filters, queue: str) -> None:
    ranked = listing_head.place(catalogue, listing.listing_id)
    around = _around(catalogue, ranked, filters)
    _way(filters, around)
    found = evidence.gather(catalogue, listing.listing_id)
    removed = bool(catalogue.store.removed([listing.listing_id]))
    # Who has the case to judge it a second time is not to see the first verdict here, either.
    unseen = catalogue.store.judged_unseen(session.analyst()) == listing.listing_id
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="portrait"):
        zoomable_photo(listing)
        if ranked is not None:
            links.similar_link(listing.listing_id)
    with right:
        st.html(title(listing))
        st.html(f'<div class="mmq-chips">{chips(listing)}</div>')
        if ranked is not None:
            st.html(listing_head.standing(catalogue, ranked, found))
        drawn, threshold = Drawn.SECOND if unseen else Drawn.BROWSED, filters.query().min_score
        case = verdicts.Case(catalogue, listing, after=around[1], drawn=drawn, threshold=threshold)
        if removed:
            notice(
                "Not in the catalogue any more", str(RemovedListingError(listing.listing_id)), name="removed"
            )
        else:
            _judge(case, ranked.label if ranked and not unseen else None)
        asked = st.container()
    evidence.show(catalogue, listing, found, queue, unseen=unseen)
    if not removed:
        suggestions.show(case, asked)


def _judge(case: verdicts.Case, label: Label | None) -> None:
    """The form; above it, where analysts disagree, what that means."""
    if label is not None and case.catalogue.store.disputed([case.listing.listing_id]):
        st.html(disputed_note())
    verdicts.form(case, label)


def _first(catalogue: Catalogue, filters: Filters) -> str | None:
    return next(iter(catalogue.store.ranking_ids(query_of(catalogue, filters), 1)), None)


def _around(
    catalogue: Catalogue, ranked: RankedListing | None, filters: Filters
) -> tuple[str | None, str | None]:
    """The listings before and after this one in the filtered ranking, as it is sorted."""
    if ranked is None:
        return None, _first(catalogue, filters)
    return catalogue.store.rank_neighbours(ranked.rank, query_of(catalogue, filters))


def _way(filters: Filters, around: tuple[str | None, str | None]) -> None:
    """Back to the ranking as it was, and on to the listings before and after."""
    before, after = around
    with st.container(key="way", horizontal=True, vertical_alignment="center", gap="small"):
        header("Listing", "in the filtered ranking" if filters.narrowed else "")
        st.page_link(
            links.RANKING,
            label="Ranking",
            icon=":material/arrow_back:",
            query_params=filters.params(),
            width="content",
        )
        for name, key, icon, other in (
            ("Previous", "P", ":material/chevron_left:", before),
            ("Next", "N", ":material/chevron_right:", after),
        ):
            st.button(
                name, shortcut=key, icon=icon, disabled=other is None, on_click=links.go_on_to, args=(other,)
            )


show(session.catalogue())
