"""How sure a figure is: bootstrap intervals over listings or queries, mean and spread over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RESAMPLES = 1_000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure and the bootstrap interval around it; None where the figure is not defined."""

    value: float | None
    low: float | None
    high: float | None


def average_precision_interval(
    score: Doubles, truth: Bools, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Average precision of scores (n,) with its 95 % interval: listings are drawn anew, with replacement.

    Resamples in which every listing, or none, is a mismatch say nothing and are left out.
    """
    if not 0 < truth.sum() < len(truth):
        return Interval(None, None, None)
    rng = np.random.default_rng(seed)
    order = np.argsort(-score, kind="stable")
    ranked, tied = truth[order], score[order]
    ends = np.flatnonzero(np.append(tied[1:] != tied[:-1], True))  # the last place of each distinct score
    once = _weighted_average_precision(np.ones(len(ranked)), ranked, ends)
    drawn = []
    for _ in range(resamples):
        # How often each listing is drawn is all that a resample changes; the order stays.
        weight = np.bincount(rng.integers(0, len(ranked), len(ranked)), minlength=len(ranked))
        found = _weighted_average_precision(weight.astype(np.float64), ranked, ends)
        if found is not None:
            drawn.append(found)
    return Interval(once, *_limits(np.array(drawn)))


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


def _weighted_average_precision(weight: Doubles, ranked: Bools, ends: npt.NDArray[np.int64]) -> float | None:
    """Σ (R_k − R_{k−1}) P_k over the distinct scores, worst first; each listing counts `weight` times."""
    hits = np.cumsum(weight * ranked)[ends]
    if not 0 < hits[-1] < weight.sum():
        return None
    seen = np.cumsum(weight)[ends]
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    return float((np.diff(hits, prepend=0) * precision).sum() / hits[-1])


def _limits(drawn: Doubles) -> tuple[float | None, float | None]:
    if not len(drawn):
        return None, None
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
