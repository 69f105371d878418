"""Work for other processes to do in tests: a worker imports the whole file that its work is in."""

from __future__ import annotations

import os
import time


def holding(megabytes: int) -> int:
    """Hold so much memory for a moment; the process that did."""
    held = bytearray(b"1") * (megabytes * 1_000_000)
    time.sleep(0.4)
    return os.getpid() if held else 0


def failing() -> None:
    """Raise."""
    raise ValueError("this one fails")


def killed() -> None:
    """End as for want of memory."""
    os.kill(os.getpid(), 9)
