"""A share that was counted on a few cases, with the interval that so few cases leave it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Proportion:
    """`hits` of `count` cases: their share, and `low` and `high` that bound the true one at 95 %."""

    hits: int
    count: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share that was counted, 0…1."""
        return self.hits / self.count


def proportion(hits: int, count: int, level: float = 0.95) -> Proportion | None:
    """The share with the interval of Wilson (1927), which holds for few cases; None without a case.

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n); written out, as pages would wait for scipy.
    """
    if not count:
        return None
    z, p = NormalDist().inv_cdf((1 + level) / 2), hits / count
    middle, half = p + z * z / (2 * count), z * sqrt(p * (1 - p) / count + (z / (2 * count)) ** 2)
    low, high = ((middle + side * half) / (1 + z * z / count) for side in (-1, 1))
    return Proportion(hits, count, low if hits else 0.0, high if hits < count else 1.0)
