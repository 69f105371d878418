"""A share that was counted on a few cases, with the interval that so few cases leave it."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import binomtest


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
    """The share with the interval of Wilson (1927), which holds for few cases; None without a case."""
    if not count:
        return None
    interval = binomtest(hits, count).proportion_ci(level, method="wilson")
    return Proportion(hits, count, float(interval.low), float(interval.high))
