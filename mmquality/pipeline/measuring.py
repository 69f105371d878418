"""What a piece of work costs: seconds and peak memory, in a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from mmquality.errors import WorkspaceError
from mmquality.processes import Workers

T = TypeVar("T")

_EVERY = 0.25  # seconds between two looks at the memory, or more, …
_SHARE = 0.02  # … so that they take no more than this of a core: a look goes through all pages
_PROC = Path("/proc")


@dataclass(frozen=True)
class Measured(Generic[T]):
    """What the work gave, and what it took."""

    result: T
    seconds: float  # of the work alone, without starting its process and loading libraries
    peak_bytes: int | None  # of its whole process tree; None where the system does not tell


@dataclass(frozen=True)
class Job:
    """A piece of work; `work` and its arguments must be picklable."""

    name: str
    work: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    libraries: tuple[str, ...] = ()  # loaded before the clock starts; for many jobs of a kind only once
    long: bool = False  # started before the others, which then fill the cores to the end


def measured(job: Job, threads: int | None = None) -> Measured[Any]:
    """Do a job in a fresh process of so many threads (by default as many as it likes), and measure it.

    Memory is the proportional set size of the process and its descendants (pages that they share count once),
    looked at up to four times a second. Raises `WorkspaceError` where the process
    was ended from outside.
    """
    multiprocessing.set_forkserver_preload([*job.libraries])  # which the first job's then are
    try:
        with Workers(1, _limit_threads, (threads,), "forkserver") as pool:
            pid = pool.submit(_ready, job.libraries).result()
            with _Peak(pid) as peak:
                result, seconds = pool.submit(_timed, job, threads).result()
    except BrokenProcessPool as error:
        raise WorkspaceError(
            f"The process that measured {job.name!r} was ended from outside, most likely for want of memory. "
            "Nothing was changed; make room and run the command again."
        ) from error
    return Measured(result, seconds, peak.bytes or None)


def measured_side_by_side(jobs: Sequence[Job], done: Callable[[int], object]) -> list[Measured[Any]]:
    """Each job in a process and one thread of its own, as many at once as there are cores, in order.

    `done` is called with 1 for each. Where one fails, or the caller is interrupted, the others stop.
    """
    others = set(multiprocessing.active_children())
    threads = ThreadPoolExecutor(os.cpu_count() or 1)
    waiting = {
        n: threads.submit(measured, jobs[n], 1)
        for n in sorted(range(len(jobs)), key=lambda n: not jobs[n].long)
    }
    try:
        for future in as_completed(waiting.values()):
            future.result()
            done(1)
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    threads.shutdown()
    return [waiting[n].result() for n in range(len(jobs))]


def _limit_threads(threads: int | None) -> None:
    """For the libraries that are loaded later; they look when they are."""
    if threads:
        os.environ["OMP_NUM_THREADS"] = str(threads)


def _ready(libraries: tuple[str, ...]) -> int:
    """Load them; the process that did."""
    for library in libraries:
        importlib.import_module(library)
    return os.getpid()


def _timed(job: Job, threads: int | None) -> tuple[Any, float]:
    from threadpoolctl import threadpool_limits

    started = time.monotonic()
    with threadpool_limits(threads):  # for those that are loaded already
        return job.work(*job.arguments), time.monotonic() - started


class _Peak:
    """Samples the memory of a process and its descendants for the time of a `with` block."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            started = time.thread_time()
            self.bytes = max(self.bytes, sum(map(_proportional_bytes, _tree(self._pid))))
            if self._ended.wait(max(_EVERY, (time.thread_time() - started) / _SHARE)):
                return


def _tree(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    with suppress(OSError):  # it ended meanwhile
        for children in (_PROC / str(pid) / "task").glob("*/children"):
            for child in children.read_text().split():
                yield from _tree(int(child))


def _proportional_bytes(pid: int) -> int:
    """0 for a process that ended, and where the system keeps no such account."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
