"""Filter widgets whose values live in the page's address: the key of each is its query parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


def text_filter(label: str, key: str, placeholder: str, on_change: Callable[[], None] | None = None) -> str:
    """A search field that answers while one types."""
    typed = st.text_input(
        label, key=key, type="search", placeholder=placeholder, live=True, bind="query-params",
        width=190, on_change=on_change,
    )  # fmt: skip
    return typed or ""


def choice(
    label: str, options: Sequence[str], key: str, width: int, on_change: Callable[[], None] | None = None
) -> str:
    """One of several; the first is the default, which the address leaves out."""
    chosen = st.selectbox(label, options, key=key, width=width, bind="query-params", on_change=on_change)
    return chosen or options[0]


def segments(
    label: str,
    options: Sequence[str],
    key: str,
    on_change: Callable[[], None] | None = None,
    default: str = "",
    words: Callable[[str], str] = str,
) -> str:
    """One of a few, all of them visible; the default (the first, unless named) is left out of the address.

    `words` says how an option is shown, as Markdown.
    """
    usual = default or options[0]
    chosen = st.segmented_control(
        label, options, default=usual, required=True, key=key, bind="query-params", on_change=on_change,
        format_func=words,
    )  # fmt: skip
    return chosen or usual


def pages(count: int, key: str, bound: bool = False) -> int:
    """The way through several pages; the page in view, from 1. With one page there is nothing to see."""
    if count <= 1:
        return 1
    return st.pagination(count, key=key, width=330, bind="query-params" if bound else None)
