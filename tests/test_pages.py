"""The dashboard's pages through Streamlit's AppTest, on a small finished workspace."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from dashboard import ROOT, button, card_titles, opened, photos, store_of, texts, unescaped
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from workspaces import HOSTILE, Fixture, small_workspace

from mmquality.config import Workspace
from mmquality.pages import verdicts
from mmquality.pages.escaping import as_html, as_markdown, plain
from mmquality.pages.exports import _writer
from mmquality.pages.filters import LABEL_STATES, NO_CATEGORY, SORTS, VIEWS, Filters
from mmquality.pages.problems import is_of
from mmquality.pages.wording import percent
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion, Reason, RowProblem, Space, Verdict, count_kinds
from mmquality.store import LabelFilter, LabelQuery, Store

PAGES = ROOT / "mmquality" / "pages"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A workspace that no test changes."""
    return small_workspace(tmp_path_factory.mktemp("finished") / "shop", sample=True)


class TestRanking:
    def test_shows_the_worst_first_with_score_photo_and_link(self, shown: Fixture) -> None:
        app = opened()
        worst = store_of(shown).ranking_page(Filters().query(), 1, 48)
        assert card_titles(app) == [plain(row.listing.title) for row in worst.rows]
        assert photos(app) == card_titles(app)
        assert f"<b>{percent(worst.rows[0].score)}</b>" in texts(app)
        assert "60 listings" in texts(app)
        assert "1–48 of 60" in unescaped(app.caption[0].value)

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"category": ["Mugs"]}, 10),
            ({"category": ["Mugs", "Lamps"]}, 20),
            ({"q": "OAK legs"}, 10),
            ({"score": ["86", "100"]}, 12),
            ({"label": "Unlabelled", "category": ["Chairs"]}, 10),
        ],
        ids=["category", "two categories", "text", "score", "label"],
    )
    def test_an_address_says_which_listings_are_shown(
        self, shown: Fixture, params: dict[str, str | list[str]], expected: int
    ) -> None:
        assert len(card_titles(opened(params=params))) == expected

    def test_a_link_to_a_page_and_an_order_shows_that_page_in_that_order(self, shown: Fixture) -> None:
        app = opened(sort="Best first")
        app.pagination[0].set_value(2).run()
        best_first = store_of(shown).ranking_page(Filters(sort="Best first").query(), 2, 48)
        assert card_titles(app) == [plain(row.listing.title) for row in best_first.rows]
        assert card_titles(opened_at_page(2, sort="Best first")) == card_titles(app)

    def test_a_filter_leads_back_to_the_first_page(self, shown: Fixture) -> None:
        app = opened_at_page(2)
        assert len(card_titles(app)) == 12
        app.multiselect(key="category").set_value(["Mugs", "Lamps", "Chairs", "Watches", "Guitars"]).run()
        assert len(card_titles(app)) == 48

    def test_a_page_past_the_end_falls_back_to_one_that_exists(self, shown: Fixture) -> None:
        assert len(card_titles(opened_at_page(99))) == 48

    def test_nothing_found_offers_to_clear_the_filters(self, shown: Fixture) -> None:
        app = opened(q="submarine", label="Match")
        assert "No listing passes these filters" in texts(app)
        next(b for b in app.button if b.label == "Clear the filters").click().run()
        assert len(card_titles(app)) == 48

    def test_the_table_holds_the_same_listings(self, shown: Fixture) -> None:
        app = opened(view="Table", category="Watches")
        table = app.dataframe[0].value
        assert table["category"].tolist() == ["Watches"] * 10
        assert table["score"].is_monotonic_decreasing
        assert (
            table["score"].between(0.1, 99.9).all()
        )  # no score is certain, and with one decimal none seems so
        assert table["photo"].str.startswith("data:image/jpeg;base64,").all()

    def test_a_labelled_listing_carries_its_badge(self, fresh: Fixture) -> None:
        store_of(fresh).add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "", "ana")
        assert 'class="mmq-badge mmq-mismatch"' in texts(opened(label="Mismatch"))

    def test_says_how_many_listings_came_after_the_model(self, fresh: Fixture) -> None:
        add_newcomer(fresh)
        assert "1 imported since, not scored yet" in texts(opened())

    def test_a_missing_photo_is_said_not_hidden(self, fresh: Fixture) -> None:
        for photo in fresh.workspace.root.rglob("*.jpg"):
            photo.unlink()
        assert len(card_titles(opened())) == 48


class TestListing:
    def test_shows_photo_score_rank_and_evidence(self, shown: Fixture) -> None:
        app = opened("listing", id="L004")
        ranked = store_of(shown).ranked_listing("L004")
        assert f"Rank {ranked.rank} of 60" in texts(app)
        assert as_html(ranked.listing.title) in texts(app)
        for heading in (
            "What the photo looks like",
            "What the title asks for",
            "Neighbours",
            "What clicks say",
        ):
            assert f"<h2>{heading}</h2>" in texts(app)
        assert "unified distance" in texts(app) and "title similarity" in texts(app)

    def test_shows_who_else_has_the_photo(self, shown: Fixture) -> None:
        assert "This photo is also shown by 1 listing with" in texts(opened("listing", id="L001"))

    @pytest.mark.parametrize(
        ("button", "verdict", "reason"),
        [
            ("match", Verdict.MATCH, None),
            ("unsure", Verdict.UNSURE, None),
            ("mismatch-wrong_product", Verdict.MISMATCH, Reason.WRONG_PRODUCT),
            ("mismatch-other", Verdict.MISMATCH, Reason.OTHER),
        ],
    )
    def test_one_press_is_a_whole_label(
        self, fresh: Fixture, button: str, verdict: Verdict, reason: Reason | None
    ) -> None:
        app = opened("listing", id="L004")
        app.text_input(key="analyst").set_value("Ana Lyst").run()
        app.text_input(key="note-L004").set_value("seen <b>twice</b>")
        app.button(key=button).click().run()
        ranked = store_of(fresh).ranked_listing("L004")
        assert ranked.label is not None
        assert (ranked.label.verdict, ranked.label.reason) == (verdict, reason)
        assert (ranked.label.analyst, ranked.label.note) == ("Ana Lyst", "seen <b>twice</b>")
        assert (ranked.label.model_version, ranked.label.rank) == ("v1", ranked.rank)

    def test_every_reason_has_a_button_with_its_key(self, shown: Fixture) -> None:
        app = opened("listing", id="L004")
        keys = {b.proto.shortcut for b in app.button if (b.key or "").startswith("mismatch-")}
        assert keys == {str(n) for n in range(1, len(Reason) + 1)}
        assert app.button(key="match").proto.shortcut == "y"

    def test_a_key_that_repeats_is_one_verdict(self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verdicts, "_PAUSE", 3600)
        app = opened("listing", id="L004")
        app.button(key="match").click().run()
        app.button(key="match").click().run()
        assert store_of(fresh).labels_page().total == 1

    def test_the_verdict_before_can_be_undone_from_the_next_listing(self, fresh: Fixture) -> None:
        first = store_of(fresh).rank_neighbour(0, 1)
        assert first is not None
        app = opened("listing", id=first)
        app.button(key="match").click().run()
        assert app.query_params["id"] != first
        undo = next(b for b in app.button if b.label == "Undo")
        assert undo.proto.shortcut == "z"
        undo.click().run()
        assert store_of(fresh).ranked_listing(first).label is None
        assert all(b.label != "Undo" for b in app.button) and "Withdrawn: Match" in texts(app)

    def test_goes_on_to_the_next_listing_unless_told_to_stay(
        self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verdicts, "_PAUSE", 0)  # a test is quicker than an analyst
        store = store_of(fresh)
        first = store.rank_neighbour(0, 1)
        assert first is not None
        app = opened("listing", id=first)
        app.button(key="match").click().run()
        assert app.query_params["id"] == store.rank_neighbour(1, 1)
        app.segmented_control(key="after").set_value("Stay here").run()
        app.button(key="match").click().run()
        assert app.query_params["id"] == store.rank_neighbour(1, 1)
        assert "mmq-badge mmq-match" in texts(app)

    def test_next_and_previous_stay_within_the_filters(self, shown: Fixture) -> None:
        store = store_of(shown)
        lamps = Filters(category=("Lamps",))
        first, second, *_ = store.ranking_page(lamps.query(), 1, 10).rows
        app = opened("listing", id=first.listing.listing_id, queue=lamps.address())
        assert button(app, "Previous").disabled
        button(app, "Next").click().run()
        assert app.query_params["id"] == second.listing.listing_id
        assert app.query_params["queue"] == lamps.address()
        button(app, "Previous").click().run()
        assert app.query_params["id"] == first.listing.listing_id

    def test_undo_makes_the_label_before_it_count_again(self, fresh: Fixture) -> None:
        store = store_of(fresh)
        store.add_label("L004", Verdict.MATCH, None, "", "ben")
        store.add_label("L004", Verdict.MISMATCH, Reason.OTHER, "", "ana")
        app = opened("listing", id="L004")
        assert "Labels, newest first" in texts(app)
        button(app, "Undo").click().run()
        label = store.ranked_listing("L004").label
        assert label is not None and label.verdict is Verdict.MATCH
        button(app, "Undo").click().run()
        assert store.ranked_listing("L004").label is None

    def test_without_an_id_it_opens_the_worst(self, shown: Fixture) -> None:
        assert "Rank 1 of 60" in texts(opened("listing"))

    def test_an_unknown_id_is_said_with_the_way_back(self, shown: Fixture) -> None:
        app = opened("listing", id="<b>nope</b>")
        assert "There is no such listing" in texts(app)
        assert "<b>nope</b>" not in texts(app)

    def test_a_listing_imported_after_the_model_can_be_seen_and_labelled(self, fresh: Fixture) -> None:
        add_newcomer(fresh)
        app = opened("listing", id="NEW1")
        assert "No neighbours to show" in texts(app)
        app.button(key="unsure").click().run()
        labels = store_of(fresh).labels_page(LabelQuery(listing_id="NEW1")).rows
        assert [row.label.verdict for row in labels] == [Verdict.UNSURE]


class TestCompare:
    def test_marks_what_entered_and_what_left(self, shown: Fixture) -> None:
        app = opened("compare", id="L004")
        found = Catalogue(shown.workspace).comparison("L004", 10)
        page = texts(app)
        assert f"<dt>overlap@10 with title</dt><dd>{found.overlap(Space.TITLE)} of 10</dd>" in page
        assert page.count('class="mmq-mark mmq-entered"') == len(found.entered(Space.TITLE))
        assert page.count('class="mmq-mark mmq-left"') == len(found.left(Space.TITLE))
        assert page.count("unified distance") == page.count("title similarity") == 20

    def test_k_can_be_chosen(self, shown: Fixture) -> None:
        app = opened("compare", id="L004", k="5")
        assert "overlap@5" in texts(app)
        assert len(card_titles(app)) == 1 + 5 + 5

    def test_a_listing_is_found_by_words_or_id_and_chosen(self, shown: Fixture) -> None:
        app = opened("compare", find="oak legs")
        offers = [b for b in app.button if (b.key or "").startswith("choose-")]
        assert len(offers) == 8
        chosen = unescaped(offers[2].label)
        offers[2].click().run()
        assert card_titles(app)[0] == chosen
        assert (
            len([b for b in opened("compare", find="L033").button if (b.key or "").startswith("choose-")])
            == 1
        )
        assert "No listing found" in texts(opened("compare", find="zeppelin"))


class TestLabels:
    @pytest.fixture
    def labelled(self, fresh: Fixture) -> Fixture:
        store = store_of(fresh)
        store.add_label("L004", Verdict.MISMATCH, Reason.WRONG_PRODUCT, "a chair", "ana")
        store.add_label("L031", Verdict.MATCH, None, "", "ben")
        store.add_label("L002", Verdict.UNSURE, None, "", "ben")
        store.add_label("L002", Verdict.MATCH, None, "", "ana")
        return fresh

    def test_without_labels_it_says_how_to_give_one(self, fresh: Fixture) -> None:
        app = opened("labels")
        assert "No labels yet" in texts(app)
        assert app.code[0].value.startswith("mmquality label ") and " -w " in app.code[0].value

    def test_shows_the_label_that_counts_for_each_listing(self, labelled: Fixture) -> None:
        app = opened("labels")
        assert "<span>1 mismatch</span><span>2 match</span><span>0 unsure</span>" in texts(app)
        assert app.dataframe[0].value["id"].tolist() == ["L002", "L031", "L004"]
        assert len(app.get("plotly_chart")) == 1

    def test_what_is_not_there_is_a_dash(self, fresh: Fixture) -> None:
        """Streamlit would write "None" into the cell."""
        add_newcomer(fresh)
        store_of(fresh).add_label("NEW1", Verdict.MATCH, None, "", "ana")
        table = opened("labels").dataframe[0]
        assert table.value[["score", "rank"]].isna().all(axis=None) and table.proto.placeholder == "–"
        assert opened("ranking", view="Table").dataframe[0].proto.placeholder == "–"  # of a price, say

    def test_filters(self, labelled: Fixture) -> None:
        assert opened("labels", by="ben").dataframe[0].value["id"].tolist() == ["L031"]
        assert opened("labels", verdict="Mismatch").dataframe[0].value["id"].tolist() == ["L004"]
        assert opened("labels", which="all").dataframe[0].value["id"].tolist()[:2] == ["L002", "L002"]
        assert "No label passes" in texts(opened("labels", title="zeppelin"))

    def test_exports_what_the_filters_show(self, labelled: Fixture) -> None:
        catalogue = Catalogue(labelled.workspace)
        query = LabelQuery(verdict=Verdict.MATCH)
        table = pd.read_csv(io.BytesIO(_writer(catalogue, query, "csv")()), dtype=str)
        assert table["listing_id"].tolist() == ["L002", "L031"]
        assert table["title"][1].startswith("'=HYPERLINK")  # a spreadsheet would run it
        assert len(pd.read_parquet(io.BytesIO(_writer(catalogue, query, "parquet")()))) == 2
        lines = _writer(catalogue, query, "jsonl")().decode().splitlines()
        assert json.loads(lines[1])["title"] == HOSTILE["L031"]

    def test_offers_every_format(self, labelled: Fixture) -> None:
        formats = ["CSV", "Parquet", "JSON Lines", "Label Studio", "Argilla"]
        assert [b.label for b in opened("labels").download_button] == formats


class TestImportReport:
    def test_shows_counts_reasons_and_rows(self, shown: Fixture) -> None:
        app = opened("imports")
        assert "6 unusable rows" in texts(app)
        assert "<dt>added</dt><dd>60</dd>" in texts(app)
        assert len(app.get("plotly_chart")) == 1
        assert app.dataframe[0].value["row"].tolist() == [12, 19, 23, 31, 40, 7]

    def test_co_clicks_are_told_from_those_of_the_models_page(self, fresh: Fixture) -> None:
        assert not any("Co-clicks" in caption.value for caption in opened("imports").caption)
        store_of(fresh).save_import_report({"added": 0, "co_clicks": 5, "problems": 0})
        app = opened("imports")
        assert "<dt>co clicks</dt><dd>5</dd>" in texts(app)
        assert any("The Models page counts pairs" in unescaped(c.value) for c in app.caption)

    def test_unusable_rows_are_counted_once(self, fresh: Fixture) -> None:
        problems = [RowProblem("listings.csv", row, "title", "is empty") for row in range(6)]
        store_of(fresh).save_import_report({"added": 0, "problems": 6}, problems)
        app = opened("imports")
        assert "6 unusable rows" in texts(app) and "<dt>problems</dt>" not in texts(app)
        assert not any("6 rows" in caption.value for caption in app.caption)
        app = opened("imports", column="title")
        assert any("6 rows" in caption.value for caption in app.caption)

    def test_filters_by_column_and_reason(self, shown: Fixture) -> None:
        assert opened("imports", column="image").dataframe[0].value["row"].tolist() == [19, 23, 31]
        by_reason = opened("imports", kind="image: does not exist")
        assert by_reason.dataframe[0].value["row"].tolist() == [19, 23]
        assert "No problem passes" in texts(opened("imports", column="title", kind="image: does not exist"))

    def test_like_reasons_count_together(self) -> None:
        heavy = [RowProblem("f", 1, "image", f"has {n} MB; the limit is 20 MB") for n in (23.4, 30)]
        (told,) = count_kinds(heavy)
        assert told == "image: has … MB; the limit is 20 MB" and all(is_of(one, told) for one in heavy)
        assert not is_of(RowProblem("f", 1, "image", "does not exist"), told)

    def test_an_import_without_problems_and_the_one_before_it(self, fresh: Fixture) -> None:
        store_of(fresh).save_import_report({"added": 0})
        app = opened("imports")
        assert "Every row was used" in texts(app) and "unusable row" not in texts(app)
        earlier = app.selectbox(key="import").options[1]
        app.selectbox(key="import").set_value(earlier).run()
        assert "6 unusable rows" in texts(app)


class TestEmptyStates:
    @pytest.mark.parametrize("page", ["ranking", "listing", "compare", "labels", "imports"])
    def test_without_a_workspace_every_page_says_what_to_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
    ) -> None:
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path / "nowhere"))
        app = opened(page)
        assert "No workspace yet" in texts(app) and "<code>mmquality build</code>" in texts(app)
        assert "mmquality build -w" in app.code[0].value and "mmquality demo" in app.code[0].value
        assert not (tmp_path / "nowhere").exists()

    @pytest.mark.parametrize("page", ["ranking", "listing", "compare", "labels", "imports"])
    def test_without_listings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
        Store.open(Workspace.at(tmp_path).database_url).close()
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path))
        app = opened(page)
        assert "No listings yet" in texts(app) or "Nothing was imported yet" in texts(app)
        assert "mmquality build -w" in app.code[0].value

    @pytest.mark.parametrize("page", ["ranking", "listing", "compare"])
    def test_without_a_model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
        small_workspace(tmp_path, version=None)
        monkeypatch.setenv("MMQ_WORKSPACE", str(tmp_path))
        app = opened(page)
        assert "No model has been trained yet" in texts(app)
        assert "mmquality train -w" in app.code[0].value

    def test_without_indexes_a_listing_is_still_shown(self, fresh: Fixture) -> None:
        for index in fresh.workspace.models.rglob("*.faiss"):
            index.unlink()
        app = opened("listing", id="L004")
        assert "No neighbours to show" in texts(app) and "mmquality index" in texts(app)
        assert "Nothing to compare" in texts(opened("compare", id="L004"))


class TestFrame:
    def test_a_sample_is_called_a_sample_on_every_page(self, shown: Fixture) -> None:
        for page in ("ranking", "listing", "compare", "labels", "imports"):
            assert "<b>Sample marketplace</b>" in texts(opened(page))

    def test_a_catalogue_of_ones_own_is_not(self, fresh: Fixture) -> None:
        assert "Sample marketplace" not in texts(opened())

    def test_the_analyst_comes_from_the_environment_until_a_name_is_given(
        self, fresh: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MMQ_ANALYST", "night shift")
        app = opened("listing", id="L004")
        assert app.text_input(key="analyst").proto.placeholder == "night shift"
        app.text_input(key="analyst").set_value("  ").run()
        app.button(key="match").click().run()
        label = store_of(fresh).ranked_listing("L004").label
        assert label is not None and label.analyst == "night shift"

    def test_a_newly_published_model_is_shown_at_the_next_run(self, fresh: Fixture) -> None:
        app = opened()
        assert "model v1" in texts(app)
        store = store_of(fresh)
        scores = pd.DataFrame({"listing_id": [f"L{n:03d}" for n in range(1, 61)], "score": 0.25})
        now = ModelVersion("v2", store.versions()[0].created_at, 60, {})
        store.publish(now, scores)
        app.run()
        assert "model v2" in texts(app) and "25%" in texts(app)

    def test_a_workspace_made_anew_in_the_same_place_is_shown(self, fresh: Fixture) -> None:
        app = opened()
        assert "Sample marketplace" not in texts(app)
        root = fresh.workspace.root
        root.rename(root.with_name("old"))
        small_workspace(root, sample=True)
        app.run()
        assert not app.exception and "Sample marketplace" in texts(app)


class TestUntrustedText:
    @pytest.mark.parametrize("listing_id", HOSTILE)
    def test_a_hostile_title_is_only_ever_text(self, shown: Fixture, listing_id: str) -> None:
        title = plain(HOSTILE[listing_id])
        words = " ".join(re.findall(r"[a-z]{4,}", title)[:2])
        for app in (
            opened(q=words),
            opened("listing", id=listing_id),
            opened("compare", id=listing_id),
            opened("compare", find=listing_id),
        ):
            assert not re.search(r"<script|<img src=x|onerror=alert\(1\)>", texts(app))
            labels = [link.proto.label for link in app.page_link] + [b.label for b in app.button]
            assert title not in labels
            assert as_html(title) in texts(app) or as_markdown(title) in labels

    def test_no_page_writes_markdown_by_hand(self) -> None:
        for script in PAGES.glob("*.py"):
            assert not re.search(r"st\.(markdown|write|title|header|subheader)\(", script.read_text()), script

    @pytest.mark.parametrize(
        "text",
        ["<script>alert(1)</script>", "![x](http://e.x/a.png)", "[a](b)", ":red[x]", "$latex$", ":smile:",
         "# x", "1. x", "`x`", "www.e.x", "a@b.co", "a -> b", "a\\b", "&lt;"],
    )  # fmt: skip
    def test_markdown_is_escaped_and_reads_the_same(self, text: str) -> None:
        assert unescaped(as_markdown(text)) == text
        assert not re.search(r"(?<!\\)[<>\[\]$`#:*_&!]", as_markdown(text).replace("\\\\", ""))

    @given(st.text())
    def test_every_text_survives_escaping(self, text: str) -> None:
        assert unescaped(as_markdown(text)) == plain(text).replace("\u2060", "")
        assert "\n" not in as_markdown(text)
        assert not re.search(r"[<>\"']", as_html(text))

    def test_direction_overrides_are_removed(self) -> None:
        assert plain("a\u202egnp.exe\u2066 b") == "agnp.exe b"


class TestFilters:
    @given(
        st.builds(
            Filters,
            q=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool)
            | st.just(""),
            category=st.lists(st.sampled_from(["Mugs", "A & B", NO_CATEGORY]), unique=True).map(tuple),
            score=st.tuples(st.integers(0, 50), st.integers(50, 100)),
            label=st.sampled_from(list(LABEL_STATES)),
            sort=st.sampled_from(list(SORTS)),
            page=st.integers(1, 999),
            view=st.sampled_from(VIEWS),
        )
    )
    def test_an_address_holds_everything(self, filters: Filters) -> None:
        assert Filters.at(filters.address()) == filters

    @pytest.mark.parametrize(
        "address",
        ["page=-3", "page=x", "score=9", "score=80&score=20", "label=nope", "sort=;drop", "view=3D", "%ff=1"],
    )
    def test_nonsense_falls_back_to_the_defaults(self, address: str) -> None:
        assert Filters.at(address) == Filters()

    def test_the_query_says_the_same(self) -> None:
        query = Filters("mug", (NO_CATEGORY, "Mugs"), (20, 100), "Unlabelled", "Title A–Z").query()
        assert query.category == ("", "Mugs") and query.text == "mug" and query.sort == "title"
        assert (query.min_score, query.max_score, query.label) == (0.2, None, LabelFilter.UNLABELLED)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0%"), (1, "100%"), (0.999, "99.9%"), (0.9999, "99.9%"), (0.0001, "0.1%"), (0.5, "50%")],
)
def test_a_percentage_is_never_rounded_to_certainty(share: float, words: str) -> None:
    assert percent(share) == words


def opened_at_page(number: int, **params: str) -> AppTest:
    return opened(params={"page": str(number), **params})


def add_newcomer(fixture: Fixture) -> None:
    """A listing imported after the model was trained."""
    store = store_of(fixture)
    known = store.listing("L001")
    row = {**vars(known), "listing_id": "NEW1", "title": "A newcomer", "photo_size": 1, "photo_mtime_ns": 1}
    store.upsert_listings(pd.DataFrame([row]))
