"""SQLite files that we may read and not write, or not even read: somebody else's, or on a disk mounted so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from mmquality.errors import WorkspaceError


def written_with(url: URL) -> tuple[Path, ...]:
    """What a database is written to with: its folder, where the log is, and its file. None where it is not a
    file, or not there yet."""
    if url.get_backend_name() != "sqlite" or not url.database or not os.path.exists(url.database):
        return ()
    return Path(url.database).parent, Path(url.database)


def is_read_only(url: URL) -> bool:
    """Whether the database is there, and may not be written to."""
    return not all(os.access(place, os.W_OK) for place in written_with(url))


def check_readable(file: Path) -> None:
    """Raises `WorkspaceError` where a database, or the log that lies beside it, may not be read."""
    for part in (file, *(Path(f"{file}{ending}") for ending in ("-wal", "-shm"))):
        if _is_there(part) and not os.access(part, os.R_OK):
            raise WorkspaceError(
                f"{part} may not be read here: no permission. Get it for all in {file.parent}, to write as "
                "well where you mean to work there."
            )


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:  # the folder keeps it to itself
        return True


def open_to_read(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
    """Connect beside whoever writes, by his log; without one nobody has the file open, and it stays as it is.

    Even to read, SQLite would make a log, unless it is told that nothing changes
    (https://sqlite.org/wal.html#readonly).
    """
    file = Path(arguments[0]).absolute()
    how = "mode=ro" if os.path.exists(f"{file}-wal") else "immutable=1"
    arguments[0] = f"{file.as_uri()}?{how}"
    named["uri"] = True
