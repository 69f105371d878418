"""How far training is: each network's place in its steps, told by whatever process trains it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Progress(Protocol):
    """Called after each step of a network."""

    def __call__(self, steps: int, loss: float) -> object:
        """`steps` are done, `loss` is the mean one of the last epoch that ended; NaN in the first."""


Advance = Callable[[int, str], object]  # called with how many more steps are done, and a word on them
Stage = Callable[[str, int], AbstractContextManager[Advance]]  # told of a part of the work, and its steps


def untold(name: str, total: int) -> AbstractContextManager[Advance]:
    """The `Stage` of those to whom nobody listens."""
    return nullcontext(lambda more, note: None)


class Standing:
    """Where every network is: in a file, by which processes that train tell it to the one that speaks."""

    def __init__(
        self, folder: str, steps: Sequence[int], epochs: int, advance: Advance, there: Collection[int] = ()
    ) -> None:
        """`steps` of each network, in the order in which they begin; those that are `there` take none."""
        self._steps, self._epochs, self._advance = steps, epochs, advance
        np.save(_path(folder), np.full((len(steps), 2), [0, math.nan]))
        self._rows = _map(folder)
        # Told with the first step: the time remaining is reckoned from there.
        self._there = np.array([steps[n] if n in there else 0 for n in range(len(steps))], dtype=np.int64)
        self._told = 0

    def tell(self) -> None:
        """Advance by what was done since; beside it stands how far the last network to begin is."""
        done = self._rows[:, 0].astype(int)
        total = int((done + self._there).sum())
        if done.any() and total > self._told:
            self._advance(total - self._told, self._note(done))
            self._told = total

    def _note(self, done: npt.NDArray[np.int64]) -> str:
        number = int(np.flatnonzero(done)[-1])
        epoch = 1 + (done[number] - 1) * self._epochs // self._steps[number]
        loss = self._rows[number, 1]
        where = f"network {number + 1} of {len(done)}, epoch {epoch} of {self._epochs}"
        return where + ("" if math.isnan(loss) else f", loss {loss:.3f}")


def progress_of(folder: str, number: int) -> Progress:
    """Writes down in `folder`, where a `Standing` is, how far the network with this number is."""
    row = _map(folder)[number]

    def progress(steps: int, loss: float) -> None:
        row[:] = steps, loss

    return progress


def _map(folder: str) -> npt.NDArray[np.float64]:
    rows: npt.NDArray[np.float64] = np.load(_path(folder), mmap_mode="r+")
    return rows


def _path(folder: str) -> str:
    return os.path.join(folder, "standing.npy")
