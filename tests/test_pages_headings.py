"""Every page has one heading of the first level, its name, whatever there is to show on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from dashboard import opened, texts
from workspaces import small_workspace

from mmquality.config import Workspace
from mmquality.pages import links
from mmquality.store import Store

PAGES = {
    "overview": "Overview",
    "ranking": "Ranking",
    "review": "Review",
    "listing": "Listing",
    "compare": "Compare",
    "experiments": "Experiments",
    "map": "Map",
    "labels": "Labels",
    "clicks": "Clicks",
    "models": "Models",
    "imports": "Import report",
}


def nowhere(root: Path) -> None:
    """Leave the folder out."""


def without_listings(root: Path) -> None:
    Store.open(Workspace.at(root).database_url).close()


def without_a_model(root: Path) -> None:
    small_workspace(root, version=None)


def finished(root: Path) -> None:
    small_workspace(root)


def damaged(root: Path) -> None:
    root.mkdir()
    (root / "mmquality.db").write_text("a shopping list " * 100)


STATES = [nowhere, without_listings, without_a_model, finished, damaged]


@pytest.fixture(scope="module", params=STATES, ids=lambda make: make.__name__)
def workspace(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace for all pages, in each state."""
    root: Path = tmp_path_factory.mktemp("headings") / "shop"
    make: Callable[[Path], None] = request.param
    make(root)
    return root


def headings(page: str, **params: str) -> list[str]:
    """The first-level headings of a page."""
    return re.findall("<h1>(.*?)</h1>", texts(opened(page, **params)))


def test_no_page_is_left_out() -> None:
    here = Path(links.__file__).parent
    assert PAGES.keys() == {p.stem for p in vars(links).values() if isinstance(p, Path) and p != here}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_heading(workspace: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_WORKSPACE", str(workspace))
    assert headings(page) == [PAGES[page]]


@pytest.mark.parametrize("analyst", ["", "ana"])
def test_review_has_one_whoever_asks(workspace: Path, analyst: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_WORKSPACE", str(workspace))
    monkeypatch.setenv("MMQ_ANALYST", analyst)
    assert headings("review") == ["Review"]


def test_a_listing_that_is_not_there_has_one(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_WORKSPACE", str(workspace))
    assert headings("listing", id="nobody") == ["Listing"]


def test_a_page_that_fails_before_its_heading_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = small_workspace(tmp_path / "shop").workspace
    workspace.clicks.mkdir()
    (workspace.clicks / "impressions.parquet").write_bytes(b"not parquet")
    monkeypatch.setenv("MMQ_WORKSPACE", str(workspace.root))
    assert headings("clicks") == ["Clicks"]


@pytest.mark.parametrize("header", ["", "X-Forwarded-User"], ids=["set up wrongly", "not signed in"])
def test_who_is_not_let_in_sees_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("MMQ_ACCESS", "proxy")
    monkeypatch.setenv("MMQ_ACCESS_HEADER", header)
    assert headings("ranking") == ["Dashboard"]
