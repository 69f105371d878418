"""The Clicks page: with and without a log, with and without verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import card_titles, opened, store_of, texts
from impressions import give_log
from workspaces import Fixture, small_workspace

from mmquality.config import Workspace
from mmquality.pages.escaping import plain
from mmquality.records import Reason, Verdict
from mmquality.store import Store

APPEAL = {f"L{n:03d}": 0.1 if n in (4, 8) else 1.0 for n in range(1, 61)}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A shop without a click log."""
    fixture = small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
    return fixture


@pytest.fixture
def clicked(shop: Fixture) -> Fixture:
    """The same with one."""
    give_log(shop.workspace, APPEAL)
    return shop


def label(shop: Fixture) -> None:
    """Verdicts that agree with the clicks."""
    with store_of(shop) as store:
        for listing_id in ("L004", "L008"):
            store.add_label(listing_id, Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
        for n in (1, 2, 12, 13, 23):
            store.add_label(f"L{n:03d}", Verdict.MATCH, None, "", "ben")


class TestEmptyStates:
    def test_without_a_workspace_it_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "nowhere"))
        assert "No workspace yet" in texts(opened("clicks"))

    def test_without_listings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Store.open(Workspace.at(tmp_path).database_url).close()
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path))
        assert "No listings yet" in texts(opened("clicks"))

    def test_without_a_log_it_names_the_import(self, shop: Fixture) -> None:
        app = opened("clicks")
        assert "No impressions yet" in texts(app)
        assert "--impressions impressions.parquet" in app.code[0].value

    def test_without_clicks_it_says_that_nobody_clicked(self, shop: Fixture) -> None:
        give_log(shop.workspace, dict.fromkeys(APPEAL, 0.0), times=2)
        app = opened("clicks")
        assert "Nobody clicked" in texts(app)
        assert not app.get("plotly_chart")

    def test_a_damaged_log_is_said(self, shop: Fixture) -> None:
        shop.workspace.clicks.mkdir()
        (shop.workspace.clicks / "impressions.parquet").write_bytes(b"not parquet")
        assert "import the click log again" in texts(opened("clicks"))

    @pytest.mark.parametrize("verdict", [None, Verdict.MATCH])
    def test_without_both_verdicts_it_says_how_to_label(
        self, clicked: Fixture, verdict: Verdict | None
    ) -> None:
        if verdict:
            store_of(clicked).add_label("L001", verdict, None, "", "ana")
        app = opened("clicks")
        assert "Too few verdicts yet" in texts(app)
        assert ("1 match and nothing to compare with" in texts(app)) == bool(verdict)
        assert "mmquality label ID" in app.code[0].value

    def test_without_a_model_clicks_are_still_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fixture = small_workspace(tmp_path / "shop", version=None)
        give_log(fixture.workspace, APPEAL)
        monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
        assert "Clicks by place" in texts(opened("clicks"))


class TestClicks:
    def test_explains_what_a_missing_click_can_mean(self, clicked: Fixture) -> None:
        page = texts(opened("clicks"))
        assert "9,600 impressions" in page
        for cause in ("Place", "Chance", "Appeal and price", "The photo"):
            assert f"<h3>{cause}</h3>" in page
        assert "Place 1 gets 3." in page

    def test_shows_places_prices_and_the_worst_listing(self, clicked: Fixture) -> None:
        app = opened("clicks")
        assert len(app.get("plotly_chart")) == 3
        worst = store_of(clicked).rank_neighbour(0, 1)
        assert worst is not None
        assert card_titles(app) == [plain(store_of(clicked).listing(worst).title)]

    def test_a_listing_can_be_asked_for(self, clicked: Fixture) -> None:
        app = opened("clicks", of="L008")
        assert "Shown 160 times" in texts(app) and "fewer than expected" in texts(app)
        assert card_titles(app) == [store_of(clicked).listing("L008").title]
        app = opened("clicks", of="<b>nope</b>")
        assert "No listing has the id" in app.caption[0].value

    def test_a_listing_never_shown_is_not_drawn(self, clicked: Fixture) -> None:
        (clicked.workspace.clicks / "impressions.parquet").unlink()
        give_log(clicked.workspace, {"L001": 1.0, "L002": 1.0})
        app = opened("clicks", of="L050")
        assert "Never shown in the click log" in texts(app)
        assert len(app.get("plotly_chart")) == 2

    def test_compares_clicks_and_score_with_verdicts(self, clicked: Fixture) -> None:
        label(clicked)
        app = opened("clicks")
        page = texts(app)
        assert "<dt>mismatches</dt><dd>2</dd>" in page and "<dt>matches</dt><dd>5</dd>" in page
        assert "<dt>AUC of P(no click)</dt><dd>1.00 (" in page
        assert "Read it with care" in page
        table = app.dataframe[0].value
        assert table["Group"].tolist()[0] == "All labelled listings"
        assert table["Mismatches"].tolist()[0] == 2
        assert "Mugs" in table["Group"].tolist()
        assert len(app.get("plotly_chart")) == 5
