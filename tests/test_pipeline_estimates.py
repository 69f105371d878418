"""Precision, prevalence and misses at a threshold, from verdicts given top-down and on control cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from mmquality.evaluation.proportion import proportion
from mmquality.pipeline.estimates import estimates

COLUMNS = ["score", "mismatch", "control"]
LISTINGS, MISMATCHED = 20_000, 0.1


def judged(*rows: tuple[float, bool, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).astype({"mismatch": bool, "control": bool})


@given(hits=st.integers(0, 50), others=st.integers(0, 50))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_proportions_interval_holds_wilsons_two_roots(hits: int, others: int) -> None:
    """Wilson: all p with |share − p| ≤ z √(p (1 − p) / n)."""
    found = proportion(hits, hits + others)
    if found is None:
        assert hits + others == 0
        return
    assert found.share == hits / (hits + others) and found.low <= found.share <= found.high
    for end in (found.low, found.high):
        if 0 < end < 1:
            gap = 1.959964 * (end * (1 - end) / found.count) ** 0.5
            assert abs(found.share - end) == pytest.approx(gap, abs=1e-6)


def test_without_verdicts_nothing_is_known() -> None:
    found = estimates(judged(), 0.5, 1000)
    assert (found.precision, found.prevalence, found.missed, found.controls) == (None, None, None, 0)


def test_precision_counts_the_flagged_verdicts() -> None:
    rows = [
        (0.9, True, False),
        (0.5, False, True),
        (0.49, True, True),
        (0.7, True, True),
        (0.2, False, False),
    ]
    found = estimates(judged(*rows), 0.5, 1000)
    assert found.precision == proportion(2, 3)
    assert found.control_precision == proportion(1, 2)
    assert found.controls == 3


def test_without_control_cases_the_catalogue_stays_unknown() -> None:
    found = estimates(judged((0.9, True, False), (0.1, False, False)), 0.5, 1000)
    assert found.prevalence is None and found.missed is None and found.precision is not None


def test_from_control_cases_alone_the_interval_is_jeffreys() -> None:
    rows = [(0.9, True, True)] * 6 + [(0.1, True, True)] * 2 + [(0.1, False, True)] * 72
    found = estimates(judged(*rows), 0.5, 100_000)
    assert found.prevalence is not None and found.missed is not None
    assert found.prevalence.share == pytest.approx(8 / 80)
    assert found.missed.share == pytest.approx(2 / 8)
    exact = beta(8 + 1, 72 + 0.5).ppf([0.025, 0.975])  # of two cells with ½ each
    assert (found.prevalence.low, found.prevalence.high) == pytest.approx(tuple(exact), abs=0.01)


def test_control_cases_without_a_mismatch_leave_misses_open() -> None:
    found = estimates(judged(*[(0.1, False, True)] * 50), 0.5, 1000)
    assert found.missed is None
    assert found.prevalence is not None and found.prevalence.share == 0 < found.prevalence.high < 0.1


def test_what_was_reviewed_from_the_top_does_not_count_as_missed() -> None:
    """Once all flagged listings are judged, every control case lies below; most are caught all the same."""
    top = [(0.9, True, False)] * 90 + [(0.9, False, False)] * 10
    below = [(0.1, True, True)] + [(0.1, False, True)] * 99
    found = estimates(judged(*top, *below), 0.5, 1100)
    assert found.prevalence is not None and found.missed is not None
    assert found.prevalence.share == pytest.approx((90 + 10) / 1100)
    assert found.missed.share == pytest.approx(10 / 100)


def test_a_catalogue_judged_to_the_last_listing_is_known_exactly() -> None:
    rows = [(0.9, True, False), (0.1, True, False), (0.1, False, False), (0.1, False, True)]
    found = estimates(judged(*rows), 0.5, 3)  # more verdicts than listings: some were taken out since
    assert found.prevalence is not None
    assert found.prevalence.low == found.prevalence.share == found.prevalence.high == pytest.approx(2 / 3)


def test_intervals_hold_the_truth_where_verdicts_come_from_the_top_down() -> None:
    """Twenty catalogues: 1,000 judged from the top, then 400 control cases from the rest."""
    rng = np.random.default_rng(5)
    held = {"prevalence": 0, "missed": 0}
    for _ in range(20):
        mismatch = rng.random(LISTINGS) < MISMATCHED
        score = np.where(mismatch, rng.beta(3, 2, LISTINGS), rng.beta(1, 6, LISTINGS))
        order = np.argsort(-score)
        control = rng.choice(order[1000:], 400, replace=False)
        rows = np.concatenate([order[:1000], control])
        said = pd.DataFrame({"score": score[rows], "mismatch": mismatch[rows]})
        said["control"] = np.arange(len(rows)) >= 1000
        found = estimates(said, 0.5, LISTINGS)
        truth = {"prevalence": mismatch.mean(), "missed": (score[mismatch] < 0.5).mean()}
        for name, value in truth.items():
            estimate = getattr(found, name)
            held[name] += estimate.low <= value <= estimate.high
    assert min(held.values()) >= 17  # 19 of 20 in the long run
