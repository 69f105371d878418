"""What the dashboard's own script does in a browser, beside what Streamlit does there."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from served import Shop, say_who, settle

_SCROLLED = "() => document.querySelector('.stMain').scrollTop"


def test_another_case_is_seen_from_its_top(page: Page, own_shop: Shop) -> None:
    page.set_viewport_size({"width": 1200, "height": 500})
    page.goto(f"{own_shop.address}/review")
    say_who(page, "Ana")
    title = page.locator(".mmq-title")
    before = title.inner_text()
    settle(page)
    page.evaluate("document.querySelector('.stMain').scrollTo(0, 300)")
    page.get_by_role("button", name="Full size").evaluate("button => button.click()")  # draws it anew
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)
    assert page.evaluate(_SCROLLED) > 0
    page.keyboard.press("y")
    expect(title).not_to_have_text(before)
    assert page.evaluate(_SCROLLED) == 0
