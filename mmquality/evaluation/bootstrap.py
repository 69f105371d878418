"""How sure a figure is: bootstrap intervals over listings or queries, mean and spread over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RESAMPLES = 500
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and the bootstrap interval around it; None where the figure is not defined."""

    value: float | None
    low: float | None
    high: float | None


def average_precision_interval(
    scores: Doubles, truth: Bools, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Average precision with its 95 % interval: listings are drawn anew, with replacement.

    `scores` is (n,), or (seeds, n) for the mean over seeds. Resamples in which every listing, or none, is a
    mismatch say nothing and are left out.
    """
    rankings = np.atleast_2d(scores)
    return _interval(rankings, np.full(len(rankings), 1 / len(rankings)), truth, resamples, seed)


def average_precision_gain(
    before: Doubles, after: Doubles, truth: Bools, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Average precision of the scores `after` less that of `before`, both (n,), with its 95 % interval.

    Each resample is the same listings for both: what they have in common cancels.
    """
    return _interval(np.stack([before, after]), np.array([-1.0, 1.0]), truth, resamples, seed)


def _interval(scores: Doubles, factors: Doubles, truth: Bools, resamples: int, seed: int) -> Interval:
    """Σ_s factors_s · AP of scores[s], and its interval over listings; `scores` is (s, n)."""
    if not 0 < truth.sum() < len(truth):
        return Interval(None, None, None)
    rankings = [_Ranking.of(score, truth) for score in scores]

    def combined(weight: Doubles) -> float | None:
        found = [ranking.average_precision(weight) for ranking in rankings]
        return None if None in found else float(factors @ np.array(found, dtype=np.float64))

    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(resamples):
        # How often each listing is drawn is all that a resample changes; the rankings stay.
        weight = np.bincount(rng.integers(0, len(truth), len(truth)), minlength=len(truth))
        if (value := combined(weight.astype(np.float64))) is not None:
            drawn.append(value)
    return Interval(combined(np.ones(len(truth))), *_limits(np.array(drawn)))


def mean_interval(values: Doubles, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The mean of `values` (n,), such as the recall of each query, with its 95 % interval."""
    if not len(values):
        return Interval(None, None, None)
    rng = np.random.default_rng(seed)
    drawn = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)]
    return Interval(float(values.mean()), *_limits(np.array(drawn)))


def mean_and_spread(values: list[float]) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation over seeds; no spread of one seed, nothing of none."""
    if not values:
        return None, None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


@dataclass(frozen=True)
class _Ranking:
    """One seed's ranking, worst first. Recall rises at mismatches only: precision is needed there alone."""

    order: Ints  # (n,) rows
    hits: Ints  # (m,) the places of the mismatches
    ends: Ints  # (m,) the last place of those with the same score …
    lasts: Ints  # (m,) … and which of the m is the last that has it

    @classmethod
    def of(cls, score: Doubles, truth: Bools) -> _Ranking:
        order = np.argsort(-score, kind="stable")
        hits, falling = np.flatnonzero(truth[order]), -score[order]
        ends = np.searchsorted(falling, falling[hits], "right") - 1
        return cls(order, hits, ends, np.searchsorted(hits, ends, "right") - 1)

    def average_precision(self, weight: Doubles) -> float | None:
        """Σ (R_k − R_{k−1}) P_k over the distinct scores; each listing counts `weight` (n,) times."""
        ranked = weight[self.order]
        seen, of_hits = np.cumsum(ranked), ranked[self.hits]
        found = np.cumsum(of_hits)
        if not 0 < found[-1] < seen[-1]:
            return None
        # A listing that was not drawn weighs nothing; what none above it has, precision of nothing, neither.
        precision = found[self.lasts] / np.maximum(seen[self.ends], 1)
        return float(of_hits @ precision / found[-1])


def _limits(drawn: Doubles) -> tuple[float | None, float | None]:
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
