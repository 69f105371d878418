"""What strangers and colleagues wrote is text on every page: nothing runs, nothing is fetched for it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page
from served import Shop, navigation, settle
from workspaces import _listings

from mmquality.pipeline.label_reasons import set_reason
from mmquality.records import RowProblem, Verdict

EVIL = (
    '<img src=x onerror=alert(1)><script>document.title="taken"</script><svg onload=alert(1)>'
    '"onmouseover="alert(1) [click](javascript:alert(1)) ![b](http://evil.example/b.png)'
)
_LISTING, _RUNS = "L002", "a[href^='javascript:' i], img[src*='evil'], [onerror], [onload], [onmouseover]"


def write_evil(shop: Shop) -> None:
    """Let everything that a person can write somewhere try to run."""
    frame, _, _ = _listings(shop.workspace.root / "photos")
    frame = frame.assign(
        category=EVIL, seller=EVIL, attributes=[{EVIL[:60]: EVIL, "colour": EVIL}] * len(frame)
    )
    shop.store.upsert_listings(frame)
    set_reason(shop.workspace, "evil", EVIL[:39])
    shop.store.add_label(_LISTING, Verdict.MISMATCH, "evil", EVIL, EVIL[:100])
    shop.store.add_label("L003", Verdict.MATCH, None, EVIL, EVIL[:100])
    shop.store.save_view(EVIL[:60], f"?{urlencode({'q': EVIL})}", EVIL[:100])
    problem = RowProblem(EVIL, 1, EVIL, EVIL, EVIL)
    shop.store.save_import_report({"files": {"listings": EVIL}, "images": EVIL, "added": 1}, [problem])


def test_nothing_that_somebody_wrote_runs_on_any_page(page: Page, own_shop: Shop) -> None:
    write_evil(own_shop)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page.on("dialog", lambda dialog: pytest.fail("what somebody wrote ran"))
    addresses = navigation(page, own_shop)
    for name in ("listing", "compare"):
        addresses.append(
            f"{own_shop.address}/{name}?{urlencode({'id': _LISTING, 'queue': EVIL, 'find': EVIL})}"
        )
    addresses.append(f"{own_shop.address}/?{urlencode({'q': EVIL, 'category': EVIL})}")
    seen = ""
    for address in addresses:
        page.goto(address)
        settle(page)
        seen += page.locator("body").inner_text()
        assert page.locator(_RUNS).count() == 0, address
        assert page.title() != "taken", address
    assert asked <= {"127.0.0.1", ""}
    assert seen.count("javascript:alert(1)") > 5  # it was there to be read


def test_the_test_would_find_what_runs(page: Page) -> None:
    page.set_content(
        f"<div>{EVIL.replace('[click](javascript:alert(1))', '<a href=javascript:0>x</a>')}</div>"
    )
    assert page.locator(_RUNS).count() >= 3
