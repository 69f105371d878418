"""A listing that is dropped while somebody watches is among the worst of the ranking a few seconds later."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
from marketplace import Marketplace, copy_of
from playwright.sync_api import Page
from served import ROOT, served_from, settle

SOON = 30  # seconds; a few, where nothing else is at work
TITLE = "Electric toothbrush with three brush heads, rechargeable"


def test_a_dropped_listing_is_flagged_in_the_ranking(
    marketplace: Marketplace, tmp_path: Path, page: Page
) -> None:
    workspace, drops = copy_of(marketplace, tmp_path / "workspace"), tmp_path / "drops"
    drops.mkdir()
    command = ["watch", "folder", str(drops), "-w", str(workspace.root)]
    with served_from(workspace, tmp_path / "server.log") as shop:
        page.goto(shop.address)
        settle(page)
        with subprocess.Popen(
            [sys.executable, "-m", "mmquality", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True
        ) as watcher:
            try:
                assert watcher.stderr is not None
                assert any(line.startswith("Watching") for line in watcher.stderr)  # it is warm
                drop(drops, marketplace)
                assert shown_within(page, shop.address, SOON)
                page.goto(f"{shop.address}/?arrived=in+the+last+hour")
                settle(page)
                assert page.get_by_text(TITLE).count() and page.locator(".mmq-card").count() == 1
                watcher.send_signal(signal.SIGTERM)
                assert watcher.wait(30) == 0
            finally:
                watcher.kill()


def drop(drops: Path, marketplace: Marketplace) -> None:
    """A listing with the photo of quite another thing, in a file that appears whole."""
    image = pd.read_csv(marketplace.files.listings, dtype=str)["image"].iloc[0]
    part = drops / ".dropped.jsonl"
    part.write_text(json.dumps({"listing_id": "dropped", "title": TITLE, "image": image}) + "\n")
    part.rename(drops / "dropped.jsonl")


def shown_within(page: Page, address: str, seconds: float) -> bool:
    """Whether the first page of the ranking, the worst, shows it before long."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        page.goto(address)
        settle(page)
        if page.locator(".mmq-card").filter(has_text=TITLE).count():
            return True
    return False
