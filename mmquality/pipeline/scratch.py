"""Room on the workspace's disk for arrays that are too long for memory, as long as some work goes on."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import numpy.typing as npt

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.locking import alone_in
from mmquality.rows import New, Stored


@contextmanager
def scratch(workspace: Workspace) -> Iterator[New]:
    """Gives room for new arrays, which are gone when the block ends; what killed processes left goes first.

    Where the disk is full, that is a `WorkspaceError`.
    """
    with alone_in(workspace):
        workspace.scratch.mkdir(exist_ok=True)
        _clear(workspace.scratch)
        folder = Path(mkdtemp(dir=workspace.scratch))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go of when this process ends, however it ends
    number = count()

    def new(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Stored:
        try:
            return Stored.create(folder / f"{next(number)}.npy", shape, dtype)
        except OSError as error:
            size = math.prod(shape) * np.dtype(dtype).itemsize
            raise WorkspaceError(
                f"{workspace.scratch} has no room for {size / 1e9:.1f} GB ({error.strerror}). Make room "
                "on that disk and run it again; nothing was changed."
            ) from error

    try:
        yield new
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _clear(place: Path) -> None:
    """Remove the folders that no process holds."""
    for folder in place.iterdir():
        with suppress(OSError):  # held; or its process ended just now and has removed it
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)
