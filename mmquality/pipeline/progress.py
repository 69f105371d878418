"""How long work tells where it is; the command line draws bars, pages and tests may stay silent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Advance = Callable[[int], object]  # called with how many more are done


class Reporter(Protocol):
    """Told of each stage of long work."""

    def stage(
        self, name: str, total: int | None = None, in_bytes: bool = False
    ) -> AbstractContextManager[Advance]:
        """A stage begins; its context gives a function to call with each step done, or byte."""

    def say(self, line: str) -> None:
        """One fact worth telling."""


class Silent:
    """Reports nothing."""

    def stage(
        self, name: str, total: int | None = None, in_bytes: bool = False
    ) -> AbstractContextManager[Advance]:
        return nullcontext(lambda done: None)

    def say(self, line: str) -> None:
        return None


def increments(advance: Advance) -> Callable[[int, int], None]:
    """`advance` as the (done, total) callback that encoders and training call."""
    before = 0

    def progress(done: int, total: int) -> None:
        nonlocal before
        advance(done - before)
        before = done

    return progress
