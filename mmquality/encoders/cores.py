"""Every core with work of its own, instead of all cores on one matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Done = TypeVar("Done")


def on_every_core(work: Callable[[Part], Done], parts: Iterable[Part]) -> list[Done]:
    """`work` of every part, in order, as many at once as torch has threads.

    A small network spends its time in memory and at the barriers between its layers: a few inputs stay in the
    cache, and threads that work on inputs of their own never wait for each other, not even on a busy machine.
    """
    import torch

    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, parts))
    finally:
        torch.set_num_threads(threads)  # else the pool's setting holds for every thread to come
