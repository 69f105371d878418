"""What verdicts say of a threshold: how many flagged listings are mismatches, and how many are missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.evaluation.proportion import Proportion, proportion

Doubles = npt.NDArray[np.float64]

_DRAWS = 4_000
_LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A share of something that was only sampled, with its 95 % interval."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimates:
    """Shares with their intervals; each is None where no verdict speaks of it."""

    precision: Proportion | None  # mismatches among the flagged, of all verdicts …
    control_precision: Proportion | None  # … and of those on control cases
    prevalence: Estimate | None  # mismatches in the catalogue
    missed: Estimate | None  # of them, those that are not flagged
    controls: int  # control cases judged


def estimates(judged: pd.DataFrame, threshold: float, listings: int) -> Estimates:
    """What `judged` (score, mismatch, control; see `SummaryStore.judged_scores`) says of a threshold 0…1.

    Verdicts are mostly given from the top of the ranking down, which flatters the precision. Control cases
    are drawn at random from the listings not yet labelled. So the catalogue of `listings` has two parts: what
    was judged for other reasons is known, and control cases are a random sample of all the rest.
    """
    flagged = judged["score"] >= threshold
    mismatch, control = judged["mismatch"], judged["control"]
    known, sampled = _cells(judged[~control], threshold), _cells(judged[control], threshold)
    prevalence, missed = _of_catalogue(known, sampled, listings) if sampled.any() else (None, None)
    return Estimates(
        precision=_share(mismatch, flagged),
        control_precision=_share(mismatch, flagged & control),
        prevalence=prevalence,
        missed=missed,
        controls=int(control.sum()),
    )


def _share(hits: pd.Series[bool], among: pd.Series[bool]) -> Proportion | None:
    return proportion(int((hits & among).sum()), int(among.sum()))


def _cells(judged: pd.DataFrame, threshold: float) -> Doubles:
    """How many mismatches below the threshold, mismatches flagged, and matches."""
    below, mismatch = judged["score"] < threshold, judged["mismatch"]
    return np.array([(mismatch & below).sum(), (mismatch & ~below).sum(), (~mismatch).sum()], dtype=float)


def _of_catalogue(known: Doubles, sampled: Doubles, listings: int) -> tuple[Estimate, Estimate | None]:
    """The share of mismatches, and the share of them that is missed.

    The intervals are those of the posterior of the three cells' shares under Jeffreys' prior (Brown, Cai and
    DasGupta 2001, "Interval Estimation for a Binomial Proportion"), whose draws are the same in every run.
    """
    rest = max(listings - known.sum(), 0)
    shares = np.random.default_rng(0).dirichlet(sampled + 0.5, _DRAWS)
    missed, caught, _ = known + rest * sampled / sampled.sum()
    drawn_missed, drawn_caught, _ = (known + rest * shares).T
    total = max(listings, known.sum())
    prevalence = _estimate((missed + caught) / total, (drawn_missed + drawn_caught) / total)
    if not missed + caught:
        return prevalence, None
    return prevalence, _estimate(missed / (missed + caught), drawn_missed / (drawn_missed + drawn_caught))


def _estimate(share: float, drawn: Doubles) -> Estimate:
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Estimate(float(share), float(min(low, share)), float(max(high, share)))
