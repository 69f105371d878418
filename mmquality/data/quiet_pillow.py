"""Pillow and its libtiff, kept quiet: what they raise says of every file whether it can be used."""

from __future__ import annotations

import ctypes
import re
import threading
import warnings
from functools import lru_cache

from PIL import _imaging

_LOCK = threading.Lock()


def hush_pillow() -> None:
    """Keep what they say beside their exceptions (damaged EXIF, many pixels, damaged TIFFs) from the caller.

    `warnings.catch_warnings` is not safe in threads, so one filter for Pillow's modules is added and stays.
    """
    ours = ("ignore", None, Warning, re.compile(r"PIL\."), 0)
    with _LOCK:
        if ours not in warnings.filters:
            warnings.filterwarnings("ignore", module=r"PIL\.")
        _hush_libtiff()


@lru_cache(maxsize=1)
def _hush_libtiff() -> None:
    """Take libtiff's writer to standard error away, in the one library that Pillow was linked with.

    Where that cannot be reached from here, as in a static build, it goes on writing beside our sentence.
    """
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError):
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    set_handler(None)
