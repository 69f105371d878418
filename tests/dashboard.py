"""The dashboard's pages as a test opens and reads them, through Streamlit's AppTest."""

from __future__ import annotations

import html
import re
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from workspaces import Fixture

from mmquality.store import Store

ROOT = Path(__file__).parents[1]


def opened(page: str = "ranking", params: dict[str, str | list[str]] | None = None, **more: str) -> AppTest:
    """The page as a browser that opens this address gets it."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != "ranking":
        app.run()
        app.switch_page(f"mmquality/pages/{page}.py")
    app.query_params.update({**(params or {}), **more})
    app.run()
    assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> str:
    """All HTML of a page, in order, our own scripts apart."""
    return "\n".join(e.proto.body for e in app.html if not e.proto.unsafe_allow_javascript)


def card_titles(app: AppTest) -> list[str]:
    """The titles on the page's cards and rows, unescaped."""
    return [words for address, words in links(app) if address.startswith("listing?")]


def links(app: AppTest) -> list[tuple[str, str]]:
    """(address, words) of every link in the page's HTML, unescaped."""
    found = re.findall(r'<a class="mmq-link" href="(.*?)">(.*?)</a>', texts(app))
    return [(html.unescape(address), html.unescape(words)) for address, words in found]


def photos(app: AppTest) -> list[str]:
    """What the photos in the page's HTML show, in words, unescaped."""
    return [html.unescape(alt) for alt in re.findall(r'<img src="[^"]+" alt="(.*?)">', texts(app))]


def unescaped(markdown: str) -> str:
    """Markdown of `as_markdown` as it is read."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("\u2060", ""))


def button(app: AppTest, label: str) -> Button:
    """The first button with this label."""
    return next(b for b in app.button if b.label == label)


def store_of(fixture: Fixture) -> Store:
    """The store of a test's workspace."""
    return Store.open(fixture.workspace.database_url, create=False)
