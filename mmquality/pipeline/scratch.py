"""Room on the workspace's disk for arrays that are too long for memory, as long as some work goes on."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import numpy.typing as npt

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import room_for
from mmquality.pipeline.locking import alone_in
from mmquality.records import size_in_words
from mmquality.rows import Writable, in_folder

_HELD = ".held"  # in each folder; locked by the process that works there, however that ends


class Scratch:
    """A folder to work in, and as a function the `New` of arrays there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._new = in_folder(folder)

    def __call__(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Writable:
        """A new array. Raises `WorkspaceError` where the disk has no room for it."""
        try:
            return self._new(shape, dtype)
        except OSError as error:
            size = math.prod(shape) * np.dtype(dtype).itemsize
            raise WorkspaceError(
                f"{self.folder.parent} has no room for {size_in_words(size)} ({error.strerror}). Make "
                "room on that disk and run it again; nothing was changed."
            ) from error


@contextmanager
def scratch(workspace: Workspace) -> Iterator[Scratch]:
    """Room that is gone when the block ends; what killed processes left goes first.

    Where the disk is full, that is a `WorkspaceError`.
    """
    with room_for(workspace.scratch), alone_in(workspace):
        workspace.scratch.mkdir(exist_ok=True)
        _clear(workspace.scratch)
        folder = Path(mkdtemp(dir=workspace.scratch))
        lock = locked(folder)
    try:
        with room_for(workspace.scratch):  # asked before the folder is gone: then there would be room
            yield Scratch(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def left_behind(place: Path) -> list[Path]:
    """The folders in `place`, such as a workspace's `scratch`, in which no process works any more."""
    folders = sorted(place.iterdir()) if place.is_dir() else []
    return [folder for folder in folders if folder.is_dir() and not _is_held(folder)]


def locked(folder: Path) -> int:
    """Lock a folder; raises `OSError` where another process holds it."""
    # A file in it: network disks lock no folders.
    lock = os.open(folder / _HELD, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _is_held(folder: Path) -> bool:
    """Whether a process works in a folder; asked without writing to it."""
    try:
        lock = os.open(folder / _HELD, os.O_RDONLY)
    except OSError:  # it ended just now, or never came so far
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _clear(place: Path) -> None:
    """Remove the folders that no process holds."""
    for folder in place.iterdir():
        with suppress(OSError):  # held; or its process ended just now and has removed it
            lock = locked(folder)
            try:
                shutil.rmtree(folder)
            finally:
                os.close(lock)
