"""A test that may be looked at as often as one likes, and stopped whenever it says enough.

The p-value of a fixed sample size is wrong for whoever looks every day and stops at the first 5 %: so done, a
third of the experiments in which nothing differs "finds" something. A confidence sequence is an interval for
each number of visitors that holds for all of them at once (Robbins 1970; here the asymptotic one of
Waudby-Smith et al. 2024, as the package `ville` computes it).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.experiments.lift import ALPHA

Doubles = npt.NDArray[np.float64]

_POINTS = 60  # of a course that are kept, evenly spread
FEWEST = 200  # visitors before the first look: the sequence is asymptotic


@dataclass(frozen=True)
class Course:
    """How the difference in clicks per visitor between an arm and the control looked, visitor by visitor."""

    arm: str
    visitors: list[int]  # of both arms, so far
    difference: list[float]
    low: list[float]  # of the sequence: it covers the truth at every number of visitors at once, 95 %
    high: list[float]
    decided_after: int | None  # visitors after which it first left out 0; None: never
    stopped: float | None  # the difference then


def watch(outcomes: pd.DataFrame, arm: str, control: str) -> Course | None:
    """The course of `arm` against `control`; rows of `outcomes` (arm, clicks) are in the order of coming.

    None with fewer than `FEWEST` visitors of both.
    """
    both = outcomes[outcomes["arm"].isin([arm, control])]
    if len(both) <= FEWEST:
        return None
    treated = both["arm"].eq(arm).to_numpy()
    estimate, low, high = sequence(both["clicks"].to_numpy(np.float64), treated)
    decided = first_decided(low, high)
    shown = np.unique(np.linspace(FEWEST - 1, len(both) - 1, _POINTS).astype(int))
    told = (estimate[shown].tolist(), low[shown].tolist(), high[shown].tolist())
    stopped = None if decided is None else float(estimate[decided - 1])
    return Course(arm, (shown + 1).tolist(), *told, decided, stopped)


def sequence(
    outcome: Doubles, treated: npt.NDArray[np.bool_], alpha: float = ALPHA
) -> tuple[Doubles, Doubles, Doubles]:
    """Difference of the means and its confidence sequence after each visitor, three times (n,).

    Each visitor was treated with probability ½. The sequence is infinitely wide before `FEWEST` visitors.
    """
    from ville import AsymptoticABTest  # scipy.stats behind it takes a second

    test = AsymptoticABTest(alpha=alpha, t_opt=max(len(outcome) // 2, 1), min_samples=FEWEST)
    test.fit(outcome, treated.astype(np.float64))
    return test.estimate_, test.lower_, test.upper_


def first_decided(low: Doubles, high: Doubles) -> int | None:
    """After how many visitors the sequence first leaves out 0."""
    found = np.flatnonzero((low > 0) | (high < 0))
    return int(found[0]) + 1 if len(found) else None
