"""Worker processes: they work, do not hear Ctrl+C, and never outlive those who wait for them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmquality.processes import Workers

PROJECT = Path(__file__).parents[1]
_given = 0


def give(number: int) -> None:
    global _given
    _given = number


def given_times(number: int) -> int:
    return _given * number


def pid_after(folder: str, seconds: float) -> int:
    """Leave a note that the work has begun, work, and say who did it."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(seconds)
    return os.getpid()


def begun(folder: Path) -> int:
    """Wait for the note; gives the worker's process id."""
    deadline = time.monotonic() + 60
    while not (notes := list(folder.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(notes[0].name)


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def test_they_work_with_what_they_were_given() -> None:
    with Workers(2, give, (3,)) as pool:
        assert list(pool.map(given_times, range(5))) == [0, 3, 6, 9, 12]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_does_not_wait_for_them(tmp_path: Path, error: type[BaseException]) -> None:
    started = time.monotonic()
    with pytest.raises(error), Workers(1) as pool:
        pool.submit(pid_after, str(tmp_path), 300)
        pid = begun(tmp_path)
        raise error
    wait_until_gone(pid)
    assert time.monotonic() - started < 100


def test_interrupts_are_not_for_them(tmp_path: Path) -> None:
    with Workers(1) as pool:
        future = pool.submit(pid_after, str(tmp_path), 0.5)
        pid = begun(tmp_path)
        os.kill(pid, signal.SIGINT)
        assert future.result(timeout=60) == pid


def test_interrupts_still_reach_the_parent(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Workers(1) as pool:
        pool.submit(pid_after, str(tmp_path), 300)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)


def test_they_die_with_the_parent(tmp_path: Path) -> None:
    code = (
        "import sys, test_processes; from mmquality.processes import Workers\n"
        "with Workers(1) as pool: pool.submit(test_processes.pid_after, sys.argv[1], 300).result()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "tests")])}
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) as parent:
        pid = begun(tmp_path)
        parent.kill()
    wait_until_gone(pid)
