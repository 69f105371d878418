"""What the dashboard's own script does in a browser, beside what Streamlit does there."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from served import Shop, say_who, settle

_SCROLLED = "() => document.querySelector('.stMain').scrollTop"

_IN_SIDEBAR = "([x, y]) => document.elementFromPoint(x, y).closest('.stSidebar') !== null"


def test_another_case_is_seen_from_its_top(page: Page, own_shop: Shop) -> None:
    page.set_viewport_size({"width": 1200, "height": 500})
    page.goto(f"{own_shop.address}/review")
    say_who(page, "Ana")
    title = page.locator(".mmq-title")
    before = title.inner_text()
    settle(page)
    page.evaluate("document.querySelector('.stMain').scrollTo(0, 300)")
    page.get_by_role("button", name="Full size").evaluate("button => button.click()")  # draws it anew
    page.get_by_role("dialog").press("Escape")  # on a busy machine it is there before it has the keyboard
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)
    assert page.evaluate(_SCROLLED) > 0
    page.keyboard.press("y")
    expect(title).not_to_have_text(before)
    assert page.evaluate(_SCROLLED) == 0


def test_on_a_phone_the_sidebar_gives_way(page: Page, shop: Shop) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(shop.address)
    page.locator(".mmq-card").first.wait_for()
    closing = page.get_by_test_id("stSidebarCollapseButton")
    expect(closing).to_have_count(0)
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(closing).to_be_visible()
    badge = page.locator(".mmq-sample b").bounding_box()
    assert badge is not None
    page.wait_for_function(_IN_SIDEBAR, arg=[225, badge["y"] + badge["height"] / 2])  # nothing lies over it
    page.mouse.click(320, 600)  # beside it, on a card
    expect(closing).to_have_count(0)
    settle(page)
    expect(page.locator(".mmq-head h1")).to_have_text("Ranking")

    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(".mmq-head h1")).to_have_text("Compare")
    expect(closing).to_have_count(0)
