"""One process at a time where a file of the workspace is read, changed and written again."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from mmquality.config import Workspace


@contextmanager
def alone_in(workspace: Workspace) -> Iterator[None]:
    """Wait until no other process is in such a block of this workspace; a process that dies leaves it."""
    workspace.root.mkdir(parents=True, exist_ok=True)  # absent where the database is elsewhere
    with (workspace.root / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
