"""The dashboard in a real browser: what an analyst does on a day, and what no other test can see."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from workspaces import HOSTILE, small_workspace

from mmquality.pages.escaping import plain
from mmquality.pages.filters import Filters
from mmquality.records import Reason, Verdict
from mmquality.store import RankingQuery, Store

ROOT = Path(__file__).parents[2]
PAGES = ("", "listing", "compare", "labels", "models", "clicks", "imports")
expect.set_options(timeout=20_000)  # the first page of a server waits for its imports
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests are skipped, except where all tests must run (CI)."""
    chromium = shutil.which("chromium")
    if chromium is None:
        reason = "there is no `chromium`; install it with `apt-get install chromium`"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield running
        running.close()


@dataclass(frozen=True)
class Shop:
    """A dashboard over a small workspace."""

    address: str
    store: Store


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop for one test, which may change it."""
    with _served(tmp_path) as shop:
        yield shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop for all tests that only look; one listing is labelled."""
    with _served(tmp_path_factory.mktemp("shop")) as shop:
        shop.store.add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
        yield shop


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh visit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_from_the_ranking_to_an_exported_label(page: Page, own_shop: Shop) -> None:
    page.goto(f"{own_shop.address}/?analyst=Ana")
    page.locator(".st-key-card-0 .stImage img").wait_for()
    title = page.locator(".st-key-card-0 a").inner_text()
    _click_card(page, 0)
    expect(page.locator(".mmq-title")).to_have_text(title)
    listing_id = _parameter(page, "id")

    page.get_by_role("radio", name="Stay here").click()
    page.get_by_label("Note", exact=True).fill("shows another product")
    page.keyboard.press("Tab")
    page.keyboard.press("1")
    expect(page.locator(".mmq-verdict").first).to_contain_text("Mismatch · wrong product")
    expect(page.get_by_text("Saved: Mismatch")).to_be_visible()

    page.reload()
    expect(page.locator(".mmq-verdict").first).to_contain_text("Mismatch · wrong product")
    expect(page.locator(".mmq-verdict").first).to_contain_text("Ana")
    expect(page.get_by_role("textbox", name="Analyst")).to_have_value("Ana")

    page.get_by_role("link", name="Labels").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["listing_id"] for row in rows] == [listing_id]
    assert (rows[0]["title"], rows[0]["verdict"], rows[0]["reason"]) == (title, "mismatch", "wrong_product")
    assert (rows[0]["note"], rows[0]["analyst"]) == ("shows another product", "Ana")
    label = own_shop.store.ranked_listing(listing_id).label
    assert label is not None and (label.verdict, label.reason) == (Verdict.MISMATCH, Reason.WRONG_PRODUCT)

    table = page.get_by_test_id("stDataFrame").bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 17, table["y"] + 60)  # the first row's checkbox; the table is a canvas
    page.get_by_role("button", name="Undo this label").click()
    expect(page.get_by_text("No labels yet")).to_be_visible()
    assert own_shop.store.ranked_listing(listing_id).label is None


def test_keys_alone_go_through_the_queue(page: Page, own_shop: Shop) -> None:
    rows = own_shop.store.ranking_page(RankingQuery(), 1, 4).rows
    titles = [row.listing.title for row in rows]
    verdict, title = page.locator(".mmq-verdict").first, page.locator(".mmq-title")
    page.goto(f"{own_shop.address}/listing?analyst=Ana")
    expect(page.get_by_role("button", name="Match")).to_be_visible()
    for key, now, then in zip("yu9", titles, titles[1:], strict=False):
        expect(title).to_have_text(now)
        page.wait_for_timeout(500)  # as long as it takes to look: a verdict right after another is not taken
        page.keyboard.press(key)
        expect(title).to_have_text(then)
    for key, words in (("p", "Mismatch · other"), ("z", "Does the photo"), ("p", "Unsure"), ("p", "Match")):
        page.keyboard.press(key)
        expect(verdict).to_contain_text(words)
    page.go_back()
    expect(verdict).to_contain_text("Unsure")


def test_the_address_holds_what_is_shown(page: Page, shop: Shop, browser: Browser) -> None:
    page.goto(shop.address)
    page.get_by_label("Title contains").fill("oak legs")
    expect(page.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="Best first").click()
    expect(page).to_have_url(re.compile("q=oak"))
    expect(page).to_have_url(re.compile("sort=Best"))
    best = Filters(q="oak legs", sort="Best first").query()
    rows = shop.store.ranking_page(best).rows
    titles = [row.listing.title for row in rows]
    expect(page.locator("[class*=st-key-card-] a")).to_have_text(titles)

    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    expect(other.locator("[class*=st-key-card-] a")).to_have_text(titles)
    _click_card(other, 3)
    expect(other.locator(".mmq-title")).to_have_text(titles[3])
    other.locator(".st-key-way").get_by_role("link", name="Ranking").click()
    expect(other.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    expect(other.get_by_label("Title contains")).to_have_value("oak legs")
    other.close()


def test_titles_are_text_and_nothing_leaves_the_machine(page: Page, shop: Shop) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.on("dialog", lambda dialog: pytest.fail("a title ran a script"))
    for listing_id, title in HOSTILE.items():
        page.goto(f"{shop.address}/?q={title.split()[-1]}&score=0&score=100")
        link = page.locator(f'[class*=st-key-card-] a[href*="id={listing_id}"]')
        expect(link).to_have_count(1)
        assert link.inner_text().replace("\u2060", "") == plain(title)
        assert link.locator("a, img, strong, .katex, span[style*=color]").count() == 0
        page.goto(f"{shop.address}/listing?id={listing_id}")
        expect(page.locator(".mmq-title")).to_have_text(plain(title))
        assert page.title() != "taken"
    assert asked <= {"127.0.0.1", ""}


@pytest.mark.parametrize(("width", "columns"), [(390, 2), (1440, 6), (2560, 12)])
def test_the_gallery_adapts_to_the_width(page: Page, shop: Shop, width: int, columns: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(shop.address)
    page.locator(".st-key-card-11").wait_for()
    page.wait_for_function(f"({_COLUMNS})() === {columns}")


def test_no_page_is_wider_than_a_phone(page: Page, shop: Shop) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for name in PAGES:
        page.goto(f"{shop.address}/{name}")
        page.locator(".mmq-head").wait_for(state="attached")
        page.wait_for_timeout(1200)
        overflow = page.evaluate(
            "(() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth })()"
        )
        assert overflow <= 0, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(browser: Browser, shop: Shop, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    for name in PAGES:
        page.goto(f"{shop.address}/{name}")
        page.locator(".mmq-head h1").wait_for()
        page.wait_for_timeout(800)
        for piece in (
            ".mmq-head h1",
            ".mmq-head p",
            ".mmq-section p",
            ".mmq-badge",
            ".mmq-sample b",
            ".mmq-mark",
        ):
            for ratio in page.locator(piece).first.all()[:1]:
                assert ratio.evaluate(_CONTRAST) >= 4.5, (name, piece)
    page.close()


_COLUMNS = """() => {
  const cards = [...document.querySelectorAll("[class*=st-key-card-]")];
  const tops = cards.map(card => card.getBoundingClientRect().top);
  return tops.filter(top => Math.abs(top - tops[0]) < 2).length;
}"""

_CONTRAST = """element => {
  const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let under = element, ground = [255, 255, 255, 1];
  while (under) {
    const c = parse(getComputedStyle(under).backgroundColor);
    if (c.length < 4 || c[3] > 0) { ground = c; break; }
    under = under.parentElement;
  }
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


def _click_card(page: Page, number: int) -> None:
    """Click a card's photo: the whole card is a link."""
    box = page.locator(f".st-key-card-{number} .stImage img").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".st-key-portrait img").wait_for()


def _parameter(page: Page, name: str) -> str:
    found = re.search(rf"[?&]{name}=([^&]+)", page.url)
    assert found is not None, page.url
    return found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(folder: Path) -> Iterator[Shop]:
    """Serve a new workspace in `folder` as `streamlit run app.py` does."""
    workspace = small_workspace(folder / "shop", sample=True).workspace
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
    environment = {**os.environ, "MMQ_WORKSPACE": str(workspace.root), "MMQ_ANALYST": "analyst"}
    with (folder / "server.log").open("w") as log, Store.open(workspace.database_url) as store:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield Shop(f"http://127.0.0.1:{port}", store)
        finally:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        if server.poll() is not None:
            pytest.fail("the dashboard's server ended before it answered")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the dashboard's server did not answer within 30 seconds")
