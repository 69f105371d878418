"""Saved views: filters by name, for everybody who opens the workspace; an opened one is a link."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from mmquality.errors import MMQualityError
from mmquality.pages import session
from mmquality.pages.escaping import as_markdown
from mmquality.pages.filters import Filters
from mmquality.pages.wording import day
from mmquality.pipeline.reading import Catalogue
from mmquality.store import SavedView, Store

_RENAMED = "view-renamed"  # the view whose name is being written anew
_PROBLEM = "view-problem"


def popover(catalogue: Catalogue, filters: Filters, show_these: Callable[[Filters], None]) -> None:
    """Save the filters under a name; open, rename and delete what was saved."""
    drawer = st.popover("Views", icon=":material/bookmarks:", key="views", on_change="rerun")
    if not drawer.open:
        return
    with drawer, st.container(key="saved-views", gap="small"):
        saved = catalogue.store.saved_views()
        if not saved:
            st.caption("No view saved yet. Set filters, write a name, and everybody can open them.")
        for number, view in enumerate(saved):
            _row(catalogue.store, view, number, show_these)
        st.text_input(
            "Save these filters as", key="view-name", placeholder="a name, then Enter", max_chars=80,
            on_change=_save, args=(catalogue.store, filters),
        )  # fmt: skip
        if problem := st.session_state.pop(_PROBLEM, None):
            st.error(as_markdown(problem))


def _row(store: Store, view: SavedView, number: int, show_these: Callable[[Filters], None]) -> None:
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key=f"view-{number}"):
        if st.session_state.get(_RENAMED) == view.name:
            key = f"new-name-{number}"
            st.text_input(
                "New name", view.name, key=key, max_chars=80, label_visibility="collapsed",
                on_change=lambda: _rename(store, view.name, st.session_state[key]),
            )  # fmt: skip
            return
        st.button(
            as_markdown(view.name), key=f"open-{number}", icon=":material/bookmark:", width="stretch",
            help=f"by {as_markdown(view.analyst)}, {day(view.created_at)}",
            on_click=lambda: show_these(Filters.at(view.address)),
        )  # fmt: skip
        st.button(
            "", key=f"rename-{number}", icon=":material/edit:", type="tertiary", help="Rename",
            on_click=st.session_state.update, args=({_RENAMED: view.name},),
        )  # fmt: skip
        st.button(
            "", key=f"delete-{number}", icon=":material/delete:", type="tertiary", help="Delete",
            on_click=_delete, args=(store, view.name),
        )  # fmt: skip


def _save(store: Store, filters: Filters) -> None:
    name = str(st.session_state["view-name"] or "")
    if not name.strip():
        return
    try:
        store.save_view(name, filters.shared().address(), session.analyst())
    except MMQualityError as error:
        st.session_state[_PROBLEM] = str(error)
    st.session_state["view-name"] = ""


def _delete(store: Store, name: str) -> None:
    try:
        store.delete_view(name)
    except MMQualityError as error:
        st.session_state[_PROBLEM] = str(error)


def _rename(store: Store, name: str, new_name: str) -> None:
    st.session_state.pop(_RENAMED, None)
    try:
        store.rename_view(name, new_name)
    except MMQualityError as error:
        st.session_state[_PROBLEM] = str(error)
