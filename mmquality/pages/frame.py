"""What surrounds every page: navigation, sidebar, style, and what is said when a page cannot go on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from mmquality.config import Access, AccessConfig
from mmquality.errors import MMQualityError
from mmquality.pages import access, links, operators, session
from mmquality.pages.access import Visitor
from mmquality.pages.components import HEADED, header, notice
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import count, day
from mmquality.pipeline.reading import Catalogue

_STYLE = Path(__file__).with_name("style.css")
_BROWSER = Path(__file__).with_name("browser.js").read_text("utf-8")
_LOGO = Path(__file__).with_name("logo.svg")
_ICON = Path(__file__).with_name("icon.svg")  # a Material symbol would be fetched from the internet
_SAMPLE = (
    '<p class="mmq-sample"><b>Sample marketplace</b> drawn photos, invented titles, simulated clicks</p>'
)
_ABOUT = "mmquality finds marketplace listings whose title and cover photo do not belong together."


def begin() -> None:
    """Set up the browser page; the first thing every run does."""
    st.set_page_config(
        page_title="mmquality",
        page_icon=str(_ICON),
        layout="wide",
        initial_sidebar_state=232,
        menu_items={"About": _ABOUT},
    )
    st.logo(_LOGO, size="small")
    st.html(_STYLE)
    st.html(f"<script>{_BROWSER}</script>", unsafe_allow_javascript=True)


def navigation() -> st.Page:
    """The page that is asked for; who has not signed in gets no menu."""
    return st.navigation(pages(), position="sidebar" if access.signed_in() else "hidden")


def pages() -> list[st.Page]:
    """The dashboard's pages in the order of the navigation."""
    return [
        st.Page(links.OVERVIEW, title="Overview", icon=":material/monitoring:", url_path="overview"),
        st.Page(links.RANKING, title="Ranking", icon=":material/format_list_numbered:", default=True),
        st.Page(links.REVIEW, title="Review", icon=":material/rule:", url_path="review"),
        st.Page(links.LISTING, title="Listing", icon=":material/image:", url_path="listing"),
        st.Page(links.COMPARE, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        st.Page(links.EXPERIMENTS, title="Experiments", icon=":material/science:", url_path="experiments"),
        st.Page(links.MAP, title="Map", icon=":material/scatter_plot:", url_path="map"),
        st.Page(links.LABELS, title="Labels", icon=":material/label:", url_path="labels"),
        st.Page(links.CLICKS, title="Clicks", icon=":material/ads_click:", url_path="clicks"),
        st.Page(links.MODELS, title="Models", icon=":material/model_training:", url_path="models"),
        st.Page(links.IMPORTS, title="Import report", icon=":material/fact_check:", url_path="imports"),
    ]


@contextmanager
def around(page: str) -> Iterator[None]:
    """The sidebar beside the page of this title."""
    found = session.find_catalogue()
    visitor = access.let_in(found.store if found else None)
    operators.signed_in(visitor.person, visitor.role)
    with st.sidebar:
        _analyst() if not visitor.person else _signed_in(visitor)
        if found is not None:
            _workspace(found)
    if found is not None and session.is_sample(found):
        st.html(_SAMPLE)
    with errors_told(page):
        yield


@contextmanager
def errors_told(page: str) -> Iterator[None]:
    """What keeps a page from being drawn becomes a notice in its place, below the page's heading."""
    st.session_state[HEADED] = False
    try:
        yield
    except session.NothingToShow as missing:
        _instead(page, *missing.args)
    except MMQualityError as error:
        operators.told(error)
        _instead(page, "This page cannot be shown", str(error))


def _instead(page: str, *words: str) -> None:
    if not st.session_state[HEADED]:
        header(page)
    notice(*words)


@st.cache_resource(show_spinner=False)
def keep_loaded(page: str) -> None:
    """After the first visit of a page: what it has loaded lives as long as the server.

    Otherwise every full garbage collection would go through half a million objects of the libraries.
    """
    gc.freeze()


def _analyst() -> None:
    """The name beside the labels. The browser remembers it; a shared link does not hold it."""
    st.text_input(
        "Analyst",
        session.remembered_analyst(),
        placeholder=session.default_analyst(),
        key=session.ANALYST_KEY,
        max_chars=60,
        icon=":material/person:",
        help="Your name; it is written beside every label you give. This browser remembers it. Nobody signs "
        "in: the dashboard listens on this machine only, and who reaches it may do everything.",
    )
    session.remember_analyst()


def _signed_in(visitor: Visitor) -> None:
    """Whom the sign-in names, and what they may do."""
    st.html(f'<p class="mmq-workspace"><b>{as_html(visitor.person)}</b><br>{visitor.role}</p>')
    if AccessConfig.of_environment().how is Access.OIDC:
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)


def _workspace(catalogue: Catalogue) -> None:
    """What is being looked at, in a few quiet lines."""
    lines = [
        f"<b>{as_html(catalogue.name)}</b>",
        count(catalogue.store.listing_count(), "listing"),
    ]
    if catalogue.version is not None:
        lines.append(f"model {as_html(catalogue.version.name)}, {day(catalogue.version.created_at)}")
    st.html(f'<p class="mmq-workspace">{"<br>".join(lines)}</p>')
