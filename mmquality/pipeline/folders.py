"""Folders that appear whole or not at all: filled beside their place, then renamed, as `files.py` has it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmquality.files import (
    clear_abandoned,
    make_folder,
    name_to_disk,
    named,
    part_of,
    room_for,
    to_disk,
    whole_file,
)


@contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """A hidden folder beside `target` for the block to fill and rename; gone at the end where it did not.

    Raises `NoRoomError` where the disk is full.
    """
    with room_for(target):
        make_folder(target.parent)
        clear_abandoned(target.parent)
        part = part_of(target)
        with named(target, part):
            part.mkdir()
        try:
            with room_for(target):  # asked before the folder is gone: then there would be room
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


def replace_text(path: Path, text: str) -> None:
    """Put a file in the place of `path`; readers see the old one or the new one."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
