"""Addresses that nobody's link leads to, and filters that change while a later page is in view."""

from __future__ import annotations

import pytest
from dashboard import button, card_titles, opened, texts
from streamlit.elements.lib import policies
from workspaces import Fixture, small_workspace


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A workspace that no test changes."""
    return small_workspace(tmp_path_factory.mktemp("finished") / "shop")


@pytest.fixture(autouse=True)
def shown(finished: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dashboard's environment, pointing to it."""
    monkeypatch.setenv("MMQ_WORKSPACE", str(finished.workspace.root))


@pytest.mark.parametrize("page", ["", "0", "-1", "2.5", "x", "99", "9" * 30, "²", ["2", "3"]], ids=str)
def test_an_odd_page_is_the_first_one(page: str | list[str]) -> None:
    assert len(card_titles(opened(params={"page": page}))) == 48


@pytest.mark.parametrize(
    "params",
    [
        {"score": ["x", "y"]}, {"score": "50"}, {"score": ["90", "10"]}, {"category": "no such"},
        {"sort": "sideways"}, {"label": ""}, {"view": "3D"}, {"page": "2", "category": "Mugs"},
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_filter_shows_listings_all_the_same(params: dict[str, str | list[str]]) -> None:
    assert card_titles(opened(params=params))


def test_no_stack_trace_is_logged_when_a_filter_leads_back_to_the_first_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)  # it is logged once in a process
    app = opened(page="ranking", params={"page": "2"})
    assert len(card_titles(app)) == 12
    kinds = ["Mugs", "Lamps", "Chairs", "Watches", "Guitars"]
    app.multiselect(key="category").set_value(kinds).run()  # still two pages: the first is in view now
    assert len(card_titles(app)) == 48
    app.text_input(key="q").set_value("submarine").run()
    assert "No listing passes" in texts(app)
    button(app, "Clear the filters").click().run()
    assert len(card_titles(app)) == 48
    assert not policies._shown_default_value_warning
