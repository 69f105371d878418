"""How much better an arm did than the control, in rates per recommendation shown; intervals by visitor.

Visitors are what was dealt to the arms, and a visitor's views are not independent. So a rate (clicks of all
visitors over views of all visitors) is a ratio of means over visitors, and its variance follows from the
delta method (Deng, Knoblich and Lu 2018), as tea-tasting computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

METRICS = {"ctr": "clicks", "ptr": "purchases"}  # clicks and purchases per recommendation shown
POWER, ALPHA = 0.8, 0.05


@dataclass(frozen=True)
class Lift:
    """One arm against the control in one metric; None where a group has no such event."""

    arm: str
    metric: str  # a key of `METRICS`
    rate: float
    control: float
    lift: float | None = None  # rate / control − 1, …
    low: float | None = None  # … with its 95 % interval
    high: float | None = None
    p_value: float | None = None  # at the sample size planned: looking earlier needs `watch`


def lifts(outcomes: pd.DataFrame, control: str) -> list[Lift]:
    """Every other arm against `control`; `outcomes` has a row for each visitor (`visitors.simulate`)."""
    groups = dict(tuple(outcomes.groupby("arm")))
    return [
        _lift(groups[arm], groups[control], str(arm), metric)
        for metric in METRICS
        for arm in groups
        if arm != control
    ]


def _lift(treated: pd.DataFrame, control: pd.DataFrame, arm: str, metric: str) -> Lift:
    event = METRICS[metric]
    rates = [float(group[event].sum() / group["views"].sum()) for group in (treated, control)]
    if not min(rates):
        return Lift(arm, metric, *rates)
    found = _ratio(event).analyze_aggregates(_aggregates(control, event), _aggregates(treated, event))
    interval = (found.rel_effect_size_ci_lower, found.rel_effect_size_ci_upper, found.pvalue)
    return Lift(arm, metric, *rates, *map(float, (found.rel_effect_size, *interval)))


def visitors_needed(control: pd.DataFrame, metric: str, lift: float) -> int | None:
    """Visitors in each arm for `lift` (0.05 = 5 %) to be found 4 times in 5 at the 5 % level, two-sided.

    Rates and their spread are those of `control`, the visitors of one arm. None without a single event.
    """
    event = METRICS[metric]
    if not control[event].sum():
        return None
    planned = _ratio(event, rel_effect_size=lift, power=POWER, alpha=ALPHA)
    found = planned.solve_power_from_aggregates(_aggregates(control, event), "n_obs")
    return int(-(-found[0].n_obs // 2))


def _ratio(event: str, **planned: float) -> Any:
    from tea_tasting.metrics import (
        RatioOfMeans,
    )  # seconds to import

    return RatioOfMeans(event, "views", use_t=False, equal_var=False, **planned)


def _aggregates(group: pd.DataFrame, event: str) -> Any:
    from tea_tasting.aggr import Aggregates

    values = group[[event, "views"]].to_numpy(np.float64)
    means, covariance = values.mean(axis=0), np.cov(values.T)
    names = (event, "views")
    return Aggregates(
        len(values),
        dict(zip(names, means.tolist(), strict=True)),
        dict(zip(names, covariance.diagonal().tolist(), strict=True)),
        {names: float(covariance[0, 1])},
    )
