"""Worker processes: spawned, deaf to Ctrl+C, and gone as soon as nobody waits for them any more."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from types import TracebackType
from typing import Any, Literal, ParamSpec, TypeVar

from mmquality.memory import give_back_free_memory, give_back_large_blocks

P = ParamSpec("P")
T = TypeVar("T")


class Workers(ProcessPoolExecutor):
    """`count` processes for the time of a `with` block.

    Spawned, not forked: a fork copies whatever locks the threads of torch or Streamlit hold. (A fork server
    has no such threads; where many processes follow each other, it loads their libraries once.) Ctrl+C is for
    the parent alone. Where the block ends with an error, or the parent dies, its workers stop in the middle
    of their work; where it ends well, they finish it.
    """

    def __init__(
        self,
        count: int,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        method: Literal["spawn", "forkserver"] = "spawn",
    ) -> None:
        give_back_free_memory()
        context: BaseContext = multiprocessing.get_context(method)
        super().__init__(count, context, _begin, (initializer, *initargs))
        self._others = set(multiprocessing.active_children())

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As in any executor; a process that is started for it inherits that interrupts are held back."""
        with _interrupts_held_back():
            return super().submit(fn, *args, **kwargs)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self.shutdown()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """SIGINT waits until the end of the block; processes started inside never get it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(initializer: Callable[..., object] | None, *initargs: Any) -> None:
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    give_back_large_blocks()
    if initializer is not None:
        initializer(*initargs)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
