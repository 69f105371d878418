"""Folders and files that appear whole or not at all: filled beside their place and then renamed.

What is renamed has reached the disk before, and the new name does before anything builds on it: a power cut
leaves the old content or the new one.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

UNFINISHED = (".*-*.part", ".*-*.old")  # how folders are named that killed processes leave behind
_ABANDONED = 24 * 60 * 60  # seconds after which an unfinished folder is nobody's any more


@contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """A hidden folder beside `target` for the block to fill and rename; gone at the end where it did not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(target.parent)
    part = target.with_name(f".{target.name}-{uuid4().hex}.part")
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder that takes the place of `target` when the block ends without an error, and not before."""
    with unfinished_folder(target) as part:
        yield part
        old = part.with_suffix(".old")
        to_disk(part)
        if target.exists():
            os.replace(target, old)
        os.replace(part, target)
        name_to_disk(target)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A file for the block to write, which takes the place of `target` when it ends without an error."""
    part = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        yield part
        to_disk(part)
        os.replace(part, target)
        name_to_disk(target)
    finally:
        part.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Put a file in the place of `path`; readers see the old one or the new one."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk."""
    if path.is_dir():
        for inside in path.iterdir():
            to_disk(inside)
    _flush(path)


def name_to_disk(path: Path) -> None:
    """Wait until the disk knows a file or folder by its name."""
    _flush(path.parent)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _clear_abandoned(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for pattern in UNFINISHED:
        for left in folder.glob(pattern):
            with suppress(FileNotFoundError):  # another process was quicker
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)
