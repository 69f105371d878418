"""Where a photo lies that a catalogue names: below its folder or URL, whatever the catalogue says."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from mmquality.anywhere import Place, below
from mmquality.data.photos import PhotoProblem

if TYPE_CHECKING:
    from upath import UPath


def resolve_photo(root: Place, image: str) -> Place:
    """The file that `image` (as written in a catalogue) names below the folder `root`; it need not exist.

    Both `/` and `\\` separate folders. Raises `PhotoProblem` where the name is empty, is an address or an
    absolute path, or leads out of `root`, be it through `..` or through a link.
    """
    return photos_below(root)(image)


def photos_below(root: Place) -> Callable[[str], Place]:
    """`resolve_photo` of one folder, whose own links are resolved once: that is half of the work."""
    if isinstance(root, Path):
        return partial(_resolve_below, os.path.realpath(root))
    return partial(_resolve_in_url, root)


def _resolve_below(folder: str, image: str) -> Path:
    path = Path(folder, *_parts(image))
    try:
        target = os.path.realpath(path)
    except ValueError as error:  # characters that no file name can hold
        raise PhotoProblem(image, "has no usable file name") from error
    if os.path.commonpath([folder, target]) != folder:
        raise PhotoProblem(image, "is a link that leads out of the folder of photos")
    return path


def _resolve_in_url(root: UPath, image: str) -> UPath:
    found = below(root, _parts(image))
    if found is None:
        raise PhotoProblem(image, "has a name that means something else in an address; rename the file")
    return found


def _parts(image: str) -> tuple[str, ...]:
    given = PureWindowsPath(image.strip())  # understands both separators and drive letters on every system
    if not given.name or "\0" in image:
        raise PhotoProblem(image, "has no usable file name")
    if "://" in image:
        raise PhotoProblem(image, "is a web address; download it into the folder of photos first")
    if given.anchor:
        raise PhotoProblem(image, "is an absolute path; it must be relative to the folder of photos")
    if ".." in given.parts:
        raise PhotoProblem(image, "leads out of the folder of photos")
    return given.parts
