"""What no other test can see: how the pages look in a real browser, and that titles are text there."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from served import Shop, navigation, settle
from workspaces import HOSTILE

from mmquality.pages.escaping import plain


def test_titles_are_text_and_nothing_leaves_the_machine(page: Page, shop: Shop) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.on("dialog", lambda dialog: pytest.fail("a title ran a script"))
    for listing_id, title in HOSTILE.items():
        page.goto(f"{shop.address}/?q={title.split()[-1]}&score=0&score=100")
        link = page.locator(f'.mmq-card a[href*="id={listing_id}"]')
        expect(link).to_have_count(1)
        assert link.inner_text().replace("\u2060", "") == plain(title)
        assert link.locator("a, img, strong, .katex, span[style*=color]").count() == 0
        page.goto(f"{shop.address}/listing?id={listing_id}")
        expect(page.locator(".mmq-title")).to_have_text(plain(title))
        assert page.title() != "taken"
    assert asked <= {"127.0.0.1", ""}


@pytest.mark.parametrize(("width", "columns"), [(390, 2), (1440, 6), (2560, 12)])
def test_the_gallery_adapts_to_the_width(page: Page, shop: Shop, width: int, columns: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(shop.address)
    page.locator(".mmq-card").nth(11).wait_for()
    page.wait_for_function(f"({_COLUMNS})() === {columns}")


def test_figures_and_versions_fit_a_small_screen(page: Page, shop: Shop) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{shop.address}/overview")
    page.locator(".mmq-numbers > div").nth(6).wait_for()
    page.wait_for_function(_ONE_ROW)
    page.goto(f"{shop.address}/models")
    page.locator(".dvn-scroller").first.wait_for()
    page.wait_for_function(_TABLE_FITS)


@pytest.mark.parametrize("width", [1280, 1440])
@pytest.mark.parametrize("address", ["labels", "labels?show=audit"])
def test_no_column_is_cut(page: Page, shop: Shop, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{shop.address}/{address}")
    page.locator(".dvn-scroller").first.wait_for()
    page.wait_for_function(_TABLE_FITS, timeout=5_000)


def test_what_was_saved_takes_no_room_before_it_is_said(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.address}/listing?id=L001")
    card, question = page.locator(".st-key-verdicts"), page.locator(".st-key-verdicts .mmq-verdict")
    question.wait_for()
    settle(page)
    tops = [place.bounding_box() for place in (card, question)]
    assert (
        tops[0] and tops[1] and tops[1]["y"] - tops[0]["y"] < 24
    )  # pixels: the card's own border and margin


def test_every_page_fits_a_phone_and_can_be_read_in_light_and_dark(page: Page, shop: Shop) -> None:
    addresses = navigation(page, shop)
    page.set_viewport_size({"width": 390, "height": 844})
    for address in addresses:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        settle(page)
        page.wait_for_function(_NOT_WIDER, timeout=5_000)
        light = page.evaluate(_BACKGROUND)
        assert_readable(page)
        page.emulate_media(color_scheme="dark")  # which an open page follows
        page.wait_for_function(
            "before => getComputedStyle(document.body).backgroundColor !== before", arg=light
        )
        settle(page)
        assert_readable(page)


def assert_readable(page: Page) -> None:
    for piece in (
        ".mmq-head h1",
        ".mmq-head p",
        ".mmq-section p",
        ".mmq-badge",
        ".mmq-sample b",
        ".mmq-mark",
        ".mmq-entered b",
        "[data-testid=stCaptionContainer] p",
    ):
        for ratio in page.locator(piece).first.all()[:1]:
            assert ratio.evaluate(_CONTRAST) >= 4.5, (page.url, piece)


_BACKGROUND = "getComputedStyle(document.body).backgroundColor"

_COLUMNS = """() => {
  const cards = [...document.querySelectorAll(".mmq-card")];
  const tops = cards.map(card => card.getBoundingClientRect().top);
  return tops.filter(top => Math.abs(top - tops[0]) < 2).length;
}"""

_ONE_ROW = """() => {
  const figures = [...document.querySelectorAll(".mmq-numbers > div")];
  return new Set(figures.map(figure => figure.getBoundingClientRect().top)).size === 1;
}"""

_TABLE_FITS = """() => {
  const table = document.querySelector(".dvn-scroller");
  return table.scrollWidth <= table.clientWidth;
}"""

_NOT_WIDER = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  return main.scrollWidth <= main.clientWidth;
}"""

_CONTRAST = """element => {
  const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let under = element, ground = [255, 255, 255, 1];
  while (under) {
    const c = parse(getComputedStyle(under).backgroundColor);
    if (c.length < 4 || c[3] > 0) { ground = c; break; }
    under = under.parentElement;
  }
  const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
