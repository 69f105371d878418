"""What the dashboard's server is told, and what it tells every browser."""

from __future__ import annotations

from typing import Any

import pytest

from mmquality.pages.headers import HEADERS, SecurityHeaders
from mmquality.pages.server import settings

_GIVEN = {"server.port": "8600", "server.address": "127.0.0.1", "server.headless": "false"}


def test_where_nobody_signs_in_only_this_machines_names_are_answered() -> None:
    told = settings(_GIVEN)
    assert told["server.allowedHosts"] == ["127.0.0.1", "localhost", "[::1]"]
    assert (told["server.port"], told["server.headless"]) == (8600, True)
    assert told["server.enableXsrfProtection"] and told["server.enableCORS"]


def test_where_people_sign_in_faults_are_for_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMQ_ACCESS", "oidc")
    told = settings(_GIVEN)
    assert told["client.showErrorDetails"] == "none" and "server.allowedHosts" not in told


def test_every_answer_has_the_headers_once_and_a_websocket_is_left_alone() -> None:
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        start = "http.response.start" if scope["type"] == "http" else "websocket.accept"
        await send({"type": start, "headers": [(b"X-Frame-Options", b"ALLOWALL"), (b"etag", b"1")]})

    async def keep(message: Any) -> None:
        sent.append(message)

    for kind in ("http", "websocket"):
        answer = SecurityHeaders(application)({"type": kind}, None, keep)  # type: ignore[arg-type]
        with pytest.raises(StopIteration):  # it never waits; asyncio.run is refused beside a browser test
            answer.send(None)
    names = [name.decode() for name, _ in sent[0]["headers"]]
    assert sorted(names) == sorted(["etag", *(name.lower() for name in HEADERS)])
    assert dict(sent[0]["headers"])[b"x-frame-options"] == b"DENY"
    assert sent[1]["headers"] == [(b"X-Frame-Options", b"ALLOWALL"), (b"etag", b"1")]
