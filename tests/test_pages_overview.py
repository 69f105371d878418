"""The Overview page: figures at a threshold, suggestions, rates by group, labels per day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from dashboard import links, opened, store_of, texts, unescaped
from workspaces import Fixture, small_workspace

from mmquality.config import Workspace
from mmquality.evaluation.bootstrap import Interval
from mmquality.pages import overview_figures, overview_plots
from mmquality.pages.next_steps import State, Step, steps
from mmquality.pipeline.judgement import Figures, Judgement, keep_judgement
from mmquality.records import Drawn, ModelVersion, Reason, Verdict
from mmquality.store import Flagged, Store


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fixture:
    """A shop of one's own."""
    fixture = small_workspace(tmp_path / "shop")
    monkeypatch.setenv("MMQ_WORKSPACE", str(fixture.workspace.root))
    return fixture


def number(page: str, name: str) -> tuple[str, str]:
    """The value and the note of one of the big numbers."""
    value, note = page.split(f"<dt>{name}</dt><dd>")[1].split("</dd></div>")[0].split("</dd><dd>")
    return value, note


class TestOverview:
    def test_says_what_is_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "nowhere"))
        assert "No workspace yet" in texts(opened("overview"))
        Store.open(Workspace.at(tmp_path / "empty").database_url).close()
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "empty"))
        assert "No listings yet" in texts(opened("overview"))

    def test_counts_at_the_threshold_of_the_address(self, shop: Fixture) -> None:
        with store_of(shop) as store:
            scores = store.version_scores("v1")
            worst, best = scores["listing_id"].iloc[0], scores["listing_id"].iloc[-1]
            store.add_label(worst, Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "<b>ana</b>")
            store.add_label(best, Verdict.MATCH, None, "", "ben")
        for params, threshold in (({}, 0.5), ({"threshold": "17"}, 0.17), ({"threshold": "-4"}, 0.5)):
            app = opened("overview", params)
            page, flagged = texts(app), int((scores["score"] >= threshold).sum())
            assert number(page, "Flagged")[0] == str(flagged)
            assert number(page, "Left to review")[0] == str(flagged - 1)
            assert number(page, "Labelled") == ("2", "1 mismatch, 1 match")
            assert number(page, "Precision")[0] == "100%" and "1 verdict" in number(page, "Precision")[1]
            for name in ("Mismatches", f"Missed below {round(100 * threshold)}%"):
                assert number(page, name) == ("–", "takes 10 cases drawn at random")
            assert f"{flagged - 1} flagged listings to review" in page
            assert "control case" not in page  # of two verdicts none was to be one
        assert len(app.get("plotly_chart")) == 2

    def test_control_cases_tell_what_is_missed(self, shop: Fixture) -> None:
        with store_of(shop) as store:
            ids = store.version_scores("v1")["listing_id"]
            for listing_id in (ids.iloc[0], ids.iloc[-1]):
                store.add_label(listing_id, Verdict.MISMATCH, Reason.OTHER, "", "ana", drawn=Drawn.CONTROL)
            for listing_id in ids.iloc[-9:-1]:
                store.add_label(listing_id, Verdict.MATCH, None, "", "ana", drawn=Drawn.CONTROL)
        app = opened("overview")
        page = texts(app)
        assert number(page, "Mismatches")[0] == "20%" and "10 control cases" in number(page, "Mismatches")[1]
        assert number(page, "Missed below 50%")[0] == "50%"
        assert "of control cases alone it is 1 of 1" in unescaped(app.caption[0].value)

    def test_few_control_cases_tell_nothing_of_the_catalogue(self, shop: Fixture) -> None:
        with store_of(shop) as store:
            ids = store.version_scores("v1")["listing_id"]
            for listing_id in ids.iloc[:3]:
                store.add_label(listing_id, Verdict.MISMATCH, Reason.OTHER, "", "ana", drawn=Drawn.CONTROL)
        page = texts(opened("overview"))
        for name in ("Mismatches", "Missed below 50%"):
            assert number(page, name) == ("–", "3 of 10 control cases")

    def test_categories_lead_to_their_ranking(self, shop: Fixture) -> None:
        with store_of(shop) as store:
            flagged = [
                store.listing(i) for i in store.version_scores("v1").query("score >= 0.5")["listing_id"]
            ]
        by_category = {
            name: sum(listing.category == name for listing in flagged)
            for name in {listing.category for listing in flagged}
        }
        app = opened("overview")
        found = {words: address for address, words in links(app) if "category=" in address}
        assert set(found) == by_category.keys()
        for name, query in found.items():
            assert f"category={name}" in query and "score=50" in query and "score=100" in query
        for name, hits in by_category.items():
            assert f"{hits} of 10</span>" in texts(app), name
        sellers = [address for address, _ in links(app) if "where=" in address]
        assert sellers and all("where=seller%3Aseller_" in query and "score=50" in query for query in sellers)

    def test_a_catalogue_without_sellers_keeps_no_room_for_them(self, shop: Fixture) -> None:
        with store_of(shop) as store, store._write() as connection:
            connection.exec_driver_sql("UPDATE listings SET seller = NULL")
        page = texts(opened("overview"))
        assert "Flagged by category" in page and "by seller" not in page and "names its seller" not in page

    def test_a_large_catalogue_is_counted_beside_the_page(
        self, shop: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(overview_figures, "groups", lambda *_, **__: None)
        app = opened("overview")
        assert any("Going through the catalogue" in caption.value for caption in app.caption)
        assert "Left to review" in texts(app)

    def test_a_model_that_waits_is_named_unless_it_did_worse(self, shop: Fixture) -> None:
        figures = Figures(0.5, 0.5, 0.1, 0.1)
        for name, gain in (("v2", Interval(-0.1, -0.3, 0.1)), ("v3", Interval(0.0, -0.1, 0.1))):
            with store_of(shop) as store:
                scores = store.version_scores("v1")
                version = ModelVersion(name, datetime(2026, 1, 3, tzinfo=UTC), len(scores), {})
                store.publish(version, scores, in_force=False)
            (shop.workspace.models / name / "index").mkdir(parents=True)
            judged = Judgement("v1", name, 40, 20, figures, figures, gain, blind=True)
            keep_judgement(judged, shop.workspace.models / name)
            assert (f"Model {name} waits" in texts(opened("overview"))) == (not judged.worse)

    def test_a_bar_of_labels_is_a_day_wide_whatever_else_there_is(self) -> None:
        days = pd.DataFrame({"day": [date(2026, 3, 5)], "analyst": ["ana"], "labels": [1]})
        chart = overview_plots.labels(days, date(2026, 3, 7))
        hour = 3600 * 1000
        assert chart.data[0].x == (date(2026, 3, 5),) and 12 * hour < chart.data[0].width <= 24 * hour
        first, last = map(pd.Timestamp, chart.layout.xaxis.range)
        assert (last - first).days == 30 and chart.layout.yaxis.dtick == 1

    def test_a_workspace_without_labels_says_so(self, shop: Fixture) -> None:
        app = opened("overview")
        assert any("None in the last 30 days" in unescaped(caption.value) for caption in app.caption)
        assert number(texts(app), "Precision") == ("–", "no flagged listing is judged")
        assert "6 rows of the last import could not be used" in texts(app)


def state(**changes: object) -> State:
    """A catalogue that is up to date, and nothing left to do but to look further down."""
    usual = {
        "model": "v1", "threshold": 50, "flagged": Flagged(9, 9), "unscored": 0, "judged": 0, "learnt": 0,
        "controls": 0, "control_share": 0.05, "unused_rows": 0,
    }  # fmt: skip
    return State(**(usual | changes))  # type: ignore[arg-type]


def titles(**changes: object) -> list[str]:
    """What is suggested, in order."""
    return [step.title for step in steps(state(**changes))]


class TestNextSteps:
    def test_what_is_flagged_is_to_be_reviewed(self) -> None:
        (step,) = steps(state(flagged=Flagged(30, 9), threshold=35))
        assert isinstance(step, Step) and step.title == "21 flagged listings to review"
        assert step.params == {"queue": "score=35&score=100"}
        assert titles() == ["All flagged listings are labelled"]
        assert titles(flagged=Flagged(0, 0)) == ["Nothing is flagged"]

    def test_new_listings_come_first(self) -> None:
        assert titles(unscored=1)[0] == "1 listing without a score"

    @pytest.mark.parametrize(
        ("judged", "learnt", "worth"), [(19, 0, False), (20, 0, True), (340, 310, False)]
    )
    def test_training_again_takes_verdicts_enough(self, judged: int, learnt: int, worth: bool) -> None:
        found = titles(judged=judged, learnt=learnt, controls=5)
        assert (f"{judged - learnt} verdicts to learn from" in found) == worth

    def test_verdicts_kept_apart_are_not_to_be_learnt_from(self) -> None:
        known = {"judged": 100, "learnt": 80, "controls": 5}
        assert "20 verdicts to learn from" in titles(**known)
        assert not any("to learn from" in title for title in titles(**known, apart=20))

    def test_what_people_have_to_decide_is_named(self) -> None:
        found = {step.title: step for step in steps(state(disputed=2, waiting="v2"))}
        assert found["2 disagreements to settle"].params == {"order": "Disagreements"}
        assert found["Model v2 waits"].params == {"show": "Changes", "from": "v1", "to": "v2"}

    @pytest.mark.parametrize(
        ("judged", "share", "due"), [(19, 0.05, False), (20, 0.05, True), (19, 0.1, True), (500, 0.0, False)]
    )
    def test_control_cases_are_asked_for_once_one_was_due(self, judged: int, share: float, due: bool) -> None:
        assert ("10 control cases to go" in titles(judged=judged, control_share=share)) == due

    def test_control_cases_are_asked_for_until_there_are_enough(self) -> None:
        assert "1 control case to go" in titles(judged=180, controls=9)
        assert not any("control" in title for title in titles(judged=200, controls=10))
