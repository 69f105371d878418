"""What an arm would have been clicked, by a log of other recommendations (counterfactual replay).

A log shows listing i under seed s with some chance q, at a place that is looked at with probability θ. Under
the examination hypothesis a click says something of the pair alone once that is divided out. With e the
examination that the arm would give the listing (θ of its place in the arm's list, 0 outside of it), each
impression weighs

    w = e / (q θ), at most `clip` times the mean of those that are not 0

    IPS    Σ w c / pages                        clicks on a page of the arm; unbiased where q and θ are right
    SNIPS  (Σ w c / Σ w θ) · Σ e                self-normalised: a factor that is wrong in every q cancels

over all impressions (Horvitz and Thompson 1952; Swaminathan and Joachims 2015; Li et al. 2018 for clicks by
place). Intervals: bootstrap over sessions. What no log shows cannot be told from one: `support` says how
much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from mmquality.clicks import Counts, position_rates

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Method = Literal["ips", "snips"]

CLIP = 10.0  # no impression counts more than this many average ones: a little bias for much less variance
_RESAMPLES = 500
_BATCH = 20  # resamples in memory at a time


@dataclass(frozen=True)
class Logged:
    """Impressions of a log, as an arm is held against them; m of them, on a number of pages in sessions."""

    session: Ints  # (m,) 0 … sessions − 1
    clicked: Doubles  # (m,) 0 or 1
    examined: Doubles  # (m,) θ of the place where it stood
    chance: Doubles  # (m,) q: how likely the log was to show it on this page
    target: Doubles  # (m,) e: θ of its place in the arm's list, 0 outside of it
    pages: Ints  # (sessions,) pages of each session

    def weights(self, clip: float = CLIP) -> Doubles:
        """w, (m,)."""
        weights = self.target / (self.chance * self.examined)
        some = weights[weights > 0]
        return np.minimum(weights, clip * some.mean()) if len(some) else weights


@dataclass(frozen=True)
class Replayed:
    """The clicks that a page of the arm would get, with a 95 % interval; how much that rests on."""

    clicks: float | None  # None where the log shows nothing of the arm
    low: float | None
    high: float | None
    impressions: int  # of the log that the arm would have shown, too
    effective: float  # as many impressions of equal weight would tell as much (Kish): (Σ w)² / Σ w²


def examination(shown: Counts, clicked: Counts) -> Doubles:
    """θ of each place, 1 for the best, from impressions and clicks by listing and place, (n, p) both.

    The position-based model, as the Clicks page fits it: place and listing together, so a logger that puts
    good listings on top is accounted for, as long as listings differ and not pairs. All ones without clicks.
    """
    rates = position_rates(shown, clicked)
    return rates / rates.max() if rates.any() else np.ones(len(rates))


def replay(logged: Logged, total: float, method: Method, clip: float = CLIP, seed: int = 0) -> Replayed:
    """What the log says of an arm.

    :param total: Σ e of a page of the arm, its mean over the log's pages
    """
    weights = logged.weights(clip)
    shared = int((logged.target > 0).sum())
    if not shared:
        return Replayed(None, None, None, 0, 0.0)
    sessions = len(logged.pages)
    clicks: Doubles = np.bincount(logged.session, weights * logged.clicked, sessions).astype(np.float64)
    seen: Doubles = np.bincount(logged.session, weights * logged.examined, sessions).astype(np.float64)
    below, factor = (logged.pages.astype(np.float64), 1.0) if method == "ips" else (seen, total)
    low, high = _interval(clicks, below, factor, seed)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Replayed(float(factor * clicks.sum() / below.sum()), low, high, shared, effective)


def _interval(above: Doubles, below: Doubles, factor: float, seed: int) -> tuple[float | None, float | None]:
    """The percentile interval of factor · Σ above / Σ below; sessions without either do not move it."""
    from scipy.stats import bootstrap  # half a second to import

    some = below > 0
    if some.sum() < 2:
        return None, None

    def ratio(above: Doubles, below: Doubles, axis: int) -> Doubles:
        return np.asarray(factor * above.sum(axis) / np.maximum(below.sum(axis), 1e-12))

    found = bootstrap(
        (above[some], below[some]), ratio, paired=True, vectorized=True, n_resamples=_RESAMPLES,
        batch=_BATCH, method="percentile", rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
