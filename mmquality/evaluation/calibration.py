"""Whether a score is a probability: reliability curve, expected calibration error, Brier score. Pure arrays.

A score is calibrated when, of the listings that score s, a share s is mismatched. A finite sample shows that
in bins only, and the bins matter: a ranking's scores crowd near 0, so bins of equal width leave nearly all
listings in the first one, while bins of equal mass look where the listings are. Bins are of equal mass here,
unless a function is asked for equal width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmquality.evaluation.proportion import proportion

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BINS = 15  # as Guo et al. take


@dataclass(frozen=True)
class ReliabilityBin:
    """The listings of one bin: what their scores say, and what was seen."""

    score: float  # the mean of their scores
    share: float  # of them that are mismatched
    low: float  # 95 % interval of the share (Wilson, 1927)
    high: float
    count: int


def reliability(
    score: Array, truth: Bools, bins: int = BINS, equal_width: bool = False
) -> list[ReliabilityBin]:
    """The reliability curve of scores (n,) in 0…1 against `truth` (n,), the lowest bin first.

    At most `bins` bins, none empty: of equal mass (equal scores share a bin, whatever their order), or of
    equal width 1/bins. No listing, no bin. Raises `ValueError` for a score that is no probability.
    """
    _check(score, truth)
    curve = []
    place = _equal_width(score, bins) if equal_width else _equal_mass(score, bins)
    for number in np.unique(place):
        rows = place == number
        seen = proportion(int(truth[rows].sum()), int(rows.sum()))
        assert seen is not None  # no bin is empty
        curve.append(ReliabilityBin(float(score[rows].mean()), seen.share, seen.low, seen.high, seen.count))
    return curve


def expected_calibration_error(
    score: Array, truth: Bools, bins: int = BINS, equal_width: bool = False
) -> float | None:
    """ECE = Σ_b (n_b / n) · |share_b − score_b|, of scores (n,) against `truth` (n,); None without listings.

    With bins of equal mass, as Naeini, Cooper and Hauskrecht (2015, "Obtaining Well Calibrated Probabilities
    Using Bayesian Binning") sort and partition the predictions; with `equal_width` as Guo et al. (2017, "On
    Calibration of Modern Neural Networks", eq. 3). Of a finite sample it is hardly ever 0, not even
    for a perfect score: the share of a bin of 100 listings at 10 % is off by 2.4 points on average.
    """
    return error_of(reliability(score, truth, bins, equal_width))


def error_of(curve: list[ReliabilityBin]) -> float | None:
    """The expected calibration error that a reliability curve amounts to; None for an empty one."""
    n = sum(b.count for b in curve)
    return sum(b.count * abs(b.share - b.score) for b in curve) / n if n else None


def brier_score(score: Array, truth: Bools) -> float | None:
    """Mean squared difference of scores (n,) and `truth` (n,), 0 is best (Brier, 1950); None without any."""
    _check(score, truth)
    return float(np.mean((score - truth) ** 2)) if len(score) else None


def _equal_mass(score: Array, bins: int) -> Ints:
    """The bin of each score: by its rank among all, equal ones by their mean rank."""
    if not len(score):
        return np.empty(0, dtype=np.int64)
    from scipy.stats import rankdata  # slow to import, and pages that show a curve seldom draw it themselves

    rank = rankdata(score, method="average") - 0.5  # 0.5 … n - 0.5
    return np.asarray(np.floor(rank * bins / len(score)), dtype=np.int64)


def _equal_width(score: Array, bins: int) -> Ints:
    return np.asarray(np.minimum(np.floor(score * bins), bins - 1), dtype=np.int64)


def _check(score: Array, truth: Bools) -> None:
    if score.shape != truth.shape:
        raise ValueError(f"{score.shape} scores do not fit {truth.shape} truths")
    if not ((score >= 0) & (score <= 1)).all():  # NaN is neither
        raise ValueError("a score outside 0…1 is no probability")
