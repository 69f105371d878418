"""Work that tests send to other processes, which load no more for it than this file, so they start soon."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmquality.engine import Tell
from mmquality.errors import EncoderError


class Squares:
    """Squares of numbers; some are refused, some kill."""

    def __init__(
        self, refused: int = -1, deadly: int = -1, victim: Path | None = None, ballast: bytes = b""
    ) -> None:
        self.refused, self.deadly, self.victim, self.ballast = refused, deadly, victim, ballast

    def __call__(self, block: np.ndarray, tell: Tell) -> np.ndarray:
        if self.refused in block:
            raise EncoderError(f"{self.refused} has no square; leave it out.")
        if self.deadly in block:
            if self.victim is None:
                os._exit(1)
            stay_to_be_killed(self.victim)
        tell(len(block))
        return block**2


def stay_to_be_killed(victim: Path) -> None:
    """The first process that comes here writes its number down and waits; the others go on."""
    try:
        with victim.open("x") as file:
            file.write(f"{os.getpid()}\n")
    except FileExistsError:
        return
    time.sleep(60)


class SlowTitles:
    """Length and first letter; whoever first meets the third title waits to be killed."""

    id, dim = "slow-titles", 2

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def encode(self, titles: Sequence[str], progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        if "Title of L3" in titles:
            stay_to_be_killed(self._victim)
        return np.array([[len(title), ord(title[-1])] for title in titles], dtype=np.float32)


class Colours:
    """A photo's mean colour."""

    id, dim, side = "colours", 3, 8

    def encode(self, photos: Iterable[Any], progress: Any = None, total: int = 0) -> np.ndarray:
        return np.array([np.asarray(photo()).mean(axis=(0, 1)) for photo in photos], dtype=np.float32)
