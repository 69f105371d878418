"""Review: the queue a case at a time, for one person; the score is kept back until the verdict."""

from __future__ import annotations

import html

import pytest
from dashboard import button, opened, store_of, texts, unescaped
from sqlalchemy import update
from streamlit.testing.v1 import AppTest
from workspaces import Fixture

from mmquality.errors import WorkspaceError
from mmquality.pages.escaping import as_html, plain
from mmquality.pages.filters import Filters
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import change_settings, load_settings
from mmquality.records import Drawn, Listing, Reason, Space, Verdict
from mmquality.store import LabelQuery, RankingQuery, Store
from mmquality.store.tables import current_labels


@pytest.fixture
def shop(plain_queue: Fixture) -> Fixture:
    """A workspace whose queue has neither control cases nor second reviews."""
    return plain_queue


def worst(shop: Fixture, n: int, **filters: object) -> Listing:
    """The n-th worst listing, from 0."""
    page = store_of(shop).ranking_page(Filters(**filters).query(), 1, n + 1)  # type: ignore[arg-type]
    return page.rows[n].listing


def reviewing(analyst: str = "ann", **params: str) -> AppTest:
    """The page of somebody who wrote a name."""
    app = opened("review", **params)
    app.text_input(key="analyst").set_value(analyst).run()
    assert not app.exception, app.exception
    return app


def asked(app: AppTest) -> str:
    """The title of the case, as HTML."""
    return next((e.proto.body for e in app.html if '<h2 class="mmq-title"' in e.proto.body), "")


def is_before(app: AppTest, listing: Listing) -> bool:
    return as_html(listing.title) in asked(app)


@pytest.mark.parametrize("field", ["analyst", "own-name"], ids=["in the sidebar", "on the page"])
def test_asks_who_is_there_before_it_hands_out_a_case(shop: Fixture, field: str) -> None:
    app = opened("review")
    assert "Who is reviewing?" in texts(app)
    app.text_input(key=field).set_value("ann").run()
    assert is_before(app, worst(shop, 0))
    assert app.text_input(key="analyst").value == "ann"


def test_a_verdict_brings_the_next_case_and_says_what_the_model_said(shop: Fixture) -> None:
    app = reviewing()
    first = worst(shop, 0)
    assert '"mmq-standing"' not in texts(app)  # the score is kept back
    button(app, "Wrong product").click().run()
    label = store_of(shop).ranked_listing(first.listing_id).label
    assert label is not None
    assert (label.verdict, label.analyst, label.drawn, label.score_hidden) == (
        Verdict.MISMATCH, "ann", Drawn.QUEUE, True,
    )  # fmt: skip
    assert "Saved: Mismatch · wrong product; the model says" in texts(app)
    assert is_before(app, worst(shop, 1)) and "1 verdict today" in texts(app)


def test_who_wants_the_score_sees_it(shop: Fixture) -> None:
    app = reviewing(reveal="true")
    assert '"mmq-standing"' in texts(app)
    button(app, "Match").click().run()
    label = store_of(shop).ranked_listing(worst(shop, 0).listing_id).label
    assert label is not None and not label.score_hidden


def test_two_people_never_have_the_same_case(shop: Fixture) -> None:
    ann, bob = reviewing(), reviewing("bob")
    assert is_before(ann, worst(shop, 0)) and is_before(bob, worst(shop, 1))
    button(ann, "Match").click().run()
    assert is_before(ann, worst(shop, 2))


def test_a_reload_brings_the_case_back(shop: Fixture) -> None:
    assert asked(reviewing()) == asked(reviewing())


def test_back_leads_to_the_case_before_and_a_verdict_there_leads_on(shop: Fixture) -> None:
    app = reviewing()
    for _ in range(2):
        button(app, "Match").click().run()
    button(app, "Back").click().run()
    assert is_before(app, worst(shop, 1))
    button(app, "Back").click().run()
    assert is_before(app, worst(shop, 0)) and '"mmq-standing"' in texts(app)
    button(app, "Unsure").click().run()
    assert is_before(app, worst(shop, 2))
    labels = store_of(shop).labels_page(LabelQuery(listing_id=worst(shop, 0).listing_id)).rows
    assert [row.label.verdict for row in labels] == [Verdict.UNSURE]
    assert labels[0].label.drawn is Drawn.QUEUE  # as it came the first time


def test_undo_brings_the_case_back_for_a_new_verdict(shop: Fixture) -> None:
    app = reviewing()
    for _ in range(3):
        button(app, "Match").click().run()
    button(app, "Undo").click().run()
    assert is_before(app, worst(shop, 2)) and "Does the photo show what the title sells?" in texts(app)
    assert is_before(reviewing("bob"), worst(shop, 4))  # ann still holds what she was given meanwhile
    button(app, "Back").click().run()
    assert is_before(app, worst(shop, 1))
    button(app, "Skip").click().run()
    assert is_before(app, worst(shop, 3))


def test_the_verdict_after_an_undo_leads_on(shop: Fixture) -> None:
    app = reviewing()
    for _ in range(2):
        button(app, "Match").click().run()
    button(app, "Undo").click().run()
    button(app, "Unsure").click().run()
    assert is_before(app, worst(shop, 2))
    label = store_of(shop).ranked_listing(worst(shop, 1).listing_id).label
    assert label is not None and (label.verdict, label.drawn) == (Verdict.UNSURE, Drawn.QUEUE)
    for place in (1, 0, 0):  # no case twice, and the first one is the last
        button(app, "Back").click().run()
        assert is_before(app, worst(shop, place))


def test_verdicts_that_do_not_stand_are_not_counted(shop: Fixture) -> None:
    app = reviewing()
    for _ in range(2):
        button(app, "Match").click().run()
    button(app, "Back").click().run()
    button(app, "Unsure").click().run()
    assert "2 verdicts today" in texts(app)
    button(app, "Undo").click().run()
    assert "2 verdicts today" in texts(app)  # the one before it stands again
    store = store_of(shop)
    label = store.ranked_listing(worst(shop, 0).listing_id).label
    assert label is not None
    store.undo_label(label.label_id, "ann")
    assert "1 verdict today" in texts(reviewing())


def test_what_is_skipped_goes_to_others(shop: Fixture) -> None:
    ann = reviewing()
    button(ann, "Skip").click().run()
    assert is_before(ann, worst(shop, 1))
    assert is_before(reviewing("bob"), worst(shop, 0))


def test_back_takes_up_what_was_skipped_last(shop: Fixture) -> None:
    app = reviewing()
    button(app, "Match").click().run()
    for _ in range(2):
        button(app, "Skip").click().run()
    for place in (2, 1, 0):  # the skipped ones, then the one that was judged
        button(app, "Back").click().run()
        assert is_before(app, worst(shop, place))
    button(app, "Skip").click().run()
    assert is_before(app, worst(shop, 1))


def test_back_after_a_verdict_leads_to_it_whatever_was_skipped_before(shop: Fixture) -> None:
    app = reviewing()
    for key in ("Skip", "Match", "Back"):
        button(app, key).click().run()
    assert is_before(app, worst(shop, 1))


def test_a_case_that_was_removed_meanwhile_says_so_and_the_next_one_comes(shop: Fixture) -> None:
    app, first, second = reviewing(), worst(shop, 0), worst(shop, 1)
    store_of(shop).remove_listings([first.listing_id], "bob")
    button(app, "Match").click().run()
    told = html.unescape(texts(app))
    assert f"Listing '{first.listing_id}' was removed from the catalogue" in told
    assert f"Your verdict on it was not kept ({first.title})" in told
    assert is_before(app, second) and not store_of(shop).labels_page().total
    button(app, "Match").click().run()
    assert is_before(app, worst(shop, 1)) and "was removed" not in texts(app)


def test_a_verdict_on_a_removed_listing_can_be_taken_back_and_not_be_changed(shop: Fixture) -> None:
    app, first, second = reviewing(), worst(shop, 0), worst(shop, 1)
    button(app, "Match").click().run()
    store_of(shop).remove_listings([first.listing_id], "bob")
    button(app, "Back").click().run()
    assert is_before(app, first)
    button(app, "Unsure").click().run()
    assert "was removed from the catalogue" in texts(app) and is_before(app, second)
    button(app, "Back").click().run()
    button(app, "Undo").click().run()
    assert "Withdrawn" in texts(app) and not store_of(shop).labels_page().total


def test_what_was_skipped_and_then_removed_is_not_somebody_elses(shop: Fixture) -> None:
    app = reviewing()
    button(app, "Skip").click().run()
    store_of(shop).remove_listings([worst(shop, 0).listing_id], "bob")
    button(app, "Back").click().run()
    assert "was removed from the catalogue" in texts(app) and "Somebody else" not in texts(app)


def test_says_who_has_what_was_skipped(shop: Fixture) -> None:
    app = reviewing()
    button(app, "Skip").click().run()
    reviewing("bob")
    button(app, "Back").click().run()
    assert "Somebody else has the case that you skipped" in texts(app) and is_before(app, worst(shop, 1))


def test_reviews_what_the_ranking_is_filtered_to(shop: Fixture) -> None:
    queue = Filters(category=("Mugs",)).address()
    app = reviewing(queue=queue)
    assert is_before(app, worst(shop, 0, category=("Mugs",)))
    for _ in range(10):
        button(app, "Match").click().run()
    assert "Nothing left to review" in texts(app)


def test_skipped_ones_can_be_taken_up_again(shop: Fixture) -> None:
    queue = Filters(category=("Mugs",)).address()
    app = reviewing(queue=queue)
    for _ in range(10):
        button(app, "Skip").click().run()
    button(app, "Skip").click().run()  # nothing is left to be skipped
    assert "You skipped 10 listings" in texts(app)
    button(app, "Take them up again").click().run()
    assert is_before(app, worst(shop, 0, category=("Mugs",)))


def test_the_share_of_control_cases_is_everybodys(shop: Fixture) -> None:
    app = reviewing()
    app.select_slider(key="control-share").set_value(1 / 5).run()
    assert load_settings(shop.workspace).control_share == 0.2


def test_a_control_case_looks_like_any_other(shop: Fixture) -> None:
    change_settings(shop.workspace, control_share=1.0)
    app = reviewing()
    words = texts(app)
    assert "control" not in words.lower().replace("control cases", "")
    button(app, "Match").click().run()
    row = store_of(shop).labels_page().rows[0]
    assert row.label.drawn is Drawn.CONTROL


def photos(app: AppTest) -> list[str]:
    """The titles of the photos on the page, in order."""
    return [image.proto.imgs[0].alt for image in app.get("image")]


def test_the_next_photo_is_there_before_its_case(shop: Fixture) -> None:
    app = reviewing()
    assert photos(app)[0] == plain(worst(shop, 0).title) and photos(app)[-1] == plain(worst(shop, 1).title)
    button(app, "Skip").click().run()
    assert photos(app)[0] == plain(worst(shop, 1).title) and photos(app)[-1] == plain(worst(shop, 2).title)


def test_what_comes_next_is_nobodys_yet(shop: Fixture) -> None:
    reviewing()
    assert is_before(reviewing("bob"), worst(shop, 1))


def test_says_saved_only_of_what_is_saved(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise WorkspaceError("The disk is full.")

    app = reviewing()
    monkeypatch.setattr(Store, "add_label", refuse)
    button(app, "Match").click().run()
    assert "The disk is full." in texts(app) and "Saved" not in texts(app)
    assert is_before(app, worst(shop, 0))


def test_says_why_there_is_no_case(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise WorkspaceError("The disk is full.")

    app = reviewing()
    monkeypatch.setattr(Store, "next_case", refuse)
    button(app, "Skip").click().run()
    assert (
        not app.exception and "This page cannot be shown" in texts(app) and "The disk is full." in texts(app)
    )


def test_a_key_shows_the_photo_at_its_full_size(shop: Fixture) -> None:
    app, title = reviewing(), plain(worst(shop, 0).title)
    before = photos(app).count(title)
    assert button(app, "Full size").proto.shortcut == "f"
    button(app, "Full size").click().run()
    assert photos(app).count(title) == before + 1


def judged_by_two(shop: Fixture) -> Listing:
    """The worst listing: ann says mismatch and why; bob, who does not see it, says match."""
    change_settings(shop.workspace, second_share=1.0)
    ann = reviewing()
    ann.text_input(key=f"note-{worst(shop, 0).listing_id}").set_value("a grey box").run()
    button(ann, "Wrong product").click().run()
    button(reviewing("bob"), "Match").click().run()
    return worst(shop, 0)


@pytest.mark.parametrize("reveal", ["false", "true"])
def test_a_second_review_looks_like_any_other(shop: Fixture, reveal: str) -> None:
    change_settings(shop.workspace, second_share=1.0)
    store_of(shop).add_label(
        worst(shop, 0).listing_id, Verdict.MISMATCH, Reason.OTHER, "a grey box", "ann", drawn=Drawn.QUEUE
    )
    bob = reviewing("bob", reveal=reveal)
    assert is_before(bob, worst(shop, 0))
    seen = texts(bob)
    button(bob, "Match").click().run()
    assert store_of(shop).labels_page().rows[0].label.drawn is Drawn.SECOND
    button(bob, "Undo").click().run()
    assert "Withdrawn: Match (" in texts(bob)
    button(bob, "Back").click().run()
    for page in (seen, texts(bob)):
        assert is_before(bob, worst(shop, 0))
        assert not [words for words in ("a grey box", "by ann", "ann,", "Mismatch · other") if words in page]
    button(bob, "Unsure").click().run()
    newest = store_of(shop).labels_page().rows[0].label
    assert (newest.analyst, newest.drawn) == ("bob", Drawn.SECOND)


def test_a_verdict_records_the_threshold_and_the_neighbours_that_were_shown(shop: Fixture) -> None:
    app = reviewing(queue=Filters(score=(30, 100)).address())
    button(app, "Match").click().run()
    label = store_of(shop).labels_page().rows[0].label
    assert label.threshold == 0.3
    near = [n.listing_id for n in Catalogue(shop.workspace).neighbours(label.listing_id, Space.UNIFIED)]
    assert set(near) <= set(label.neighbours) and len(set(label.neighbours)) == len(label.neighbours)
    told = texts(opened("listing", id=label.listing_id))
    assert f"; reviewing from 30% on; {len(label.neighbours)} other listings on screen" in told


def test_other_pages_keep_it_unseen_too(shop: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    change_settings(shop.workspace, second_share=1.0)
    first, second = (worst(shop, place).listing_id for place in (0, 1))
    store = store_of(shop)
    store.add_label(first, Verdict.MISMATCH, Reason.OTHER, "a grey box", "ann", drawn=Drawn.QUEUE)
    store.add_label(second, Verdict.UNSURE, None, "", "ann")
    monkeypatch.setenv("MMQ_ANALYST", "bob")

    def told() -> tuple[bool, bool, bool]:
        """Whether the listing's page, the ranking and the labels tell the first verdict."""
        table = opened("labels").dataframe[0].value
        assert second in list(table["id"])
        badges = texts(opened("ranking")).count("by ann")
        assert badges in (1, 2)
        return "a grey box" in texts(opened("listing", id=first)), badges == 2, first in list(table["id"])

    assert told() == (True, True, True)
    opened("review")
    assert told() == (False, False, False)
    button(opened("listing", id=first), "Match").click().run()
    assert store.labels_page().rows[0].label.drawn is Drawn.SECOND
    assert "a grey box" in texts(opened("listing", id=first))


def test_who_settles_a_disagreement_sees_both_verdicts(shop: Fixture) -> None:
    case = judged_by_two(shop)
    cid = reviewing("cid", order="Disagreements")
    assert is_before(cid, case) and "1 disagreement to settle" in texts(cid)
    words = texts(cid)
    assert "a grey box" in words and "Mismatch · wrong product" in words and "bob" in words
    button(cid, "Match").click().run()
    assert store_of(shop).labels_page().rows[0].label.drawn is Drawn.DISPUTE
    assert "No disagreement is left to you" in texts(cid) and not store_of(shop).disputed()


def test_those_who_disagree_do_not_settle_it_themselves(shop: Fixture) -> None:
    judged_by_two(shop)
    assert "by somebody who judged neither way yet" in texts(reviewing("bob", order="Disagreements"))


def test_a_dispute_is_shown_as_one(shop: Fixture) -> None:
    case = judged_by_two(shop)
    assert "Disputed" in texts(opened("listing", id=case.listing_id))
    table = opened("labels", which="disputed").dataframe[0].value
    assert table["verdict"].tolist() == ["Match (disputed)", "Mismatch (disputed)"]


def test_a_case_comes_back_when_it_changed_and_says_so(shop: Fixture) -> None:
    store, first = store_of(shop), worst(shop, 0)
    store.add_label(first.listing_id, Verdict.MATCH, None, "", "ann")
    assert is_before(reviewing(), worst(shop, 1))
    with store._write() as connection:
        connection.execute(update(current_labels).values(changed=True))
    bob = reviewing("bob")
    assert is_before(bob, first)
    assert any("has changed since" in caption.value for caption in bob.caption)


def test_the_order_is_in_the_address(shop: Fixture) -> None:
    newest = store_of(shop).ranking_page(Filters(sort="Newest import first").query(), 1, 1).rows[0].listing
    assert is_before(reviewing(order="Newest import first"), newest)


def test_the_share_of_second_reviews_is_everybodys(shop: Fixture) -> None:
    app = reviewing()
    app.select_slider(key="second-share").set_value(0.2).run()
    assert load_settings(shop.workspace).second_share == 0.2
    assert load_settings(shop.workspace).control_share == 0.0


def test_labels_tell_how_well_analysts_agree(shop: Fixture) -> None:
    assert "No case has been judged twice yet" not in texts(opened("labels"))  # nor anything else
    judged_by_two(shop)
    app = opened("labels")
    assert any("0% of 1 case got the same verdict" in unescaped(caption.value) for caption in app.caption)
    assert app.dataframe[1].value[["analysts", "cases"]].values.tolist() == [["ann and bob", 1]]


def test_an_undone_case_that_somebody_else_drew_meanwhile_is_theirs(
    shop: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue hands out the worst case first, so others draw it at once."""
    app, first, undo = reviewing(), worst(shop, 0), Store.undo_label

    def slowly(store: Store, label_id: int, analyst: str) -> object:
        counts = undo(store, label_id, analyst)
        drawn = store.next_case("ben", RankingQuery())
        assert drawn is not None and drawn.listing_id == first.listing_id
        return counts

    button(app, "Match").click().run()
    monkeypatch.setattr(Store, "undo_label", slowly)
    button(app, "Undo").click().run()
    assert "the case is somebody else&#x27;s now" in texts(app)
    assert is_before(app, worst(shop, 1)) and "back" not in app.query_params
