"""Takes pictures of the dashboard over the sample marketplace: `make screenshots`.

    python docs/images/take.py WORKSPACE [FOLDER]

Every view on a wide screen, a phone and a cinema screen, light and dark, into FOLDER; without one, the
README's pictures, here. A sample that is missing in WORKSPACE is made (minutes). Needs Debian's chromium.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from sample import ANALYSTS, prepared

from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Workspace

HERE = Path(__file__).parent
SIZES = {"wide": (1440, 900), "phone": (390, 844), "cinema": (2560, 1300)}
OF_THE_README = ("overview", "ranking", "review", "listing", "compare", "map")
IN_THE_DARK = ("ranking",)
_FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
_STANDS = """() => document.querySelector(".mmq-head h1")
  && !document.querySelector("[data-test-script-state=running], [data-testid=stSkeleton]")
  && [...document.images].every(image => image.complete)"""


def bulk(page: Page) -> None:
    """Choose what is found, and open the dialog."""
    page.locator(".st-key-selecting label").click()
    page.get_by_role("button", name="Choose all").click()
    page.get_by_text("listings chosen").wait_for()
    page.wait_for_function(_STANDS)
    page.get_by_role("button", name="Label them").click()
    page.get_by_role("dialog").get_by_role("radio", name="Wrong product").click()


def mark(page: Page) -> None:
    """Mark a part of the map."""
    page.locator(".js-plotly-plot .nsewdrag").wait_for()
    page.locator(".modebar-btn[data-title='Lasso Select']").click()
    box = page.locator(".js-plotly-plot .nsewdrag").bounding_box() or {}
    corners = ((0.25, 0.25), (0.5, 0.22), (0.52, 0.5), (0.27, 0.52), (0.25, 0.25))
    for number, (x, y) in enumerate(corners):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=6)
        if not number:
            page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Open as a ranking").wait_for()


def views(pages: dict[str, str], listing: str) -> Iterator[tuple[str, str, Callable[[Page], None] | None]]:
    """Name, address and what is done there: every page of the navigation, then what lies deeper."""
    of_one = {"listing": f"?id={listing}", "compare": f"?id={listing}"}
    for name, address in pages.items():
        yield name, address + of_one.get(name, ""), mark if name == "map" else None
    yield "ranking-large", f"{pages['ranking']}?size=Large", None
    yield "ranking-table", f"{pages['ranking']}?view=Table", None
    yield "ranking-bulk", f"{pages['ranking']}?q=headphones&label=Unlabelled", bulk
    yield "compare-catalogue", f"{pages['compare']}?of=Whole+catalogue", None
    yield "map-score", f"{pages['map']}?colour=Score", None
    for part in ("Changes", "Training", "Calibration", "Comparison"):
        yield f"models-{part.lower()}", f"{pages['models']}?show={part}", None


@contextmanager
def served(workspace: Workspace) -> Iterator[str]:
    """The dashboard's address, as long as it is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "mmquality", "serve", "-w", str(workspace.root), "--port", port]
    server = subprocess.Popen(command, env=os.environ | {"MMQ_ANALYST": ANALYSTS[0]})
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def opened(browser: Browser, address: str, size: str, dark: bool) -> Page:
    """A page once it stands still."""
    width, height = SIZES[size]
    scheme = "dark" if dark else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(120_000)  # the first page waits for the server's imports
    page.goto(address)
    page.wait_for_function(_STANDS)
    return page


def found(browser: Browser, address: str) -> tuple[dict[str, str], str]:
    """The pages of the navigation by name, and the listing on top of the ranking."""
    page = opened(browser, address, "wide", dark=False)
    links = page.get_by_test_id("stSidebarNavLink").evaluate_all("links => links.map(link => link.href)")
    worst = page.locator("a[href*='listing?']").first.get_attribute("href") or ""
    page.close()
    names = {link.rstrip("/").removeprefix(address).strip("/") or "ranking": link for link in links}
    return names, worst.split("id=")[1].split("&")[0]


def _of_the_readme(name: str) -> list[tuple[str, bool]]:
    """In which looks the README shows a view: size, and whether in the dark."""
    return [("wide", False)] * (name in OF_THE_README) + [("wide", True)] * (name in IN_THE_DARK)


def main() -> None:
    """Take them."""
    workspace = prepared(Path(sys.argv[1]), TerminalReporter())
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    (folder or HERE).mkdir(parents=True, exist_ok=True)
    with served(workspace) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        looks = list(product(SIZES, (False, True)))
        for name, path, act in views(*found(browser, address)):
            for size, dark in looks if folder else _of_the_readme(name):
                page = opened(browser, path, size, dark)
                if act is not None and size == "wide":
                    act(page)
                page.wait_for_timeout(800)  # charts and photos fade in
                look = f"-{size}-{'dark' if dark else 'light'}" if folder else "-dark" * dark
                page.screenshot(path=(folder or HERE) / f"{name}{look}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
