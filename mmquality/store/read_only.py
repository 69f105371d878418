"""SQLite files that we may read and not write: somebody else's, or on a disk that is mounted so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from mmquality.errors import WorkspaceError


def is_read_only(url: URL) -> bool:
    """Whether the file is there, and it or its folder, where its log would be, may not be written to."""
    if url.get_backend_name() != "sqlite" or not url.database or not os.path.exists(url.database):
        return False
    return not all(os.access(place, os.W_OK) for place in (url.database, Path(url.database).parent))


def check_writable(url: URL) -> None:
    """Raises `WorkspaceError` where the database `is_read_only`."""
    if is_read_only(url):
        raise WorkspaceError(
            f"The database {url.database} may only be read here, and this would write to it; nothing was "
            "changed. Get permission to write to its folder and all in it, or copy that to where you have it."
        )


def open_to_read(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
    """Connect beside whoever writes, by his log; without one nobody has the file open, and it stays as it is.

    Even to read, SQLite would make a log, unless it is told that nothing changes
    (https://sqlite.org/wal.html#readonly).
    """
    file = Path(arguments[0]).absolute()
    how = "mode=ro" if os.path.exists(f"{file}-wal") else "immutable=1"
    arguments[0] = f"{file.as_uri()}?{how}"
    named["uri"] = True
