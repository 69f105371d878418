"""Folders and files that appear whole or not at all: filled beside their place and then renamed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

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
        if target.exists():
            os.replace(target, old)
        os.replace(part, target)
        shutil.rmtree(old, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Put a file in the place of `path`; readers see the old one or the new one."""
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _clear_abandoned(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for pattern in (".*-*.part", ".*-*.old"):
        for left in folder.glob(pattern):
            with suppress(FileNotFoundError):  # another process was quicker
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(left, ignore_errors=True)
