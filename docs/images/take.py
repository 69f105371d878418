"""Takes the README's screenshots of a running dashboard: `make screenshots`.

    python docs/images/take.py http://127.0.0.1:8501 [FOLDER]

Every page, wide and narrow, light and dark, into FOLDER; without one, the pictures of the README, here.
Needs Debian's chromium.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
SIZES = {"wide": (1440, 900), "phone": (390, 844), "cinema": (2560, 1300)}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    path: str
    size: str = "wide"
    scheme: str = "light"


def shots(listing_id: str) -> Iterator[Shot]:
    """Every page in every look."""
    pages = {
        "ranking": "/",
        "listing": f"/listing?id={listing_id}",
        "compare": f"/compare?id={listing_id}",
        "map": "/map",
        "labels": "/labels",
        "clicks": "/clicks",
        "models": "/models",
        "imports": "/imports",
    }
    for name, path in pages.items():
        yield Shot(name, path)
        yield Shot(f"{name}-dark", path, scheme="dark")
        yield Shot(f"{name}-phone", path, "phone")
        yield Shot(f"{name}-cinema", path, "cinema")


def take(browser: Browser, address: str, shot: Shot, folder: Path) -> None:
    """Open the page, wait until it stands still, and keep what is seen."""
    width, height = SIZES[shot.size]
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme="dark" if shot.scheme == "dark" else "light"
    )
    page.goto(address + shot.path)
    page.locator("[data-testid=stMain] h1:visible, [data-testid=stMain] h2:visible").first.wait_for()
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')")
    page.wait_for_timeout(1500)  # photos fade in
    page.screenshot(path=folder / f"{shot.name}.png")
    page.close()


def worst_listing(browser: Browser, address: str) -> str:
    """The id of the listing on top of the ranking, read off its link."""
    page = browser.new_page()
    page.goto(address)
    link = page.locator("a[href*='listing?']").first
    link.wait_for()
    href = link.get_attribute("href") or ""
    page.close()
    return href.split("id=")[1].split("&")[0]


def main() -> None:
    """Take them."""
    address = sys.argv[1].rstrip("/")
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        everything = list(shots(worst_listing(browser, address)))
        for shot in everything if folder else [s for s in everything if "-" not in s.name][:3]:
            (folder or HERE).mkdir(parents=True, exist_ok=True)
            take(browser, address, shot, folder or HERE)
        browser.close()


if __name__ == "__main__":
    main()
