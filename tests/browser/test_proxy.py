"""docs/proxy/nginx.conf as it is: nginx before a dashboard, and a stand-in for the sign-in service."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from served import ROOT, Shop, free_port, served, settle, wait_for
from websockets import Subprotocol
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from mmquality.pages.headers import HEADERS
from mmquality.records import Role

_SECRET = "kept-by-the-proxy"
_COOKIE = "signed-in=ana"


class SignIn(BaseHTTPRequestHandler):
    """Knows ana by her cookie, and nobody else."""

    def do_GET(self) -> None:
        known = _COOKIE in self.headers.get("Cookie", "")
        asked = self.path == "/oauth2/auth"
        page = 200 if self.path == "/oauth2/ping" else 403
        self.send_response((202 if known else 401) if asked else page)
        if asked and known:
            self.send_header("X-Auth-Request-Email", "ana@example.com")
        self.end_headers()
        if not asked:
            self.wfile.write(b"Please sign in")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Proxied:
    """A dashboard, and its address behind the proxy."""

    shop: Shop
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """Everything that docs/operations.md names, on ports of their own."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        reason = "there is no `nginx`; install it with `apt-get install nginx-light`"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder, port = tmp_path_factory.mktemp("proxied"), free_port()
    settings = {"MMQ_ACCESS": "proxy", "MMQ_ACCESS_HEADER": "X-Forwarded-User", "MMQ_PROXY_SECRET": _SECRET}
    with _sign_in() as there, served(folder, **settings) as shop:
        shop.store.give_role("ana@example.com", Role.ANALYST)
        (folder / "nginx.conf").write_text(_configuration(folder, port, there, shop))
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        with (folder / "nginx.log").open("w") as log:
            running = subprocess.Popen(command, stderr=log)
            try:
                wait_for(f"http://127.0.0.1:{port}/oauth2/ping", running)
                yield Proxied(shop, port)
            finally:
                running.terminate()
                running.wait()


@contextmanager
def _sign_in() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), SignIn) as service:
        thread = threading.Thread(target=service.serve_forever, daemon=True)
        thread.start()
        yield service.server_port
        service.shutdown()
        thread.join()


def _configuration(folder: Path, port: int, sign_in: int, shop: Shop) -> str:
    """The documented server with other ports, in clear text, inside what a whole nginx needs."""
    text = (ROOT / "docs" / "proxy" / "nginx.conf").read_text()
    for documented, here in {
        "listen 443 ssl": f"listen 127.0.0.1:{port}",
        "ssl_certificate     /etc/ssl/quality.pem;": "",
        "ssl_certificate_key /etc/ssl/private/quality.key;": "",
        "127.0.0.1:4180": f"127.0.0.1:{sign_in}",
        "http://127.0.0.1:8501": shop.address,
        '"SECRET"': f'"{_SECRET}"',
    }.items():
        assert documented in text
        text = text.replace(documented, here)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    user = pwd.getpwuid(os.geteuid()).pw_name
    return (
        f"user {user};\npid {folder / 'nginx.pid'};\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}\n{text}\n}}\n"
    )


def _get(address: str, **headers: str) -> tuple[int, dict[str, list[str]], str]:
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        found = {name.lower(): answer.headers.get_all(name) or [] for name in answer.headers}
        return answer.status, found, answer.read().decode()


def test_who_has_not_signed_in_gets_to_the_sign_in_and_no_further(proxied: Proxied) -> None:
    assert _get(proxied.address)[0::2] == (403, "Please sign in")
    forged = {"X-Forwarded-User": "ana@example.com", "X-Mmquality-Secret": _SECRET}
    assert _get(proxied.address, **forged)[0::2] == (403, "Please sign in")
    address = f"ws://127.0.0.1:{proxied.port}/_stcore/stream"
    with pytest.raises(InvalidHandshake):
        connect(address, subprotocols=[Subprotocol("streamlit")], additional_headers=forged)


def test_every_answer_says_what_a_browser_may_do(proxied: Proxied) -> None:
    for path in ("/", "/overview", "/_stcore/health"):
        status, headers, _ = _get(proxied.address + path, Cookie=_COOKIE)
        assert status == 200
        for name, value in HEADERS.items():
            assert headers[name.lower()] == [value], f"{path}: {name}"
        assert headers["strict-transport-security"] == ["max-age=31536000"]
        assert "nginx/" not in headers["server"][0]


def test_another_sites_page_cannot_speak_to_the_dashboard(proxied: Proxied) -> None:
    """A browser sends the analyst's cookie whoever asks; whose page asks is in `Origin`."""
    with pytest.raises(InvalidHandshake):
        connect(
            f"ws://127.0.0.1:{proxied.port}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            origin="https://evil.example",  # type: ignore[arg-type]
            additional_headers={"Cookie": _COOKIE},
        )


def test_an_analyst_labels_through_the_proxy_under_the_name_that_signed_in(
    page: Page, proxied: Proxied
) -> None:
    page.set_extra_http_headers({"X-Forwarded-User": "eve@example.com"})  # is replaced
    name, _, value = _COOKIE.partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": proxied.address}])
    page.goto(f"{proxied.address}/overview")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_contain_text("ana@example.com")
    page.goto(f"{proxied.address}/listing?id=L004")
    page.get_by_role("button", name="Match").click()
    settle(page)
    expect(page.get_by_text("Saved: Match")).to_be_visible()
    assert proxied.shop.store.label_history("L004")[0].label.analyst == "ana@example.com"


def test_beside_the_proxy_the_header_alone_is_nobodys(page: Page, proxied: Proxied) -> None:
    page.set_extra_http_headers({"X-Forwarded-User": "ana@example.com"})
    page.goto(f"{proxied.shop.address}/listing?id=L004")
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(page.locator(".mmq-title")).to_have_count(0)
