"""A dashboard that is served as people get it, and how a visitor finds the way in it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from workspaces import small_workspace

from mmquality.config import Workspace
from mmquality.store import Store

ROOT = Path(__file__).parents[2]
_STANDS = """() => document.querySelector(".mmq-head")
  && !document.querySelector("[data-test-script-state=running]")
  && [...document.images].every(image => image.complete)"""


@dataclass(frozen=True)
class Shop:
    """A dashboard over a small workspace."""

    address: str
    workspace: Workspace
    store: Store


@contextmanager
def served(folder: Path, port: int | None = None, **settings: str) -> Iterator[Shop]:
    """Serve a new workspace in `folder`; `settings` are of its environment.

    What the server says is in `folder`/server.log.
    """
    workspace = small_workspace(folder / "shop", sample=True).workspace
    with served_from(workspace, folder / "server.log", port, **settings) as shop:
        yield shop


@contextmanager
def served_from(
    workspace: Workspace, log_file: Path, port: int | None = None, **settings: str
) -> Iterator[Shop]:
    """Serve a workspace as `mmquality serve` does."""
    port = port or free_port()
    command = [sys.executable, "-m", "mmquality", "serve", "-w", str(workspace.root), "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MMQ_")}
    environment |= settings
    with log_file.open("w") as log, Store.open(workspace.database_url) as store:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield Shop(f"http://127.0.0.1:{port}", workspace, store)
        finally:
            server.kill()
            server.wait()


def say_who(page: Page, analyst: str) -> None:
    """Write one's name in the sidebar of the page that is open."""
    name = page.get_by_role("textbox", name="Analyst")
    name.fill(analyst)
    name.press("Enter")
    expect(name).not_to_be_focused()  # keys are verdicts again


def settle(page: Page) -> None:
    """Wait until the page stands still, its photos included."""
    page.locator(".mmq-head h1").wait_for(state="attached")
    page.wait_for_function(_STANDS)


def navigation(page: Page, shop: Shop) -> list[str]:
    """The addresses of all pages, as the navigation has them."""
    page.goto(shop.address)
    links = page.get_by_test_id("stSidebarNavLink")
    expect(links).not_to_have_count(0)
    return [str(link.evaluate("link => link.href")) for link in links.all()]


def click_card(page: Page, number: int) -> None:
    """Click a card's photo: the whole card is a link."""
    box = page.locator(".mmq-card img").nth(number).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".st-key-portrait img").wait_for()


def parameter(address: str, name: str) -> str:
    """A parameter of an address."""
    found = re.search(rf"[?&]{name}=([^&]+)", address)
    assert found is not None, address
    return found[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until `server` answers there; the test fails where it does not."""
    for _ in range(300):
        if server.poll() is not None:
            pytest.fail("the dashboard's server ended before it answered")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("the dashboard's server did not answer within a minute")
