"""The ranking page's filters by attribute, saved views, model versions, similar listings and bulk labels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from dashboard import button, card_titles, opened, store_of, texts, unescaped
from hypothesis import given
from hypothesis import strategies as st
from impressions import give_log
from streamlit.testing.v1 import AppTest
from workspaces import Fixture, small_workspace

from mmquality.pages.escaping import plain
from mmquality.pages.filters import SIZES, SORTS, Filters
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Listing, ModelVersion, Reason, Space, Verdict
from mmquality.store import RankingQuery


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Fixture:
    """A finished workspace with a click log that no test changes."""
    fixture = small_workspace(tmp_path_factory.mktemp("finished") / "shop")
    give_log(fixture.workspace, {"L001": 1.0})
    return fixture


def chips(app: AppTest) -> list[str]:
    """The words of the filters that are on."""
    return [unescaped(b.label) for b in app.button if str(b.key).startswith("chip-")]


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
names = words.filter(lambda name: name and ":" not in name)


@given(
    where=st.lists(st.tuples(names, words.filter(bool)), max_size=4, unique=True),
    prices=st.tuples(st.none() | st.floats(0, 1e9), st.none() | st.floats(0, 1e9)),
    like=words,
    size=st.sampled_from(SIZES),
)
def test_every_filter_survives_its_address(
    where: list[tuple[str, str]], prices: tuple[float | None, float | None], like: str, size: str
) -> None:
    filters = Filters(
        where=tuple(f"{name}:{value}" for name, value in where),
        min_price=prices[0],
        max_price=prices[1],
        like=like,
        size=size,
    )
    assert Filters.at(filters.address()) == filters


def test_an_attribute_and_a_price_filter_the_ranking_and_can_be_dropped(shown: Fixture) -> None:
    app = opened(params={"where": ["colour:teal", "colour:red", "seller:seller_1"], "max_price": "20"})
    rows = store_of(shown).ranking_page(RankingQuery(), 1, 60).rows
    fitting = [
        row.listing
        for row in rows
        if row.listing.attributes["colour"] in ("teal", "red")
        and row.listing.seller == "seller_1"
        and row.listing.price <= 20  # type: ignore[operator]
    ]
    assert fitting and card_titles(app) == [plain(listing.title) for listing in fitting]
    assert chips(app) == ["colour: teal, red", "seller: seller_1", "price to 20.00"]
    app.button(key="chip-1").click().run()
    assert chips(app) == ["colour: teal, red", "price to 20.00"]
    assert app.query_params["where"] == ["colour:teal", "colour:red"]


def test_filters_that_narrow_the_list_can_be_cleared_at_once(shown: Fixture) -> None:
    app = opened(params={"where": ["colour:teal"], "sort": "Best first"}, category="Mugs", q="mug")
    button(app, "Clear the filters").click().run()
    assert len(card_titles(app)) == 48 and not chips(app) and app.query_params["sort"] == "Best first"
    assert not [b for b in app.button if b.label == "Clear the filters"]


def test_categories_carry_the_catalogues_counts(shown: Fixture) -> None:
    assert "Mugs · 10" in opened().multiselect(key="category").options


def test_the_nearest_listings_are_ranked_worst_first(shown: Fixture) -> None:
    app = opened(like="L004", category="Mugs")
    with Catalogue(shown.workspace) as catalogue:
        near = {"L004", *(n.listing_id for n in catalogue.neighbours("L004", Space.UNIFIED, 200))}
        query = RankingQuery(category=("Mugs",))
        rows = [r for r in catalogue.store.ranking_page(query, 1, 60).rows if r.listing.listing_id in near]
    assert card_titles(app) == [plain(row.listing.title) for row in rows]
    assert chips(app)[0].startswith("similar to “")


def test_large_photos_come_fewer_to_a_page(shown: Fixture) -> None:
    assert len(card_titles(opened(size="Large"))) == 24


def test_an_earlier_models_ranking_can_be_looked_at(fresh: Fixture) -> None:
    store = store_of(fresh)
    frame = store.version_scores("v1")
    frame["score"] = 1 - frame["score"]
    store.publish(ModelVersion("v0", datetime(2026, 1, 1, tzinfo=UTC), 60), frame[["listing_id", "score"]])
    store.make_current("v1")
    app = opened(version="v0")
    expected = store.ranking_page(RankingQuery(version="v0"), 1, 48).rows
    assert card_titles(app) == [plain(row.listing.title) for row in expected]
    assert chips(app) == ["scores of model v0"]


@pytest.mark.parametrize("sort", SORTS)
def test_an_order_is_part_of_the_address_and_of_a_saved_view(shown: Fixture, sort: str) -> None:
    rows = store_of(shown).ranking_page(RankingQuery(sort=SORTS[sort]), 1, 48).rows
    assert card_titles(opened(sort=sort)) == [plain(row.listing.title) for row in rows]
    assert Filters.at(Filters(sort=sort).shared().address()).sort == sort


@pytest.mark.parametrize(
    ("sort", "told"),
    [
        ("Price, lowest first", lambda x: f"<span>price</span><b>{x.price:,.2f}</b>"),
        ("Most shown first", lambda x: f"<span>times shown</span><b>{x.impressions:,}</b>"),
        ("Most clicked first", lambda x: f"<span>times clicked</span><b>{x.clicks:,}</b>"),
    ],
)
def test_a_card_shows_what_the_order_goes_by(
    shown: Fixture, sort: str, told: Callable[[Listing], str]
) -> None:
    cards = texts(opened(sort=sort)).split('class="mmq-card"')[1:]
    rows = store_of(shown).ranking_page(RankingQuery(sort=SORTS[sort]), 1, 48).rows
    assert all(told(row.listing) in card for row, card in zip(rows, cards, strict=True))


def test_without_impressions_nothing_is_said_of_them(fresh: Fixture) -> None:
    app = opened(sort="Most shown first", view="Table")
    assert app.selectbox(key="sort").value == "Worst first"
    assert not {"Most shown first", "Most clicked first"} & set(app.selectbox(key="sort").options)
    assert not {"shown", "clicked"} & set(app.dataframe[0].value)
    give_log(fresh.workspace, {"L001": 1.0})
    app = opened(sort="Most shown first", view="Table")
    assert app.selectbox(key="sort").value == "Most shown first"
    assert app.dataframe[0].value["shown"].is_monotonic_decreasing


@pytest.mark.parametrize("sort", ["Worst first", "Best first", "Title A–Z"])
def test_a_card_says_nothing_twice(shown: Fixture, sort: str) -> None:
    assert 'class="mmq-card-line mmq-by"' not in texts(opened(sort=sort))


class TestManyAtOnce:
    def choosing(self, **params: str) -> AppTest:
        app = opened(**params)
        app.toggle(key="selecting").set_value(True).run()
        return app

    def test_ticked_listings_get_one_verdict_which_can_be_taken_back(self, fresh: Fixture) -> None:
        app = self.choosing(category="Mugs")
        for listing_id in ("L001", "L002"):
            app.checkbox(key=f"choose-{listing_id}").set_value(True).run()
        assert "2 listings chosen" in unescaped(" ".join(c.value for c in app.caption))
        button(app, "Label them…").click().run()
        assert button(app, "Label 2 listings: Mismatch").disabled  # a mismatch needs a reason
        app.session_state["bulk-reason"] = Reason.PLACEHOLDER  # here every run closes the dialog
        button(app, "Label them…").click().run()
        button(app, "Label 2 listings: Mismatch · placeholder").click().run()
        store = store_of(fresh)
        labels = [store.ranked_listing(i).label for i in ("L001", "L002")]
        assert [(label.verdict, label.reason) for label in labels if label] == [
            (Verdict.MISMATCH, Reason.PLACEHOLDER)
        ] * 2
        app.run()
        assert app.checkbox(key="choose-L001").value  # the choice stays
        assert len(card_titles(app)) == 0 and len(app.checkbox) == 10  # so do filter and page
        button(app, "Undo all").click().run()
        assert [store.ranked_listing(i).label for i in ("L001", "L002")] == [None, None]

    def test_what_was_removed_meanwhile_is_chosen_no_more(self, fresh: Fixture) -> None:
        app = self.choosing(category="Mugs")
        button(app, "Choose all 10").click().run()
        store_of(fresh).remove_listings(["L001", "L007"], "ben")
        button(app, "Label them…").click().run()
        app.session_state["bulk-verdict"] = Verdict.MATCH
        button(app, "Label them…").click().run()
        button(app, "Label 10 listings: Match").click().run()
        assert any("2 listings, 'L001' the first, were removed" in unescaped(t.value) for t in app.toast)
        assert "8 listings chosen" in unescaped(" ".join(c.value for c in app.caption))
        assert not store_of(fresh).labels_page().total

    def test_what_was_taken_back_elsewhere_is_no_longer_offered(self, fresh: Fixture) -> None:
        app = self.choosing(category="Mugs")
        store = store_of(fresh)
        batch = store.add_labels(["L001"], Verdict.MATCH, None, "", "ana")
        app.session_state["bulk-given"] = batch, "Saved"
        assert button(app.run(), "Undo all")
        store.undo_batch(batch.batch, "ben")
        assert not [b for b in app.run().button if b.label == "Undo all"]

    def test_all_that_pass_the_filters_can_be_chosen(self, fresh: Fixture) -> None:
        app = self.choosing(category="Mugs")
        button(app, "Choose all 10").click().run()
        assert "10 listings chosen" in unescaped(" ".join(c.value for c in app.caption))

    def test_the_labels_page_takes_a_whole_batch_back(self, fresh: Fixture) -> None:
        store = store_of(fresh)
        given_together = store.add_labels(["L001", "L002"], Verdict.MATCH, None, "", "ana")
        assert given_together.standing == 2
        assert "2 match" in texts(opened("labels"))


class TestViews:
    def test_filters_are_saved_and_opened_by_name(self, fresh: Fixture) -> None:
        address = Filters(where=("colour:teal",), category=("Mugs",)).address()
        store = store_of(fresh)
        store.save_view("Teal mugs", address, "ana")
        assert [view.name for view in store.saved_views()] == ["Teal mugs"]
        assert Filters.at(store.saved_views()[0].address).attributes == {"colour": ("teal",)}
