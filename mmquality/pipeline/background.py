"""Long work started from a page: a process of its own that outlives the page's run and the server.

A job is one command line of mmquality, at most one of each name in a workspace. Its process inherits a lock
on `jobs/NAME.lock` and so holds it exactly as long as it lives: who can take the lock knows that nobody is at
work, whatever became of the process. How far it is stands in `jobs/NAME.json`, what it printed in
`jobs/NAME.log`.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import mmquality
from mmquality import logs
from mmquality.config import Workspace
from mmquality.files import check_writable
from mmquality.pipeline.folders import replace_text
from mmquality.pipeline.progress import Advance

_PLACE = "MMQ_JOB"  # in a job's environment: its state file
_EVERY = 0.5  # seconds between two writings of the state
_GLANCES, _GLANCE = 10, 0.02  # who looks whether a job is at work holds its lock for a moment: seconds


class Phase(StrEnum):
    """What became of a job."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # ended from outside, in the middle of its work


@dataclass(frozen=True)
class Job:
    """A job as it stands."""

    started: float  # seconds since the epoch
    stage: str = ""  # what it is at, in words
    done: int = 0
    total: int | None = None  # of this stage, where that is known
    phase: Phase = Phase.RUNNING
    said: str = ""  # why it failed
    ended: float | None = None  # by itself; seconds since the epoch


def start(workspace: Workspace, name: str, arguments: Sequence[str], by: str) -> bool:
    """Start `mmquality ARGUMENTS -w WORKSPACE` for an analyst; false where a job of this name is at work.

    Raises `WorkspaceError` as `check_may_start`.
    """
    check_may_start(workspace, name)
    workspace.jobs.mkdir(parents=True, exist_ok=True)
    place = workspace.jobs / f"{name}.json"
    with (
        place.with_suffix(".lock").open("w") as lock,
        place.with_suffix(".log").open("a") as log,
        _standard_error() as for_operators,
    ):
        if not _ours(lock.fileno()):
            return False
        log.truncate(0)
        _write(place, Job(time.time()))
        process = subprocess.Popen(
            [sys.executable, "-m", "mmquality", *arguments, "-w", str(workspace.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.fileno(), for_operators),
            start_new_session=True,  # Ctrl+C is for the server
            cwd=Path(mmquality.__file__).parents[1],
            env=os.environ
            | {"MMQ_DATABASE_URL": workspace.database_url, _PLACE: str(place), "MMQ_ANALYST": by}
            | {logs.STREAM: str(for_operators)},
        )
    threading.Thread(target=process.wait, daemon=True).start()  # else it would stay a zombie
    return True


def check_may_start(workspace: Workspace, name: str) -> None:
    """Raises `WorkspaceError` where a job of this name could keep neither what it finds nor how far it is."""
    place = workspace.jobs / name
    ours = place.with_suffix(".lock"), place.with_suffix(".log")
    check_writable(workspace.root, workspace.jobs, workspace.evaluations, *ours)


@contextmanager
def _standard_error() -> Iterator[int]:
    """Another number for this process's standard error: a job's own goes to its log, its events come here."""
    number = os.dup(2)
    try:
        yield number
    finally:
        os.close(number)


def job(workspace: Workspace, name: str) -> Job | None:
    """The last job of this name; None where there was none."""
    place = workspace.jobs / f"{name}.json"
    try:
        with place.with_suffix(".lock").open() as lock:
            working = not _locked(lock.fileno(), fcntl.LOCK_SH)
        found = _read(place)
    except FileNotFoundError:
        return None
    if found.phase is Phase.RUNNING and not working:
        return replace(found, phase=Phase.STOPPED)
    return (
        replace(found, said=_last_line(place.with_suffix(".log"))) if found.phase is Phase.FAILED else found
    )


@contextmanager
def outcome_kept() -> Iterator[None]:
    """Around a whole command: where it is a job, its end is written down. Elsewhere nothing."""
    place = os.environ.get(_PLACE)
    phase = Phase.FAILED
    try:
        yield
        phase = Phase.DONE
    except SystemExit as end:
        phase = Phase.FAILED if end.code else Phase.DONE
        raise
    finally:
        if place:
            _write(Path(place), replace(_read(Path(place)), phase=phase, ended=time.time()))


def job_stage(name: str, total: int | None) -> Iterator[Advance] | None:
    """One stage of the job that this process is, as a generator that yields `advance`; None where it is
    none."""
    place = os.environ.get(_PLACE)
    return _stage(Path(place), name, total) if place else None


def _stage(place: Path, name: str, total: int | None) -> Iterator[Advance]:
    found = replace(_read(place), stage=name, done=0, total=total)
    _write(place, found)
    done, told = 0, time.monotonic()

    def advance(more: int, note: str = "") -> None:
        nonlocal done, told
        done += more
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            _write(place, replace(found, done=done))

    yield advance
    _write(place, replace(found, done=done))


def _ours(lock: int) -> bool:
    """Take the lock for a job, unless one is at work: who only looks lets go of it at once."""
    for _ in range(_GLANCES):
        if _locked(lock, fcntl.LOCK_EX):
            return True
        time.sleep(_GLANCE)
    return False


def _locked(lock: int, kind: int) -> bool:
    """Take the lock if nobody who is in the way holds it."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(place: Path) -> Job:
    stored = json.loads(place.read_text(encoding="utf-8"))
    return Job(**stored | {"phase": Phase(stored["phase"])})


def _write(place: Path, found: Job) -> None:
    replace_text(place, json.dumps(asdict(found)))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
