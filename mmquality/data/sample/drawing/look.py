"""What a drawing function is told about the one item it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mmquality.data.sample.drawing.colours import RGB
from mmquality.data.sample.drawing.pen import Pen

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """One item: its style (one of its type's), its colours, its brand, and chance for everything smaller."""

    style: str
    pattern: str  # "plain" or one of `patterns.PATTERNS`
    colour: RGB  # what the title calls it
    second: RGB  # a colour beside it: soles, straps, trims
    brand: str
    rng: np.random.Generator

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def between(self, low: float, high: float) -> float:
        """A number in the range."""
        return float(self.rng.uniform(low, high))

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[int(self.rng.integers(len(choices)))]


Drawing = Callable[[Pen, Look], None]
