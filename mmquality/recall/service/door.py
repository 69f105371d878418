"""What every request passes: a limit on its size and its time, and a note of how it went."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from mmquality.config import RecallConfig
from mmquality.recall.service.problems import problem, too_slow

_BESIDE = 1_000_000  # bytes of a request beside the photo
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)


class Door:
    """ASGI middleware around the whole service."""

    def __init__(self, app: ASGIApp, config: RecallConfig, registry: CollectorRegistry) -> None:
        self._app, self._config = app, config
        self._most = config.limits.max_photo_bytes + _BESIDE
        self._requests = Counter(
            "mmq_recall_requests_total", "Requests answered.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "mmq_recall_seconds", "Seconds to the answer.", ["route"], registry=registry, buckets=_SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, told = time.perf_counter(), _Told(send)
        try:
            async with asyncio.timeout(self._config.seconds):
                if self._is_too_large(scope):
                    await problem(413, self._too_large)(scope, receive, told)
                else:
                    await self._app(scope, self._limited(receive), told)
        except TimeoutError:
            if told.status:  # an answer that has begun cannot be taken back
                raise
            await too_slow(self._config.seconds)(scope, receive, told)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._requests.labels(route, told.status or 500).inc()  # whoever called us answers what we raise
            self._seconds.labels(route).observe(time.perf_counter() - started)

    @property
    def _too_large(self) -> str:
        return f"The request has more than {self._most / 1e6:g} MB; send a smaller photo."

    def _is_too_large(self, scope: Scope) -> bool:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        return length.isdigit() and int(length) > self._most

    def _limited(self, receive: Receive) -> Receive:
        """`receive`, for requests that do not tell their length, or not the truth."""
        total = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._most:
                raise HTTPException(413, self._too_large)
            return message

        return counted


class _Told:
    """Sends on, and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
