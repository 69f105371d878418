"""The click log as pages read it: places, one listing's standing, prices, agreement with verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from impressions import RATE, give_log, log_of, report_of
from workspaces import Fixture, small_workspace

from mmquality.errors import WorkspaceError
from mmquality.pipeline import click_agreement
from mmquality.pipeline.click_report import ClickReader, ClickReport, ClickWord
from mmquality.pipeline.places import open_store
from mmquality.records import Reason, Verdict
from mmquality.store import Store

APPEAL = {f"L{n:03d}": 0.15 if n in (4, 8) else 1.0 for n in range(1, 61)}


@pytest.fixture(scope="module")
def report() -> ClickReport:
    return report_of(log_of(APPEAL, times=60))


@pytest.fixture
def shop(tmp_path: Path) -> Fixture:
    return small_workspace(tmp_path / "shop")


class TestClickReport:
    def test_counts_impressions_and_clicks_by_place_and_listing(self) -> None:
        log = (
            log_of({"b": 1.0, "a": 1.0})
            .iloc[:4]
            .assign(
                listing_id=["b", "a", "b", "b"], position=[1, 2, 2, 99], clicked=[True, False, False, True]
            )
        )
        found = report_of(log)
        assert found.places["shown"].tolist()[:2] == [1, 2]
        assert found.places["shown"].iloc[-1] == 1 and len(found.places) == 50  # deeper places are the last
        assert found.of(["b", "nobody saw it"])[["shown", "clicks"]].values.tolist() == [[3, 2]]
        assert found.most_shown == "b"
        assert (found.shown, found.clicks) == (4, 2)

    def test_finds_the_curve_of_the_places(self, report: ClickReport) -> None:
        rate = report.places["rate"].to_numpy()
        assert rate / rate[0] == pytest.approx(np.array(RATE) / RATE[0], rel=0.12)
        assert report.listings["expected"].sum() == pytest.approx(report.clicks)

    def test_a_listing_that_is_clicked_too_seldom_is_told(self, report: ClickReport) -> None:
        standing = report.standing("L004")
        assert standing.word is ClickWord.FEWER
        assert standing.corrected < standing.ratio < 1
        assert standing.low < standing.ratio < standing.high < 1

    def test_few_impressions_say_little(self) -> None:
        log = pd.concat([log_of(APPEAL, times=60), log_of({"NEW": 0.0}, times=1)])
        standing = report_of(log).standing("NEW")
        assert standing.corrected == standing.raw == 0
        assert standing.word is ClickWord.LITTLE
        assert standing.ratio > 0.5

    def test_a_listing_never_shown_stands_where_the_catalogue_does(self, report: ClickReport) -> None:
        standing = report.standing("nobody saw it")
        assert standing.word is ClickWord.NEVER
        assert standing.ratio == pytest.approx(report.appeal.mean)
        assert (standing.shown, standing.clicks, standing.expected) == (0, 0, 0)

    def test_knows_how_many_get_none_by_chance(self, report: ClickReport) -> None:
        assert report.none_by_chance(0.0) == 1
        assert report.none_by_chance(1.0) > report.none_by_chance(3.0) > 0
        assert report.typical.shown == 240

    def test_a_log_without_a_click_expects_none(self) -> None:
        found = report_of(log_of(dict.fromkeys(("a", "b"), 0.0), times=3))
        assert found.clicks == 0 and found.places["rate"].sum() == 0
        assert found.standing("a").word is ClickWord.LITTLE


class TestClickReader:
    def test_has_nothing_to_say_without_a_log(self, shop: Fixture) -> None:
        with open_store(shop.workspace) as store:
            assert ClickReader(shop.workspace, store).report() is None

    def test_reads_a_log_once_and_anew_when_it_changes(self, shop: Fixture) -> None:
        with open_store(shop.workspace) as store:
            reader = ClickReader(shop.workspace, store)
            give_log(shop.workspace, {"L001": 1.0, "L002": 1.0}, times=5)
            first = reader.report()
            assert first is reader.report() is not None
            give_log(shop.workspace, {"L003": 1.0}, times=50)
            second = reader.report()
        assert second is not None and "L003" in second.ids

    def test_what_was_counted_once_is_kept_until_the_log_changes(
        self, shop: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        give_log(shop.workspace, APPEAL, times=5)
        with open_store(shop.workspace) as store:
            ClickReader(shop.workspace, store).keep()
            counted = ClickReader(shop.workspace, store)._count()
            with monkeypatch.context() as patch:
                patch.setattr(ClickReader, "_count", None)  # nobody counts
                kept = ClickReader(shop.workspace, store).report()
            assert kept is not None and counted is not None
            pd.testing.assert_frame_equal(kept.listings, counted.listings)
            pd.testing.assert_frame_equal(kept.places, counted.places)
            assert list(kept.ids) == list(counted.ids) and kept.appeal == counted.appeal
            assert kept.standing("L004") == counted.standing("L004") and kept.typical == counted.typical
            give_log(shop.workspace, {"L003": 1.0}, times=50)
            again = ClickReader(shop.workspace, store).report()
        assert again is not None and again.shown > kept.shown

    def test_a_damaged_log_is_said(self, shop: Fixture) -> None:
        shop.workspace.clicks.mkdir()
        (shop.workspace.clicks / "impressions.parquet").write_bytes(b"not parquet")
        with open_store(shop.workspace) as store, pytest.raises(WorkspaceError, match="log again"):
            ClickReader(shop.workspace, store).report()

    def test_a_damaged_count_is_said(self, shop: Fixture) -> None:
        give_log(shop.workspace, APPEAL, times=5)
        (shop.workspace.clicks / "report.arrow").write_bytes(b"not arrow")
        with open_store(shop.workspace) as store, pytest.raises(WorkspaceError, match="log again"):
            ClickReader(shop.workspace, store).report()


class TestAgreement:
    @pytest.fixture
    def store(self, shop: Fixture) -> Store:
        store = Store.open(shop.workspace.database_url, create=False)
        for listing_id in ("L004", "L008"):
            store.add_label(listing_id, Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
        for n in (1, 2, 12, 13, 23, 33):
            store.add_label(f"L{n:03d}", Verdict.MATCH, None, "", "ben")
        store.add_label("L040", Verdict.UNSURE, None, "", "ben")
        return store

    def test_joins_verdicts_with_what_was_seen_and_clicked(self, store: Store, report: ClickReport) -> None:
        labelled = click_agreement.labelled_listings(store, report)
        assert len(labelled) == 9
        assert labelled.loc["L004", "verdict"] == Verdict.MISMATCH
        assert labelled.loc["L004", "score"] == store.ranked_listing("L004").score
        assert labelled.loc["L004", "category"] == "Mugs"

    def test_leaves_out_listings_that_nobody_was_shown(self, store: Store) -> None:
        seen = report_of(log_of({"L004": 1.0, "L001": 1.0}))
        assert set(click_agreement.labelled_listings(store, seen).index) == {"L004", "L001"}

    def test_finds_that_clicks_agree_where_they_do(self, store: Store, report: ClickReport) -> None:
        found = click_agreement.overall(click_agreement.labelled_listings(store, report))
        assert (found.mismatches, found.matches) == (2, 6)  # unsure counts for neither
        assert found.clicks is not None and found.clicks.auc == 1
        assert found.score is not None and found.score.auc == 1

    def test_tells_categories_and_impressions_apart(self, store: Store, report: ClickReport) -> None:
        labelled = click_agreement.labelled_listings(store, report)
        categories = click_agreement.by_category(labelled)
        assert categories[0].name == "Mugs" and categories[0].matches == 2
        assert categories[0].clicks is not None
        assert all(row.clicks is None for row in categories[1:])  # no mismatch to compare with
        buckets = click_agreement.by_impressions(labelled, report)
        assert [row.name for row in buckets] == ["shown 1 or more"]  # all were shown equally often

    def test_buckets_are_the_quarters_of_the_catalogue(self, store: Store) -> None:
        log = pd.concat([log_of({f"L{n:03d}": 1.0}, times=n) for n in range(1, 41)])
        report = report_of(log)
        labelled = click_agreement.labelled_listings(store, report)
        buckets = click_agreement.by_impressions(labelled, report)
        assert [row.name for row in buckets] == [
            "shown 1–40",
            "shown 41–80",
            "shown 81–120",
            "shown 121 or more",
        ]
        assert sum(row.mismatches + row.matches for row in buckets) == 8

    def test_without_labels_there_is_nothing_to_compare(self, shop: Fixture, report: ClickReport) -> None:
        with Store.open(shop.workspace.database_url, create=False) as store:
            found = click_agreement.overall(click_agreement.labelled_listings(store, report))
        assert (found.mismatches, found.matches, found.clicks, found.score) == (0, 0, None, None)


class TestPrices:
    def test_are_told_apart_in_quarters(self, shop: Fixture) -> None:
        with Store.open(shop.workspace.database_url, create=False) as store:
            prices = store.catalogue_frame(["listing_id", "price"]).set_index("listing_id")["price"]
            dear = {i: 0.3 if price > 50 else 1.0 for i, price in prices.astype(float).items()}
        rows = click_agreement.by_price(report_of(log_of(dear, times=60), prices.astype(float)))
        assert sum(row.listings for row in rows) == 60
        assert rows[0].low > rows[-1].high
        assert rows[0].name.startswith("up to") and rows[-1].name.startswith("above")
        assert all(row.low <= row.ratio <= row.high for row in rows)
