"""How long work tells where it is; the command line draws bars, pages and tests may stay silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol


class Advance(Protocol):
    """Called with each step done."""

    def __call__(self, more: int, note: str = "", /) -> object:
        """`more` are done; `note` is worth a look meanwhile, such as a loss."""


def untold(more: int, note: str = "", /) -> None:
    """The `Advance` of those to whom nobody listens."""


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
        return nullcontext(untold)

    def say(self, line: str) -> None:
        return None


@contextmanager
def in_one(reporter: Reporter, name: str) -> Iterator[None]:
    """The block as a stage of one step."""
    with reporter.stage(name, 1) as advance:
        yield
        advance(1)


def increments(advance: Callable[[int], object]) -> Callable[[int, int], None]:
    """`advance` as the (done, total) callback that encoders and training call."""
    before = 0

    def progress(done: int, total: int) -> None:
        nonlocal before
        advance(done - before)
        before = done

    return progress
