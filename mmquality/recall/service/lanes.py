"""Work in threads, so much at once and so much waiting: whoever comes then is told to come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class BusyError(Exception):
    """There is no room in the lane."""


class Lane:
    """Threads for one kind of work."""

    def __init__(self, name: str, at_once: int, waiting: int) -> None:
        self.name, self._most = name, at_once + waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._lock, self._taken = Lock(), 0

    @property
    def taken(self) -> int:
        """How much is at work or waits."""
        return self._taken

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What `work` gives. Raises `BusyError` at once where too much waits.

        Whoever stops waiting takes work back that has not begun; what has begun keeps its place to its end.
        """
        with self._lock:
            if self._taken >= self._most:
                raise BusyError
            self._taken += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1

    def close(self) -> None:
        """Take no more work, and wait for none."""
        self._pool.shutdown(wait=False, cancel_futures=True)
