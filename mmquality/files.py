"""Files that appear whole or not at all: written beside their place, and then renamed.

What is renamed has reached the disk before, and the new name does before anything builds on it: a power cut
leaves the old content or the new. A disk that is full leaves the old. Who may read it is for the umask to
say, whatever the library that wrote it thinks. Whole folders: `pipeline.folders`. What may not be written is
said before the work.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from mmquality.errors import MMQualityError, NoRoomError, WorkspaceError
from mmquality.records import size_in_words

UNFINISHED = (".*-*.part", ".*-*.old")  # how files and folders are named that killed processes leave behind
_ABANDONED = 24 * 60 * 60  # seconds after which they are nobody's any more
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOTHING = 64 * 1024  # bytes free, of which a library that names no reason could not write what it had


def part_of(path: Path) -> Path:
    """A name of one's own beside `path`, for what shall be renamed to it once it is whole."""
    return path.with_name(f".{path.name}-{uuid4().hex}.part")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file for the block to write; it takes the place of `path` when the block ends without an error.

    Readers see the old one or the new one, and who has mapped the old one keeps it. Raises `NoRoomError`.
    """
    clear_abandoned(path.parent)
    part = part_of(path)
    try:
        with named(path, part), room_for(path):
            yield part
            to_disk(part)
            os.replace(part, path)
            name_to_disk(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def named(path: Path, part: Path) -> Iterator[None]:
    """Inside, an error that names `part` names `path` instead, which is what somebody asked for."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and str(error.filename) == str(part):
            error.filename = str(path)
        raise


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Inside, whatever a library raises because the disk of `path` is full becomes a `NoRoomError`."""
    try:
        yield
    except MMQualityError:
        raise
    except Exception as error:
        if not is_full(error, path.parent):
            raise
        raise NoRoomError(
            f"{path} could not be written: its disk is full. Make room there, then run the same command "
            "again; what was there is as it was."
        ) from error


def is_full(error: Exception, folder: Path) -> bool:
    """Whether the disk is why: some libraries tell it in words alone, NumPy not at all."""
    words = (os.strerror(errno.ENOSPC), "disk is full")  # the latter: SQLite's
    if getattr(error, "errno", None) in _FULL or any(told in str(error) for told in words):
        return True
    return shutil.disk_usage(folder).free < _NOTHING


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk, for all to read whom the umask
    lets."""
    if path.is_dir():
        for inside in list(path.iterdir()):
            to_disk(inside)
    else:
        _let_read(path)
    _flush(path)


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in. Raises `WorkspaceError`, which names a file that is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        above = (folder, *folder.parents)
        file = next((path for path in above if os.path.lexists(path) and not path.is_dir()), None)
        why = f"{file} is a file. Move it away, or name another place" if file else f"{error.strerror}"
        raise WorkspaceError(f"The folder {folder} cannot be made: {why}.") from error


def check_writable(*places: Path) -> None:
    """Raises `WorkspaceError` where one of these that is there may only be read: asked before the work, not
    found out after it."""
    for place in places:
        if place.exists() and not os.access(place, os.W_OK):
            raise not_writable(place)


def check_room(folder: Path, size: int) -> None:
    """Raises `NoRoomError` where the disk of a folder has fewer than `size` bytes free."""
    if shutil.disk_usage(folder).free < size:
        raise NoRoomError(
            f"{folder} has no room for {size_in_words(size)}: its disk is full. Make room there, then run "
            "the same command again; nothing was changed."
        )


def not_writable(place: Path, why: str = "") -> WorkspaceError:
    """What is said where a folder or file of a workspace may not be written to."""
    because, folder = f" ({why})" if why else "", "it" if place.is_dir() else place.parent
    return WorkspaceError(
        f"{place} may not be written to{because}; nothing was changed. Get permission to write to {folder} "
        "and all in it, or copy it to where you have it."
    )


def name_to_disk(path: Path) -> None:
    """Wait until the disk knows a file or folder by its name."""
    _flush(path.parent)


@cache  # once in a process is enough, and a folder may hold very many
def clear_abandoned(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for left in (left for pattern in UNFINISHED for left in folder.glob(pattern)):
        with suppress(FileNotFoundError):  # another process was quicker
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()


def _let_read(path: Path) -> None:
    """Some libraries (safetensors) make a file for its owner alone; let it have the mode that others have."""
    if path.stat().st_mode & 0o077:
        return
    usual = part_of(path)
    usual.touch()  # asking for the umask would change it for a moment, for other threads, too
    try:
        path.chmod(stat.S_IMODE(usual.stat().st_mode))
    finally:
        usual.unlink()


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
