"""Files anywhere: paths of this machine, and URLs of every file system that fsspec knows (s3://, gs://, …).

A URL behaves as a path does, and what its service raises comes as an `OSError`, as from a disk.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlsplit

from mmquality.errors import InputFileError, MMQualityError
from mmquality.files import room_for, whole_file

if TYPE_CHECKING:
    from upath import UPath

Place: TypeAlias = "Path | UPath"
UNTOLD = -1  # the stamp of a file whose service does not say when it changed
_HERE = ("file", "local")
_OURS = (MMQualityError, OSError, ValueError, EOFError, zlib.error)  # that readers of files understand
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "Content-MD5")  # as services call a content's fingerprint


def place(given: str | Path | UPath) -> Place:
    """What a person names: a path, or a URL; `file://` is a path. Nothing is opened.

    Raises `InputFileError` where no package reads such URLs, or where one holds a password.
    """
    if not isinstance(given, str) or "://" not in given:
        return Path(given) if isinstance(given, str) else given
    protocol, _, rest = given.partition("://")
    if protocol in _HERE:
        return Path(rest)
    if urlsplit(given).password:
        raise InputFileError(
            f"A {protocol} address with a password in it would be stored and shown; give the password as "
            "fsspec's configuration or the service's environment variables."
        )
    from fsspec import get_filesystem_class
    from upath import UPath

    try:
        get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise InputFileError(f"{given} cannot be read here ({error}); install its package.") from error
    found: UPath = UPath(given)
    return found


def is_remote(where: Place) -> bool:
    """Whether it is a URL: slow to reach, and without links, owners and renames."""
    return not isinstance(where, Path)


@contextmanager
def as_from_a_disk(where: Place) -> Iterator[None]:
    """Inside, whatever the service of a URL raises becomes an `OSError`: each has errors of its own."""
    try:
        yield
    except _OURS:
        raise
    except Exception as error:
        if not is_remote(where):
            raise
        raise OSError(0, f"{type(error).__name__}: {error}", str(where)) from error


def below(root: UPath, parts: tuple[str, ...]) -> UPath | None:
    """The file that `parts` name below a URL; None where they hold what an address gives a meaning.

    None of `parts` is `..`. What an HTTP address would take for more than a name is escaped.
    """
    if any("::" in part for part in parts):  # fsspec's sign for a file system within another
        return None
    if root.protocol in ("http", "https"):
        parts = tuple(quote(part) for part in parts)
    found = root.joinpath(*parts)
    inside = str(found).startswith(str(root).rstrip("/") + "/") and ".." not in found.parts
    return found if inside and place(str(found)) == found else None


def read_bytes(where: Place, most: int | None = None) -> bytes:
    """A file's bytes, of a URL in one request and at most `most` of them. Raises `OSError`."""
    if isinstance(where, Path):
        return where.read_bytes()
    with as_from_a_disk(where):
        data: bytes = where.fs.cat_file(where.path, end=most)
        return data


def size_and_stamp(where: Place) -> tuple[int, int]:
    """What tells an unchanged file from a changed one: its bytes, and a number that changes with it.

    Of a path the time of its last change in nanoseconds; of a URL what its service tells of content or time,
    or `UNTOLD`: then the content has to be looked at. Raises `OSError`.
    """
    if isinstance(where, Path):
        info = where.stat()
        return info.st_size, info.st_mtime_ns
    with as_from_a_disk(where):
        told = where.fs.info(where.path)
        changed = next((told[tag] for tag in _TAGS if told.get(tag)), None) or _changed(where, told)
    digest = hashlib.sha256(str(changed).encode()).digest()
    return int(told.get("size") or 0), UNTOLD if changed is None else int.from_bytes(digest[:7])


def _changed(where: UPath, told: dict[str, Any]) -> object:
    if told.get("Last-Modified"):  # HTTP
        return told["Last-Modified"]
    try:
        return where.fs.modified(where.path)
    except (NotImplementedError, KeyError):
        return None


@contextmanager
def written(where: Place) -> Iterator[Path]:
    """A file of this machine to be written, which takes the place of `where` when the block ends well, whole.

    Raises `OSError`, `NoRoomError`.
    """
    if isinstance(where, Path):
        with whole_file(where) as unfinished:
            yield unfinished
        return
    with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
        unfinished = Path(folder) / where.name
        with room_for(unfinished):
            yield unfinished
        with as_from_a_disk(where):
            where.fs.put_file(str(unfinished), where.path)
