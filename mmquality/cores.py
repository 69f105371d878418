"""Every core with work of its own, instead of all cores on one matrix."""

from __future__ import annotations

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

    threads, waiting = torch.get_num_threads(), iter(parts)
    ahead: deque[Future[Done]] = deque()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            ahead.extend(pool.submit(work, part) for part in islice(waiting, 3 * threads))
            while ahead:
                done = ahead.popleft().result()
                ahead.extend(pool.submit(work, part) for part in islice(waiting, 1))
                yield done
    finally:
        torch.set_num_threads(threads)  # else the pool's setting holds for every thread to come
