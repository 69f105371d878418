"""The ranking's filters as widgets: the usual ones in a row, all others in a drawer, what is on as chips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import streamlit as st

from mmquality.errors import UnknownListingError
from mmquality.pages import links, views
from mmquality.pages.asking import categories, facets
from mmquality.pages.escaping import as_markdown, plain
from mmquality.pages.filters import ARRIVED, LABEL_STATES, SORTS, Filters
from mmquality.pages.widgets import choice, text_filter
from mmquality.pipeline.reading import Catalogue

# These filters live in the address alone; their widgets are drawn from it and write to it. Streamlit's own
# binding would write the counts beside the options there, too, and forget what a closed drawer holds.
_OURS = ("category", "where", "min_price", "max_price", "like", "among", "arrived", "version")
_BOUND = ("q", "score", "label", "sort", "page", "view", "size")  # kept in the address by Streamlit


def filter_bar(catalogue: Catalogue) -> Filters:
    """Draw the filters; what they say."""
    _come_back()
    asked = Filters.of({name: st.query_params.get_all(name) for name in st.query_params})
    named = categories(catalogue)
    asked = replace(asked, category=tuple(name for name in asked.category if name in named))
    with st.container(key="filters", horizontal=True, gap="small", vertical_alignment="bottom"):
        q = text_filter("Title contains", "q", "words of the title", first_page)
        _values(
            "Category", "category", named, asked.category,
            lambda chosen: replace(asked, category=chosen), width=180,
        )  # fmt: skip
        label = choice("Label", list(LABEL_STATES), "label", 128, first_page)
        score = st.slider(
            "Mismatch score", 0, 100, (0, 100), format="%d%%", key="score", width=150,
            bind="query-params", on_change=first_page,
        )  # fmt: skip
        sort = choice("Order", _orders(catalogue), "sort", 172, first_page)
        low, high = sorted(score)  # an address may have them the other way round
        filters = replace(asked, q=q, score=(low, high), label=label, sort=sort, page=_page_asked_for())
        _more(catalogue, filters)
        views.popover(catalogue, filters, show_these)
    _chips(catalogue, filters)
    return filters


def _orders(catalogue: Catalogue) -> list[str]:
    """The orders that there are: without impressions nobody knows what was shown or clicked most."""
    known = catalogue.clicks.exist()
    return [name for name, column in SORTS.items() if known or column not in ("-impressions", "-clicks")]


def first_page() -> None:
    """For a callback: other filters, so from the beginning."""
    st.session_state["page"] = 1


def clear() -> None:
    """For a callback: the whole ranking again."""
    shown = Filters.of({name: st.query_params.get_all(name) for name in ("sort", "view", "size")})
    show_these(shown)


def show_these(filters: Filters) -> None:
    """Before the widgets are drawn: let the page show these filters, all of them."""
    _write(filters)
    st.session_state.update({name: getattr(filters, name) for name in _BOUND})


def _come_back() -> None:
    """The browser's Back from a listing gives this page the listing's parameters: it goes on where it was."""
    if "queue" in st.query_params:
        st.switch_page(links.RANKING, query_params=Filters.at(st.query_params["queue"]).params())


def _page_asked_for() -> int:
    """The page in the address or of the pagination, which is drawn only once the number of pages is known."""
    asked = st.session_state.get("page") or Filters.of({"page": st.query_params.get_all("page")}).page
    return int(asked)


def _write(filters: Filters) -> None:
    """For a callback: put the filters that live in the address there."""
    params = filters.params()
    for name in _OURS:
        if name not in params:
            st.query_params.pop(name, None)
        elif st.query_params.get_all(name) != params[name]:  # each change is a step of the browser's history
            st.query_params[name] = params[name]
    first_page()


def _values(
    label: str,
    key: str,
    counts: Mapping[str, int],
    chosen: Sequence[str],
    change: Callable[[tuple[str, ...]], Filters],
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """Any of these values, each with its number of listings in the whole catalogue."""
    st.session_state[key] = list(chosen)
    st.multiselect(
        label, [*counts, *(value for value in chosen if value not in counts)], key=key, placeholder="all",
        format_func=lambda value: f"{plain(value)} · {counts.get(value, 0):,}", width=width,
        on_change=lambda: _write(change(tuple(st.session_state[key]))),
    )  # fmt: skip


def _more(catalogue: Catalogue, filters: Filters) -> None:
    """A drawer with every other filter; what is in it is read only while it is open."""
    drawer = st.popover("More filters", icon=":material/tune:", key="more-filters", on_change="rerun")
    if not drawer.open:
        return
    with drawer, st.container(key="drawer", gap="small"):
        _version(catalogue, filters)
        with st.container(horizontal=True, gap="small"):
            for words, name in (("Price from", "min_price"), ("to", "max_price")):
                _price(words, name, filters)
        _arrived(filters)
        counted = facets(catalogue)
        for facet in counted:
            _values(
                as_markdown(facet.name.replace("_", " ")), f"where-{facet.name}", facet.values,
                filters.attributes.get(facet.name, ()), partial(filters.having, facet.name),
            )  # fmt: skip
        if counted:
            st.caption("Numbers count the whole catalogue, whatever else is filtered.")


def _price(words: str, name: str, filters: Filters) -> None:
    key = f"{name}-field"
    st.session_state[key] = getattr(filters, name)
    st.number_input(
        words, min_value=0.0, value=None, step=1.0, format="%0.2f", key=key, placeholder="any", width=125,
        on_change=lambda: _write(replace(filters, **{name: st.session_state[key]})),
    )  # fmt: skip


def _arrived(filters: Filters) -> None:
    """When it joined the ranking: what comes from a watcher, or by `arrive`."""
    st.session_state["arrived-field"] = filters.arrived
    st.selectbox(
        "Arrived", list(ARRIVED), key="arrived-field",
        on_change=lambda: _write(replace(filters, arrived=st.session_state["arrived-field"])),
    )  # fmt: skip


def _version(catalogue: Catalogue, filters: Filters) -> None:
    """Whose ranking: an earlier model's can be looked at; labels keep what was seen."""
    in_force = catalogue.published_version().name
    names = [in_force, *(v.name for v in catalogue.store.versions() if v.name != in_force)]
    if len(names) < 2:
        return
    st.session_state["version-field"] = filters.version if filters.version in names else in_force

    def chosen() -> None:
        version = st.session_state["version-field"]
        _write(replace(filters, version="" if version == in_force else version))

    st.selectbox(
        "Scores of model", names, key="version-field", on_change=chosen,
        format_func=lambda name: f"{name} (in force)" if name == in_force else name,
    )  # fmt: skip


def _chips(catalogue: Catalogue, filters: Filters) -> None:
    """The filters that no widget of the row shows, each with a way to drop it."""
    on = [
        (f"{name.replace('_', ' ')}: {', '.join(values)}", filters.having(name, ()))
        for name, values in filters.attributes.items()
    ]
    if filters.min_price is not None:
        on.append((f"price from {filters.min_price:,.2f}", replace(filters, min_price=None)))
    if filters.max_price is not None:
        on.append((f"price to {filters.max_price:,.2f}", replace(filters, max_price=None)))
    if filters.like:
        on.append((f"similar to “{_title(catalogue, filters.like)}”", replace(filters, like="")))
    if filters.among:
        on.append(("selected on the map", replace(filters, among="")))
    if filters.arrived != Filters.arrived:
        on.append((f"arrived {filters.arrived}", replace(filters, arrived=Filters.arrived)))
    if filters.version:
        on.append((f"scores of model {filters.version}", replace(filters, version="")))
    if not on:
        return
    with st.container(key="chips", horizontal=True, gap="xsmall"):
        for number, (words, without) in enumerate(on):
            st.button(
                as_markdown(words), key=f"chip-{number}", icon=":material/close:", help="Drop this filter",
                on_click=_write, args=(without,),
            )  # fmt: skip


def _title(catalogue: Catalogue, listing_id: str) -> str:
    try:
        return catalogue.store.listing(listing_id).title
    except UnknownListingError:
        return listing_id
