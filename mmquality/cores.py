"""Every core with work of its own, instead of all cores on one matrix."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")


def on_every_core(work: Callable[[Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
    """`work` of every part, in order, as many at once as torch has threads; parts are drawn a few ahead.

    A small network spends its time in memory and at the barriers between its layers: a few inputs stay in the
    cache, and threads that work on inputs of their own never wait for each other, not even on a busy machine.
    """
    import torch

    threads = torch.get_num_threads()
    try:
        pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
        yield from _done_by(pool, work, parts, 3 * threads)
    finally:
        torch.set_num_threads(threads)  # else the pool's setting holds for every thread to come


def ahead(work: Callable[[Part], Done], parts: Iterable[Part], threads: int | None = None) -> Iterator[Done]:
    """`work` of every part, in order, at most four for each of the threads before they are asked for.

    There are as many threads as cores, but no more than eight, where nobody says how many.
    """
    threads = threads or min(8, os.cpu_count() or 1)
    return _done_by(ThreadPoolExecutor(threads), work, parts, 4 * threads)


def _done_by(
    pool: ThreadPoolExecutor, work: Callable[[Part], Done], parts: Iterable[Part], most: int
) -> Iterator[Done]:
    """The pool ends here, and what nobody waits for any more is not begun."""
    waiting, begun = iter(parts), deque[Future[Done]]()
    try:
        begun.extend(pool.submit(work, part) for part in islice(waiting, most))
        while begun:
            done = begun.popleft().result()
            begun.extend(pool.submit(work, part) for part in islice(waiting, 1))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)
