"""The evidence on the Listing page and on the ranking's cards, in words and pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from dashboard import card_titles, opened, store_of, texts
from hypothesis import given
from hypothesis import strategies as st
from impressions import give_log
from workspaces import HOSTILE, Fixture, small_workspace

from mmquality.index import NeighbourIndex
from mmquality.pages.escaping import plain
from mmquality.pages.reasons import click_sentence, ratio_sentence, why
from mmquality.pipeline.click_report import ClickStanding
from mmquality.pipeline.evidence import Evidence
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.places import index_path
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Drawn, ModelVersion, Reason, Space, Verdict

NOTHING = Evidence([], [], [], [], [], "", [], [], None)
SELDOM = ClickStanding(61, 0, 6.2, 0.0, 0.4, 0.1, 0.8, 0.7)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A shop with a click log in which L001 to L003 show one photo with two chairs."""
    fixture = small_workspace(tmp_path_factory.mktemp("evidence") / "shop")
    path = index_path(fixture.workspace, "v1", Space.PHOTO)
    index = NeighbourIndex.load(path)
    vectors = index.vectors(index.ids)
    for other in ("L055", "L056"):
        vectors[index.ids.index(other)] = vectors[index.ids.index("L003")]
    NeighbourIndex.build(vectors, index.ids).save(path)
    give_log(fixture.workspace, {f"L{n:03d}": 0.1 if n == 4 else 1.0 for n in range(1, 61)})
    return fixture


class TestListing:
    def test_says_why_it_is_ranked_here(self, shown: Fixture) -> None:
        page = texts(opened("listing", id="L004"))
        reason = re.search(r'<p class="mmq-why"><b>Why it is ranked here</b> (.*?)</p>', page)
        assert reason is not None
        assert "photos like this one are sold as “" in reason[1].lower()
        assert "the title asks for “" in reason[1]
        assert "fewer clicks than its places would give" in reason[1]

    def test_shows_words_as_chips(self, shown: Fixture) -> None:
        page = texts(opened("listing", id="L004"))
        looks, asks = re.findall(r'<p class="mmq-words">(.*?)</p>', page)
        assert "<b>guitar</b>" in looks and "<b>mug</b>" in asks

    def test_shows_who_shows_the_same_photo_under_unrelated_titles(self, shown: Fixture) -> None:
        app = opened("listing", id="L003")
        assert "This photo is also shown by 2 listings with unrelated titles" in texts(app)
        assert len([title for title in card_titles(app)[:2] if "chair" in title.lower()]) == 2

    def test_says_what_clicks_amount_to(self, shown: Fixture) -> None:
        app = opened("listing", id="L004")
        assert re.search(r"Shown 160 times at places where an average listing gets [\d.]+ clicks", texts(app))
        assert "fewer than expected" in texts(app)
        assert any(link.proto.label == "How clicks are read" for link in app.page_link)

    @pytest.mark.parametrize("page", ["listing", "review"])
    def test_without_impressions_it_knows_nothing_of_clicks(
        self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch, page: str
    ) -> None:
        monkeypatch.setenv("MMQ_ANALYST", "ana")
        pairs = pd.DataFrame({"listing_id": ["L001"], "other_id": ["L002"], "weight": [1.0]})
        merge_clicks(fresh.workspace.clicks, "co_clicks", [pairs])
        with store_of(fresh) as store:
            store.set_click_counts(pd.DataFrame({"listing_id": [], "impressions": [], "clicks": []}))
        app = opened(page, **({"id": "L004"} if page == "listing" else {}))
        assert any("No impressions were imported" in caption.value for caption in app.caption)
        assert "Never shown" not in texts(app) and "clicked 0" not in texts(app)

    def test_who_is_not_in_the_index_has_clicks_all_the_same(self, fresh: Fixture) -> None:
        give_log(fresh.workspace, {"L001": 1.0, "L002": 1.0})
        index_path(fresh.workspace, "v1", Space.PHOTO).unlink()
        page = texts(opened("listing", id="L001"))
        assert "No neighbours to show" in page and "Shown 160 times at places" in page

    @pytest.mark.parametrize("listing_id", HOSTILE)
    def test_words_of_a_hostile_title_are_only_ever_text(self, shown: Fixture, listing_id: str) -> None:
        page = texts(opened("listing", id=listing_id))
        assert not re.search(r"<script|<img src=x|onerror=alert\(1\)>", page)


class TestNeighbours:
    @pytest.mark.parametrize("space", ["Unified", "Title", "Photo"])
    def test_are_those_of_the_space_in_the_address(self, shown: Fixture, space: str) -> None:
        app = opened("listing", id="L004", near=space)
        with Catalogue(shown.workspace) as catalogue:
            near = catalogue.neighbours("L004", Space(space.lower()), 10)
            listings = catalogue.store.listings_by_id(n.listing_id for n in near)
        titles = [plain(listing.title) for listing in listings.values()]
        assert "\n".join(titles) in "\n".join(card_titles(app))
        first = f"<span>{space.lower()} distance</span>.*?<b>{near[0].distance:.2f}</b>"
        assert re.search(first, texts(app))

    def test_an_odd_space_is_the_unified_one(self, shown: Fixture) -> None:
        assert "title similarity" in texts(opened("listing", id="L004", near="sound"))


class TestHistory:
    def test_of_one_version_there_is_no_chart(self, fresh: Fixture) -> None:
        assert not opened("listing", id="L004").get("plotly_chart")

    def test_scores_are_drawn_by_version(self, fresh: Fixture) -> None:
        store = store_of(fresh)
        frame = store.version_scores("v1")[["listing_id", "score"]]
        store.publish(ModelVersion("v0", datetime(2026, 1, 1, tzinfo=UTC), 60), frame.assign(score=0.25))
        store.make_current("v1")
        (chart,) = opened("listing", id="L004").get("plotly_chart")
        assert re.fullmatch(
            r"Mismatch score by model version: v1 \d+% \(#\d+\), v0 25% \(#4\)", chart.proto.alt
        )

    def test_a_label_that_was_taken_back_stays_in_the_history(self, fresh: Fixture) -> None:
        store = store_of(fresh)
        taken = store.add_label("L004", Verdict.MISMATCH, Reason.OTHER, "<i>sure</i>", "ana")
        store.undo_label(taken.label_id, "ben")
        store.add_label("L004", Verdict.MATCH, None, "", "cid", None, Drawn.QUEUE, True)
        page = texts(opened("listing", id="L004")).split("Labels, newest first")[1]
        newest, oldest = re.findall(r'<p class="mmq-verdict">(.*?)</p>', page)
        assert "Match" in newest and "cid" in newest and "after the verdict" in newest
        assert oldest.startswith("<s>") and "taken back by ben" in oldest
        assert "&lt;i&gt;sure&lt;/i&gt;" in oldest


class TestCards:
    def test_say_what_the_photo_looks_like(self, shown: Fixture) -> None:
        page = texts(opened())
        assert page.count('<p class="mmq-glance"') == 48
        assert "looks like: " in page

    def test_say_that_a_photo_is_shared(self, shown: Fixture) -> None:
        page = texts(opened(q="stoneware ochre"))  # L003
        assert "photo shared by unrelated titles" in page


class TestWhy:
    def test_names_what_weighs_most_first(self) -> None:
        found = replace(
            NOTHING,
            looks_like=["clock", "watch", "bells", "bedside"],
            asks_for=["teapot", "red"],
            other_category="Clocks",
            unrelated_sharers=["a", "b"],
            clicks=SELDOM,
        )
        assert why(0.8, 0.99, found) == (
            "Its photo is also shown by 2 listings with unrelated titles; photos like this one are sold as "
            "“clock”, “watch” and “bells”, the title asks for “teapot” and “red”; most photos like it stand "
            "in Clocks; it gets fewer clicks than its places would give."
        )

    def test_says_what_speaks_for_the_photo_too(self) -> None:
        found = replace(NOTHING, looks_like=["pot"], asks_for=["tea"], shared_words=["red"])
        assert why(0.8, 0.99, found).endswith("Photo and title do agree on “red”.")

    def test_without_anything_to_name_it_says_so(self) -> None:
        assert why(0.8, 0.987, NOTHING).startswith(
            "The model finds title and photo further apart than those of 99% of the catalogue; no word"
        )

    def test_a_listing_that_looks_right_is_told_why(self) -> None:
        found = replace(NOTHING, shared_words=["red", "teapot"], asks_for=["x"], looks_like=["y"])
        assert why(0.1, 0.2, found) == "The title and photos like this one agree on “red” and “teapot”."
        doubtful = replace(found, unrelated_sharers=["a"], clicks=SELDOM)
        assert why(0.1, 0.2, doubtful) == (
            "The title and photos like this one agree on “red” and “teapot”; but its photo is also shown by "
            "1 listing with an unrelated title and it gets fewer clicks than its places would give."
        )
        assert why(0.1, 0.2, NOTHING) == "The model finds that title and photo belong together."

    @given(
        st.floats(0, 1), st.lists(st.text(min_size=1)), st.lists(st.text(min_size=1)), st.lists(st.just("a"))
    )
    def test_is_always_a_sentence(
        self, score: float, looks: list[str], asks: list[str], sharers: list[str]
    ) -> None:
        found = replace(NOTHING, looks_like=looks, asks_for=asks, unrelated_sharers=sharers)
        sentence = why(score, 0.5, found)
        assert sentence.endswith(".") and not sentence[0].islower()


class TestClickSentences:
    def test_say_how_much_was_to_be_expected(self) -> None:
        little = ClickStanding(61, 0, 1.1, 0.0, 0.7, 0.1, 1.6, 0.5)
        assert click_sentence(little) == (
            "Shown 61 times at places where an average listing gets 1.1 clicks, clicked 0 times: says little."
        )
        assert click_sentence(SELDOM).endswith("fewer than expected.")
        wanted = ClickStanding(61, 9, 1.0, 9.0, 2.0, 1.2, 3.0, 0.1)
        assert "gets 1.0 click, clicked 9 times: more than expected." in click_sentence(wanted)
        assert "2.0 average listings, with 90% certainty between 1.2 and 3.0" in ratio_sentence(wanted)

    def test_never_shown_is_not_never_clicked(self) -> None:
        assert click_sentence(ClickStanding(0, 0, 0.0, 0.0, 1.0, 0.2, 2.0, 0.5)).startswith("Never shown")
