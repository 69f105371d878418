"""Debian's Chromium, visitors with a browser of their own, and dashboards for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from served import Shop, served

from mmquality.records import Reason, Verdict

expect.set_options(timeout=30_000)  # the first page of a server waits for its imports
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


_REFUSED = "Content Security Policy"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests are skipped, except where all tests must run (CI).

    While Playwright is there an event loop runs: other tests of this process could not run their own.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "there is no `chromium`; install it with `apt-get install chromium`"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield running
        running.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens visits that know nothing of each other, as those of different people do."""
    contexts: list[BrowserContext] = []
    refused: list[str] = []  # by what the server says with each answer (`pages/headers.py`)

    def visit() -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: refused.append(said.text) if _REFUSED in said.text else None)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not refused


@pytest.fixture
def page(visitor: Callable[[], Page]) -> Page:
    """A fresh visit."""
    return visitor()


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop for one test, which may change it."""
    with served(tmp_path) as shop:
        yield shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop for all tests that only look; one listing is labelled."""
    with served(tmp_path_factory.mktemp("shop")) as shop:
        shop.store.add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
        yield shop
