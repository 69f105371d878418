"""Ranking: the catalogue, worst first, as a gallery or a table; its address says exactly what is shown."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from mmquality.errors import ModelFileError
from mmquality.pages import links, session
from mmquality.pages.components import caption, header, label_badge, notice, score_bar
from mmquality.pages.escaping import as_html
from mmquality.pages.filters import LABEL_STATES, NO_CATEGORY, SORTS, VIEWS, Filters
from mmquality.pages.photos import thumbnail
from mmquality.pages.tables import ranking_table
from mmquality.pages.widgets import choice, pages, segments, text_filter
from mmquality.pages.wording import count
from mmquality.pipeline.evidence import Glance
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RankedListing
from mmquality.store import RankingPage

PAGE_SIZE = 48  # fills whole rows of 2, 3, 4, 6, 8 or 12 photos


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    _header(catalogue)
    filters = _filter_bar(catalogue)
    found = catalogue.store.ranking_page(filters.query(), filters.page, PAGE_SIZE)
    if not found.total:
        _nothing_found()
        return
    filters = _page_bar(found, filters)
    if not found.rows:  # the address named a page past the end
        found = catalogue.store.ranking_page(filters.query(), filters.page, PAGE_SIZE)
    if filters.view == "Table":
        ranking_table(catalogue, found.rows, filters.address())
    else:
        _gallery(catalogue, found.rows, filters.address())


def _header(catalogue: Catalogue) -> None:
    version = catalogue.version
    left_out = catalogue.store.unscored_count()
    header(
        "Ranking",
        f"{count(version.listings, 'listing')} scored by model {version.name}" if version else "",
        f"{left_out:,} imported since, not scored yet: run mmquality build again" if left_out else "",
    )


def _filter_bar(catalogue: Catalogue) -> Filters:
    """The filters' widgets; their keys are the names of the query parameters that hold them."""
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        q = text_filter("Title contains", "q", "words of the title", _first_page)
        category = st.multiselect(
            "Category", _categories(catalogue), key="category", placeholder="all", width=230,
            bind="query-params", on_change=_first_page,
        )  # fmt: skip
        label = choice("Label", list(LABEL_STATES), "label", 150, _first_page)
        score = st.slider(
            "Mismatch score", 0, 100, (0, 100), format="%d%%", key="score", width=210,
            bind="query-params", on_change=_first_page,
        )  # fmt: skip
        sort = choice("Order", list(SORTS), "sort", 185, _first_page)
    low, high = sorted(score)  # an address may have them the other way round
    return Filters(q, tuple(category), (low, high), label, sort, _page_asked_for())


def _page_asked_for() -> int:
    """The page in the address or of the pagination, which is drawn only once the number of pages is known."""
    asked = st.session_state.get("page") or Filters.of({"page": st.query_params.get_all("page")}).page
    return int(asked)


def _page_bar(found: RankingPage, filters: Filters) -> Filters:
    """How many were found, and the way through them."""
    count_pages = math.ceil(found.total / PAGE_SIZE)
    with st.container(key="pages", horizontal=True, vertical_alignment="center"):
        first = (min(filters.page, count_pages) - 1) * PAGE_SIZE + 1
        last = min(first + PAGE_SIZE - 1, found.total)
        shown = f"{first:,}–{last:,} of {found.total:,}"
        caption(f"{shown} that pass the filters" if filters.narrowed else shown)
        view = segments("View", VIEWS, "view")
        page = pages(count_pages, "page", bound=True)
    return replace(filters, page=page, view=view)


def _nothing_found() -> None:
    notice("No listing passes these filters", "Loosen a filter, or see the whole ranking again.")
    st.button("Clear the filters", on_click=_clear, icon=":material/filter_alt_off:")


def _gallery(catalogue: Catalogue, rows: list[RankedListing], queue: str) -> None:
    glances = _glances(catalogue, rows)
    with st.grid("auto", min_column_width=164, gap=12, key="gallery"):
        for slot, row in enumerate(rows):
            with st.container(key=f"card-{slot}"):
                thumbnail(catalogue, row.listing)
                links.listing_link(row.listing.listing_id, row.listing.title, queue)
                st.html(_card_facts(row, glances.get(row.listing.listing_id)))


def _card_facts(row: RankedListing, glance: Glance | None) -> str:
    badge = label_badge(row.label, with_reason=False) or as_html(row.listing.category or "")
    return (
        f'<div class="mmq-card-facts">{score_bar(row.score)}'
        f'<div class="mmq-card-line"><span>{badge}</span><span>#{row.rank:,}</span></div>'
        f"{_at_a_glance(glance)}</div>"
    )


def _glances(catalogue: Catalogue, rows: list[RankedListing]) -> dict[str, Glance]:
    """The cards' evidence; without an index the ranking stands as it is, and each listing's page says why."""
    try:
        return catalogue.glances([row.listing.listing_id for row in rows])
    except ModelFileError:
        return {}


def _at_a_glance(glance: Glance | None) -> str:
    """One line of evidence: who else shows the photo, or what it looks like."""
    if glance is None:
        return ""
    words = "photo shared by unrelated titles" if glance.shared else ", ".join(glance.looks_like)
    told = f"looks like: {words}" if words and not glance.shared else words
    return f'<p class="mmq-glance" title="{as_html(told)}">{as_html(told)}</p>'


def _categories(catalogue: Catalogue) -> list[str]:
    return [name or NO_CATEGORY for name, _ in catalogue.store.categories()]


def _first_page() -> None:
    st.session_state["page"] = 1


def _clear() -> None:
    default = Filters()
    st.session_state.update(
        q=default.q, category=[], score=default.score, label=default.label, page=default.page
    )


show(session.catalogue())
