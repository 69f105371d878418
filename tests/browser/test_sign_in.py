"""Signing in through OpenID Connect, with a real provider on this machine and a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from served import Shop, free_port, served, settle, wait_for

from mmquality.records import Reason, Role, Verdict

_CLIENT_SECRET, _COOKIE_SECRET = "kept-from-the-provider", "kept-from-the-browser"
_PEOPLE = [
    {"sub": "1", "email": "ana@example.com", "email_verified": True},
    {"sub": "2", "email": "vera@example.com", "email_verified": True},
    {"sub": "3", "email": "ana@example.com", "email_verified": False},
]


@dataclass(frozen=True)
class Signing:
    """A dashboard that people sign in to, and what its server said so far."""

    shop: Shop
    log: Path


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    folder, port, provider = tmp_path_factory.mktemp("signing"), free_port(), free_port()
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\nclient_id = "mmquality"\n'
        f'cookie_secret = "{_COOKIE_SECRET}"\nclient_secret = "{_CLIENT_SECRET}"\n'
        f'server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"\n'
    )
    people = [word for claims in _PEOPLE for word in ("--user-claims", json.dumps(claims))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(provider), *people]
    with (folder / "provider.log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{provider}/.well-known/openid-configuration", running)
        settings = {"HOME": str(folder), "MMQ_ACCESS": "oidc", "MMQ_LOG": "json", "MMQ_LOG_LEVEL": "debug"}
        with served(folder, port, **settings) as shop:
            shop.store.give_role("ana@example.com", Role.ANALYST)
            shop.store.add_label("L001", Verdict.MISMATCH, Reason.OTHER, "", "ben")
            yield Signing(shop, folder / "server.log")
    finally:
        running.kill()
        running.wait()


def _sign_in(page: Page, signing: Signing, number: str) -> None:
    """Go to the dashboard, be led to the provider, say who one is, and be led back."""
    page.goto(signing.shop.address.replace("127.0.0.1", "localhost"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=number, exact=True).click()


def test_nothing_is_shown_before_the_sign_in(page: Page, signing: Signing) -> None:
    page.goto(signing.shop.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(page.locator(".mmq-card")).to_have_count(0)


def test_who_signs_in_labels_under_that_name_and_signs_out(page: Page, signing: Signing) -> None:
    _sign_in(page, signing, "1")
    expect(page.get_by_test_id("stSidebar")).to_contain_text("ana@example.com")
    page.get_by_role("link", name="Listing").click()
    expect(page.get_by_role("button", name="Match")).to_be_visible()
    settle(page)
    page.keyboard.press("y")
    expect(page.get_by_text("Saved: Match")).to_be_visible()
    newest = signing.shop.store.audit_page().rows[0]
    assert (newest.kind, newest.analyst, newest.verdict) == ("label", "ana@example.com", "match")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # at the provider, too
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)


def test_a_viewer_sees_the_verdict_at_the_top_of_the_listing(page: Page, signing: Signing) -> None:
    _sign_in(page, signing, "2")
    expect(page.get_by_test_id("stSidebar")).to_contain_text("viewer")
    page.goto(signing.shop.address.replace("127.0.0.1", "localhost") + "/listing?id=L001")
    settle(page)
    expect(page.locator(".st-key-verdicts .mmq-verdict")).to_be_visible()
    expect(page.get_by_text("You look on")).to_be_visible()
    expect(page.get_by_role("button", name="Match")).to_have_count(0)


def test_an_address_that_is_not_verified_is_nobodys(page: Page, signing: Signing) -> None:
    _sign_in(page, signing, "3")
    expect(page.get_by_text("Your e-mail address is not verified")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_operators_see_who_came_in_and_no_secret(signing: Signing) -> None:
    said = signing.log.read_text()
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    came = {(one["person"], one["role"]) for one in events if one["event"] == "sign-in"}
    assert came == {("ana@example.com", "analyst"), ("vera@example.com", "viewer")}
    assert _CLIENT_SECRET not in said and _COOKIE_SECRET not in said
