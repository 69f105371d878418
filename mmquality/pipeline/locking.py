"""One process at a time: where a file is read, changed and written again, and where the long work is done.

A lock is the system's (flock): a process that dies leaves it, whatever killed it.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import make_folder, not_writable

Step = TypeVar("Step", bound=Callable[..., Any])

_MODELS, _ENCODING = ".models.lock", ".encode.lock"
_held: set[Path] = set()  # by this process: a step may call another one


@contextmanager
def alone_in(workspace: Workspace) -> Iterator[None]:
    """Wait until no other process is in such a block of this workspace; a process that dies leaves it."""
    with _in_turn(workspace, ".lock"):
        yield


@contextmanager
def versions_in_turn(workspace: Workspace) -> Iterator[None]:
    """As `alone_in`, for whoever puts a version in force or takes its files away.

    A lock of its own: going back to an earlier version must not wait for an import.
    """
    with _in_turn(workspace, ".versions.lock"):
        yield


def makes_models(step: Step) -> Step:
    """A step that makes models: its first argument is the workspace, and it runs in one process at a time.

    Another process gets a `WorkspaceError` that names who is at work, and since when. Steps that it calls run
    under its lock.
    """
    return _alone(step, _MODELS, "is at work on the models of")


def encodes(step: Step) -> Step:
    """As `makes_models`, for a step that embeds: two would do the same work. Models may be made meanwhile."""
    return _alone(step, _ENCODING, "encodes the listings of")


def nobody_encodes(workspace: Workspace) -> None:
    """Wait until no other process embeds; nothing keeps the next one from it."""
    with _opened(workspace.root / _ENCODING) as file:
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def one_watcher(workspace: Workspace) -> Iterator[None]:
    """Another process that watches for this workspace meanwhile gets a `WorkspaceError`."""
    place = workspace.root / ".watch.lock"
    with _held_alone(
        place, "watch", f"watches for {workspace.root} already. One watcher at a time; stop it first."
    ):
        yield


@contextmanager
def models_at_rest(workspace: Workspace) -> Iterator[bool]:
    """Whether nobody makes models; then nobody begins to as long as the block lasts."""
    with _opened(workspace.root / _MODELS) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _in_turn(workspace: Workspace, lock: str) -> Iterator[None]:
    make_folder(workspace.root)  # absent where the database is elsewhere
    with _opened(workspace.root / lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _alone(step: Step, lock: str, does: str) -> Step:
    @wraps(step)
    def alone(workspace: Workspace, *args: Any, **kwargs: Any) -> Any:
        with _at_work(workspace, lock, step.__name__, does):
            return step(workspace, *args, **kwargs)

    return cast(Step, alone)


@contextmanager
def _at_work(workspace: Workspace, lock: str, what: str, does: str) -> Iterator[None]:
    place = workspace.root / lock
    # Without a workspace the step itself will say so. Processes that torchrun started work under the first
    # one's lock, which alone writes.
    if place in _held or not workspace.root.is_dir() or os.environ.get("RANK", "0") != "0":
        yield
        return
    at_work = f"{does} {workspace.root}. Wait for it to end, or stop it; nothing was changed."
    with _held_alone(place, what, at_work):
        _held.add(place)
        try:
            yield
        finally:
            _held.discard(place)


@contextmanager
def _held_alone(place: Path, what: str, at_work: str) -> Iterator[None]:
    """Hold a lock that says who holds it; who comes second is told who does what."""
    make_folder(place.parent)
    with _opened(place) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkspaceError(f"{_who(place)} {at_work}") from error
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"what": what, "pid": os.getpid(), "host": platform.node(), "since": since}))
        file.flush()
        yield


def _opened(place: Path) -> TextIO:
    """A lock's file. Raises `WorkspaceError` where the workspace may not be written to."""
    try:
        return place.open("a+", encoding="utf-8")
    except OSError as error:
        raise not_writable(place.parent, error.strerror or "") from error


def _who(place: Path) -> str:
    """Who wrote into the lock that he holds it; he may have had no time to do so."""
    with suppress(OSError, ValueError, KeyError):
        told = json.loads(place.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(told["since"])
        minutes = (datetime.now(UTC) - since).total_seconds() / 60
        return f"`mmquality {told['what']}` (process {told['pid']} on {told['host']}, for {minutes:.0f} min)"
    return "Another process"
