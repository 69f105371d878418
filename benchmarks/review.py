"""How long does a verdict take? In a real browser: from the key to what the analyst sees.

    python benchmarks/review.py --workspace DIR     on a copy of this workspace; writes docs/benchmarks.md
    python benchmarks/review.py --short             on a sample marketplace of 600 listings, 5 cases

Without --workspace the sample marketplace of 3,000 listings is made first (`mmquality demo`). Needs Debian's
chromium. The browser runs on the machine that it measures: a network would add its round trip.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import report
from playwright.sync_api import Page, sync_playwright
from server import served

from mmquality.config import Workspace
from mmquality.store import Store

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
CASES, SAVED_MS = 20, 150
_LOOKED_AT = 1_500  # ms between two verdicts, far less than an analyst takes
_KEYS = "y1y4u"  # verdicts in turn

# Notes when the key went down, when the page says that the verdict is saved, and when the next case is there.
_WATCH = """() => {
  const now = {said: "", title: "", photo: ""};
  const read = () => ({
    said: document.querySelector(".mmq-said")?.textContent || "",
    title: document.querySelector(".mmq-title")?.textContent || "",
    photo: document.querySelector(".st-key-portrait img")?.currentSrc || "",
  });
  window.timed = null;
  window.addEventListener("keydown", () => {
    Object.assign(now, read());
    window.timed = {key: performance.now()};
  }, true);
  const look = () => {
    const timed = window.timed;
    if (timed) {
      const found = read(), at = performance.now() - timed.key;
      if (!timed.said && found.said !== now.said && found.said.startsWith("Saved")) timed.said = at;
      if (!timed.title && found.title && found.title !== now.title) timed.title = at;
      const photo = document.querySelector(".st-key-portrait img");
      if (!timed.photo && timed.title && photo?.complete && photo.naturalWidth) timed.photo = at;
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def measure(page: Page, port: int, cases: int) -> list[dict[str, float]]:
    """Milliseconds from the key to "Saved", to the next title and to its photo, for each case."""
    page.set_default_timeout(120_000)
    page.goto(f"http://127.0.0.1:{port}/review")
    page.locator(".mmq-title").wait_for()
    page.wait_for_timeout(4 * _LOOKED_AT)
    page.evaluate(_WATCH)
    times = []
    for case in range(cases):
        page.keyboard.press(_KEYS[case % len(_KEYS)])
        page.wait_for_function("() => window.timed?.said && window.timed?.title && window.timed?.photo")
        times.append(page.evaluate("() => window.timed"))
        page.wait_for_timeout(_LOOKED_AT)
    return times


def rows_of(times: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Median and 95th percentile of each moment."""
    moments = {"the verdict is seen as saved": "said", "the next title": "title", "the next photo": "photo"}
    return [
        {"from the key to": words, "p50 ms": round(p50), "p95 ms": round(p95)}
        for words, name in moments.items()
        for p50, p95 in [np.percentile([time[name] for time in times], [50, 95])]
    ]


@contextmanager
def workspace_of(given: argparse.Namespace) -> Iterator[Path]:
    """A workspace of one's own: labels are written into it."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "workspace"
        if given.workspace:
            shutil.copytree(given.workspace, place)
        else:
            size = "600" if given.short else "3000"
            report.run(
                sys.executable, "-m", "mmquality", "demo", "-w", str(place), "--no-serve", "--listings", size
            )
        yield place


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "a small sample, few cases; writes nothing")
    parser.add_argument("--workspace", type=Path, help="measure on a copy of it")
    given = parser.parse_args()
    cases = 5 if given.short else CASES
    with workspace_of(given) as place, served(place) as (_, port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        times = measure(browser.new_page(viewport={"width": 1440, "height": 900}), port, cases)
        browser.close()
        with Store.open(Workspace.at(place).database_url) as store:
            listings = store.listing_count()
    rows = [{"listings": listings, "cases": cases, **row} for row in rows_of(times)]
    bars = {"saved, p95 ms": report.bar(rows[0]["p95 ms"], SAVED_MS, at_least=False)}
    report.finish(rows, bars, 0, given.json, None if given.short else "review")


if __name__ == "__main__":
    main()
