"""How well a score agrees with human verdicts where only few were given: AUC with an interval that holds."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """AUC: how often a mismatch scores above a match, ties half; `low` and `high` bound it at 95 %."""

    auc: float
    low: float
    high: float


def auc_with_interval(score: Array, positive: Bools, level: float = 0.95) -> Agreement | None:
    """AUC of `score` (n,) for `positive` (n,); None without a positive or without a negative.

    The interval is Newcombe's (2006, "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic", part 2, method 5): all θ with |AUC − θ| ≤ z √V(θ), where V is Hanley and McNeil's
    variance at θ itself, with the mean of both group sizes in its terms. Unlike an interval around the
    estimate, it does not shrink to a point where a handful of verdicts happen to agree perfectly.
    """
    from scipy.optimize import brentq  # slow to import, and only few pages ask for an agreement
    from scipy.stats import rankdata

    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    ranks = rankdata(score)
    auc = (ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives)
    z = NormalDist().inv_cdf((1 + level) / 2)

    def gap(theta: float) -> float:
        return float((auc - theta) ** 2 - z**2 * _variance(theta, positives, negatives))

    inside = 1e-9  # at 0 and 1 themselves the variance is none, and the gap too
    low = float(brentq(gap, 0.0, min(auc, 1 - inside))) if auc > 0 else 0.0
    high = float(brentq(gap, max(auc, inside), 1.0)) if auc < 1 else 1.0
    return Agreement(float(auc), low, high)


def _variance(theta: float, positives: int, negatives: int) -> float:
    others = (positives + negatives) / 2 - 1
    spread = 1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta)
    return theta * (1 - theta) * spread / (positives * negatives)
