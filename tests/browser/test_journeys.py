"""What analysts do on a day, in a real browser: the journeys that the dashboard is made for."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect
from served import Shop, click_card, parameter, say_who, settle
from shop import write_shop

from mmquality.index import NeighbourIndex
from mmquality.pages.escaping import plain
from mmquality.pages.filters import Filters
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.places import index_path
from mmquality.pipeline.settings import change_settings
from mmquality.records import Reason, Space, Verdict
from mmquality.store import LabelQuery, RankingQuery

_LOOK = 500  # milliseconds that a person needs at least: a verdict right after another is not taken
_KEYS = {
    "y": (Verdict.MATCH, None),
    "u": (Verdict.UNSURE, None),
    **{str(number): (Verdict.MISMATCH, reason) for number, reason in enumerate(Reason, 1)},
}


def test_twenty_cases_are_judged_by_key(page: Page, own_shop: Shop) -> None:
    page.goto(f"{own_shop.address}/review")
    say_who(page, "Ana")
    judged = [_judge(page, key) for key in islice(cycle(_KEYS), 20)]
    expect(page.locator(".mmq-head")).to_contain_text("20 verdicts today")
    written = own_shop.store.labels_page(LabelQuery(newest_only=False), size=30).rows
    told = [(plain(row.title), row.label.verdict, row.label.reason) for row in reversed(written)]
    assert told == [(title, *_KEYS[key]) for title, key in zip(judged, cycle(_KEYS), strict=False)]
    assert len(set(judged)) == 20
    assert all(row.label.score_hidden and row.label.analyst == "Ana" for row in written)

    settle(page)
    page.keyboard.press("b")  # the case before, its verdict still to be mended
    expect(page.locator(".mmq-title")).to_have_text(judged[-1])
    settle(page)
    page.keyboard.press("z")
    expect(page.get_by_text("Withdrawn").first).to_be_visible()
    assert sum(own_shop.store.label_counts().values()) == 19


def test_two_people_work_one_queue_and_never_get_the_same_case(
    visitor: Callable[[], Page], own_shop: Shop
) -> None:
    change_settings(own_shop.workspace, second_share=0.0)
    people = {"Ana": visitor(), "Ben": visitor()}
    for name, page in people.items():
        page.goto(f"{own_shop.address}/review")
        say_who(page, name)
        page.locator(".mmq-title").wait_for()
    for _ in range(8):
        before = {name: page.locator(".mmq-title").inner_text() for name, page in people.items()}
        assert before["Ana"] != before["Ben"]
        for page in people.values():
            settle(page)
        people["Ana"].wait_for_timeout(_LOOK)
        for page in people.values():  # both at once
            page.keyboard.press("y")
        for name, page in people.items():
            expect(page.locator(".mmq-title")).not_to_have_text(before[name])
    rows = own_shop.store.labels_page(LabelQuery(newest_only=False), size=30).rows
    assert sorted(row.label.analyst for row in rows) == ["Ana"] * 8 + ["Ben"] * 8
    assert len({row.label.listing_id for row in rows}) == 16


def test_two_judge_unseen_and_a_third_settles_what_they_disagree_on(
    visitor: Callable[[], Page], own_shop: Shop
) -> None:
    change_settings(own_shop.workspace, control_share=0.0, second_share=1.0)
    ana, ben, cid = visitor(), visitor(), visitor()
    for page, name, place in ((ana, "Ana", "review"), (ben, "Ben", "labels"), (cid, "Cid", "labels")):
        page.goto(f"{own_shop.address}/{place}")
        say_who(page, name)
    case = _judge(ana, "1")
    ben.goto(f"{own_shop.address}/review")
    expect(ben.locator(".mmq-title")).to_have_text(case)
    expect(ben.locator(".stMain")).not_to_contain_text("Ana")
    assert _judge(ben, "y") == case
    cid.goto(f"{own_shop.address}/labels?which=disputed")
    cid.get_by_role("link", name="Settle them").click()
    expect(cid.locator(".mmq-title")).to_have_text(case)
    for name in ("Ana", "Ben"):
        expect(cid.locator(".mmq-verdict").filter(has_text=name)).to_have_count(1)
    settle(cid)
    cid.wait_for_timeout(_LOOK)
    cid.keyboard.press("y")
    expect(cid.get_by_text("No disagreement is left to you")).to_be_visible()
    assert not own_shop.store.disputed()
    assert own_shop.store.label_counts()[Verdict.MATCH] == 1


def test_a_filtered_view_is_saved_shared_and_opened_elsewhere(
    page: Page, visitor: Callable[[], Page], own_shop: Shop
) -> None:
    page.goto(own_shop.address)
    page.get_by_label("Title contains").fill("watch")
    expect(_found(page)).to_contain_text("of 10 that pass")
    page.get_by_role("button", name="More filters").click()
    page.get_by_role("combobox", name="colour").fill("navy")
    page.get_by_role("option", name="navy").click()
    expect(_found(page)).to_contain_text("1–1 of 1 that pass")
    page.get_by_role("combobox", name="colour").fill("plum")
    page.get_by_role("option", name="plum").click()
    expect(_found(page)).to_contain_text("1–2 of 2 that pass")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Save these filters as").fill("Dark watches")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Dark watches")).to_be_visible()
    asked = Filters(q="watch", where=("colour:navy", "colour:plum")).query()
    titles = [row.listing.title for row in own_shop.store.ranking_page(asked).rows]

    shared, saved = visitor(), visitor()
    shared.goto(page.url)
    saved.goto(own_shop.address)
    saved.get_by_role("button", name="Views").click()
    saved.get_by_role("button", name="Dark watches").click()
    for other in (shared, saved):
        expect(_found(other)).to_contain_text("1–2 of 2 that pass")
        expect(_cards(other)).to_have_text(titles)


def test_a_bulk_label_and_its_undo(page: Page, own_shop: Shop) -> None:
    own_shop.store.add_label("L055", Verdict.MATCH, None, "", "ben")
    page.goto(f"{own_shop.address}/?q=oak")
    page.locator(".st-key-selecting label").click()
    page.get_by_role("button", name="Choose all 10").click()
    expect(page.locator(".st-key-bulk")).to_contain_text("10 listings chosen")
    settle(page)
    page.get_by_role("button", name="Label them").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("10 listings. 1 of them carries a label already")
    expect(dialog.get_by_role("button", name="Label 10 listings")).to_be_disabled()  # no reason yet
    dialog.get_by_role("radio", name="Placeholder").click()
    dialog.get_by_role("button", name="Label 10 listings: Mismatch · placeholder").click()
    expect(page.locator(".st-key-bulk-given")).to_contain_text("Saved: 10 listings")
    expect(page.locator(".mmq-card-facts .mmq-mismatch")).to_have_count(10)
    assert own_shop.store.label_counts()[Verdict.MISMATCH] == 10

    page.get_by_role("button", name="Undo all").click()
    expect(page.locator(".mmq-card-facts .mmq-mismatch")).to_have_count(0)
    expect(page.locator(".mmq-card-facts .mmq-match")).to_have_count(1)
    counts = own_shop.store.label_counts()
    assert (counts[Verdict.MISMATCH], counts[Verdict.MATCH]) == (0, 1)


def test_two_recall_lists_are_compared(page: Page, shop: Shop) -> None:
    by_title, unified, everywhere = (
        dict(NeighbourIndex.load(index_path(shop.workspace, "v1", space)).nearest("L004", k))
        for space, k in ((Space.TITLE, 10), (Space.UNIFIED, 10), (Space.UNIFIED, 59))
    )
    page.goto(f"{shop.address}/compare?id=L004")
    for name, ids, others in (("title", by_title, unified), ("unified", unified, by_title)):
        rows = page.locator(f".mmq-rows-{name} .mmq-row")
        expect(rows).to_have_count(10)
        found = [parameter(row.locator("a").get_attribute("href") or "", "id") for row in rows.all()]
        assert found == list(ids)
        distances = rows.locator(".mmq-figure:first-of-type b")
        expect(distances).to_have_text([f"{everywhere[listing_id]:.2f}" for listing_id in ids])
        marked = [row.locator(".mmq-mark b").count() == 1 for row in rows.all()]  # entered, or left
        assert marked == [listing_id not in others for listing_id in ids]
    shared = len(set(by_title) & set(unified))
    assert 0 < shared < 10
    facts = page.locator(".mmq-facts dd")
    expect(facts).to_have_text([f"{shared} of 10", str(10 - shared), str(10 - shared)])

    page.get_by_role("radio", name="20", exact=True).click()
    expect(page.locator(".mmq-rows-title .mmq-row")).to_have_count(20)
    page.locator(".mmq-rows-unified .mmq-row a").first.click()
    expect(page.locator(".mmq-title")).to_have_text(plain(shop.store.listing(next(iter(unified))).title))
    page.go_back()
    expect(page.locator(".mmq-rows-title .mmq-row")).to_have_count(20)
    assert parameter(page.url, "id") == "L004"


def test_what_the_import_report_names_is_mended(page: Page, own_shop: Shop, tmp_path: Path) -> None:
    files = write_shop(tmp_path / "delivery")
    listings = files / "listings.csv"
    whole = listings.read_text().splitlines()
    broken = [whole[0], whole[1], whole[2].replace("Title of L1", ""), whole[3].replace("L2.jpg", "L9.jpg")]
    listings.write_text("\n".join([*broken, *whole[4:]]) + "\n")
    import_files(own_shop.workspace, InputFiles(listings, files))
    page.goto(f"{own_shop.address}/imports")
    expect(page.locator(".mmq-head")).to_contain_text("2 unusable rows")
    table = page.get_by_test_id("stDataFrame").locator("table")  # what a screen reader gets of it
    for row, column, reason in (("3", "title", "is empty"), ("4", "image", "does not exist")):
        cells = table.locator("tr").filter(has_text=reason).locator("td")
        expect(cells.nth(1)).to_have_text(row)
        expect(cells.nth(2)).to_have_text(column)
        broken[int(row) - 1] = whole[int(row) - 1]  # mended where the report says that it is wrong

    listings.write_text("\n".join([*broken, *whole[4:]]) + "\n")
    import_files(own_shop.workspace, InputFiles(listings, files))
    page.reload()
    expect(page.get_by_text("Every row was used")).to_be_visible()
    expect(page.locator(".mmq-facts")).to_contain_text("added2")
    assert own_shop.store.listing("L1").title == "Title of L1"


def test_from_the_ranking_to_an_exported_label(page: Page, own_shop: Shop) -> None:
    page.goto(own_shop.address)
    say_who(page, "Ana")
    page.locator(".mmq-card img").first.wait_for()
    title = page.locator(".mmq-card a").first.inner_text()
    click_card(page, 0)
    expect(page.locator(".mmq-title")).to_have_text(title)
    listing_id = parameter(page.url, "id")

    page.get_by_role("radio", name="Stay here").click()
    page.get_by_label("Note", exact=True).fill("shows another product")
    page.keyboard.press("Tab")
    page.keyboard.press("1")
    expect(page.locator(".mmq-verdict").first).to_contain_text("Mismatch · wrong product")
    expect(page.get_by_text("Saved: Mismatch")).to_be_visible()

    assert "Ana" not in page.url  # who one is is no part of a link
    page.reload()
    expect(page.locator(".mmq-verdict").first).to_contain_text("Mismatch · wrong product")
    expect(page.locator(".mmq-verdict").first).to_contain_text("Ana")
    expect(page.get_by_role("textbox", name="Analyst")).to_have_value("Ana")

    page.get_by_role("link", name="Labels").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["listing_id"] for row in rows] == [listing_id]
    assert (rows[0]["title"], rows[0]["verdict"], rows[0]["reason"]) == (title, "mismatch", "wrong_product")
    assert (rows[0]["note"], rows[0]["analyst"]) == ("shows another product", "Ana")
    label = own_shop.store.ranked_listing(listing_id).label
    assert label is not None and (label.verdict, label.reason) == (Verdict.MISMATCH, Reason.WRONG_PRODUCT)

    table = page.get_by_test_id("stDataFrame").bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 17, table["y"] + 60)  # the first row's checkbox; the table is a canvas
    page.get_by_role("button", name="Undo this label").click()
    expect(page.get_by_text("No labels yet")).to_be_visible()
    assert own_shop.store.ranked_listing(listing_id).label is None


def test_keys_alone_go_through_the_queue(page: Page, own_shop: Shop) -> None:
    rows = own_shop.store.ranking_page(RankingQuery(), 1, 4).rows
    titles = [row.listing.title for row in rows]
    verdict, title = page.locator(".mmq-verdict").first, page.locator(".mmq-title")
    page.goto(f"{own_shop.address}/listing")
    say_who(page, "Ana")
    expect(page.get_by_role("button", name="Match")).to_be_visible()
    for key, now, then in zip("yu9", titles, titles[1:], strict=False):
        expect(title).to_have_text(now)
        page.wait_for_timeout(500)  # as long as it takes to look: a verdict right after another is not taken
        page.keyboard.press(key)
        expect(title).to_have_text(then)
    for key, words in (("p", "Mismatch · other"), ("z", "Does the photo"), ("p", "Unsure"), ("p", "Match")):
        page.keyboard.press(key)
        expect(verdict).to_contain_text(words)
    page.go_back()
    expect(verdict).to_contain_text("Unsure")


def test_the_address_holds_what_is_shown(page: Page, shop: Shop, browser: Browser) -> None:
    page.goto(shop.address)
    page.get_by_label("Title contains").fill("oak legs")
    expect(page.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="Best first").click()
    expect(page).to_have_url(re.compile("q=oak"))
    expect(page).to_have_url(re.compile("sort=Best"))
    best = Filters(q="oak legs", sort="Best first").query()
    rows = shop.store.ranking_page(best).rows
    titles = [row.listing.title for row in rows]
    expect(page.locator(".mmq-card a")).to_have_text(titles)

    other = browser.new_page()
    other.goto(page.url)
    expect(other.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    expect(other.locator(".mmq-card a")).to_have_text(titles)
    click_card(other, 3)
    expect(other.locator(".mmq-title")).to_have_text(titles[3])
    other.locator(".st-key-way").get_by_role("link", name="Ranking").click()
    expect(other.get_by_text("1–10 of 10 that pass the filters")).to_be_visible()
    expect(other.get_by_label("Title contains")).to_have_value("oak legs")
    other.close()


def _judge(page: Page, key: str) -> str:
    """Judge the case in view by key, and wait for the next one; the title that was judged."""
    title = page.locator(".mmq-title")
    judged = title.inner_text()
    expect(page.locator(".mmq-standing")).to_have_count(0)  # the score is kept back
    settle(page)
    page.wait_for_timeout(_LOOK)
    page.keyboard.press(key)
    expect(title).not_to_have_text(judged)
    return judged


def _found(page: Page) -> Locator:
    """How many listings were found."""
    return page.locator(".st-key-pages")


def _cards(page: Page) -> Locator:
    return page.locator(".mmq-card a")
