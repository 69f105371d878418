"""What a click log says of one listing, freed from where on the page it stood: counts in, arrays out.

Few clicks have many causes. A listing that stood deep on the page was hardly seen; one with three impressions
had no chance; and listings differ in appeal whatever their photos. So clicks are compared with what an
average listing would have got at the same places, the ratio is shrunk by how little was seen, and what
remains is weighed under two rates, that of mismatched listings and that of the others. Price and everything
else that makes a listing more or less wanted stays inside the appeal: a log alone cannot tell it from a
wrong photo.

The model (n listings, p places):

    clicks_ip ~ Poisson(shown_ip · rate_p · λ_i)          position model; λ = 1 is the average listing
    λ_i ~ Gamma(shape k, mean μ)                          appeal; hence clicks_i ~ NegativeBinomial(k, μ E_i)
    E_i = Σ_p shown_ip · rate_p                           expected clicks

The product rate · λ is the examination hypothesis (Richardson et al. 2007, Craswell et al. 2008); shrinkage
by the gamma-Poisson pair with k and μ from the marginal likelihood is that of Clayton and Kaldor 1987.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Array = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Counts: TypeAlias = Array | csr_array  # (n, p) of each listing at each place; most are 0

LIMIT = 3.0  # nats: a click log alone never says more than odds of about 20 to 1
_STEPS = 30  # alternating steps of the position model; the error falls by a constant factor in each
_PLACE_PRIOR = 20.0  # clicks' worth of trust that a place follows the falling curve of its neighbours
_EFFECT_PRIOR = 5.0  # clicks' worth of trust that a wrong photo changes nothing
_STRENGTHS = (0.05, 20.0)  # of appeal: listings never differ by less than ± 22 %


@dataclass(frozen=True)
class Appeal:
    """How listings differ in clicks once their places are accounted for: λ ~ Gamma(strength, mean)."""

    strength: float  # shape k; the standard deviation of λ / mean is 1 / √k
    mean: float  # μ


@dataclass(frozen=True)
class Ratio:
    """Clicks over expected clicks, shrunk: posterior mean and equal-tailed credible interval, each (n,)."""

    mean: Doubles
    low: Doubles
    high: Doubles


@dataclass(frozen=True)
class PhotoEffect:
    """Mean clicks over expected clicks of mismatched listings and of the others; appeal's strength."""

    mismatched: float  # never above `other`
    other: float
    strength: float


def dense(counts: Counts) -> npt.NDArray[np.float32]:
    """With its zeros, (n, p)."""
    return np.ascontiguousarray(counts if isinstance(counts, np.ndarray) else counts.toarray(), np.float32)


def position_rates(shown: Counts, clicked: Counts) -> Doubles:
    """Click rate of each place for an average listing, (p,), from impressions and clicks (n, p).

    Which listings stand on top is not left to chance, so rate and appeal are fitted together: the
    fixed-effects Poisson model above by alternating maximisation (iterative proportional fitting). Its rates
    are those of the multinomial given each listing's clicks: consistent, however few clicks each has.

    A place with few clicks leans on the non-increasing curve through all places (people read from the top;
    weighted isotonic regression) with the weight of 20 clicks; one with many keeps its own rate, since a
    grid's places need not fall in order. A place never shown gets the curve's value between its neighbours.
    The expected clicks of all listings sum to their clicks. All zero without clicks.
    """
    shown, clicked = shown.astype(np.float64), clicked.astype(np.float64)
    clicks, exposure = clicked.sum(axis=0), shown.sum(axis=0)
    if not clicks.sum():
        return np.zeros(shown.shape[1])
    rates = np.divide(clicks, exposure, out=np.zeros_like(clicks), where=exposure > 0)
    for _ in range(_STEPS):
        expected = shown @ rates
        appeal = np.divide(clicked.sum(axis=1), expected, out=np.zeros_like(expected), where=expected > 0)
        seen_by = appeal @ shown  # impressions of each place, weighted by who stood there
        rates = np.divide(clicks, seen_by, out=np.zeros_like(clicks), where=seen_by > 0)
        rates *= clicks.sum() / (exposure @ rates)
    return _steadied(rates, clicks, exposure)


def _steadied(rates: Doubles, clicks: Doubles, exposure: Doubles) -> Doubles:
    """Each rate averaged with the falling curve through all of them; the total of clicks stays."""
    from scipy.optimize import isotonic_regression  # slow to import, and pages seldom count

    seen = np.flatnonzero(exposure > 0)
    falling = isotonic_regression(rates[seen], weights=exposure[seen], increasing=False).x
    curve = np.interp(np.arange(len(rates)), seen, falling)
    own = clicks / (clicks + _PLACE_PRIOR)
    steadied = own * rates + (1 - own) * curve
    return np.asarray(steadied * clicks.sum() / (exposure @ steadied))


def expected_clicks(shown: Counts, rates: Doubles) -> Doubles:
    """The clicks of an average listing at the places where each was shown: (n, p), (p,) → (n,)."""
    return np.asarray(shown.astype(np.float64) @ rates)


def fit_appeal(clicks: Array, expected: Array) -> Appeal:
    """How much listings differ, by marginal maximum likelihood: clicks_i ~ NegativeBinomial(k, μ E_i).

    k is at most 20: where nearly all listings are alike, the few others would otherwise pass for chance.
    Without a listing that was seen (E > 0), everybody is taken for average.
    """
    from scipy.optimize import minimize

    clicks, expected = _seen(clicks, expected)
    if not clicks.sum():
        return Appeal(_STRENGTHS[1], 1.0)
    mean = float(clicks.sum() / expected.sum())  # its maximum-likelihood value where all E are alike

    def loss(parameters: Doubles) -> float:
        strength, factor = np.exp(parameters)
        return -float(_log_likelihood(clicks, factor * mean * expected, strength).sum())

    found = minimize(loss, [0.0, 0.0], method="L-BFGS-B", bounds=[np.log(_STRENGTHS), (-3.0, 3.0)]).x
    return Appeal(float(np.exp(found[0])), mean * float(np.exp(found[1])))


def shrunk_ratio(clicks: Array, expected: Array, appeal: Appeal, level: float = 0.9) -> Ratio:
    """λ of each listing, (n,): posterior Gamma(k + clicks, k/μ + E), its mean and its interval of `level`.

    A listing that nobody saw has the catalogue's mean and its whole spread.
    """
    from scipy.special import gammaincinv

    shape, rate = _posterior(clicks, expected, appeal)
    tail = (1 - level) / 2
    low, high = (gammaincinv(shape, q) / rate for q in (tail, 1 - tail))
    return Ratio(np.asarray(shape / rate), np.asarray(low), np.asarray(high))


def pooled_ratio(clicks: Array, expected: Array, z: float = 1.96) -> tuple[float, float, float]:
    """Clicks over expected clicks of a whole group (n,), and its normal interval (by default of 95 %).

    The ratio's variance is Σ (c − ratio · E)² / (Σ E)² (linearised; Cochran 1977, section 6.3), so listings
    may differ in appeal. Not a number for a group that nobody saw.
    """
    clicks, expected = _seen(clicks, expected)
    if not len(expected):
        return float("nan"), float("nan"), float("nan")
    ratio = clicks.sum() / expected.sum()
    spread = z * float(np.sqrt(((clicks - ratio * expected) ** 2).sum())) / expected.sum()
    return float(ratio), float(max(ratio - spread, 0.0)), float(ratio + spread)


def no_click_probability(clicks: Array, expected: Array, appeal: Appeal, ahead: float | Array) -> Doubles:
    """P(no click) while an average listing gets `ahead` clicks, given what was seen so far, (n,).

    E exp(−λ · ahead) under the posterior of `shrunk_ratio` = (rate / (rate + ahead)) ^ shape. The same
    `ahead` for all compares listings fairly: none is better for having been shown more, or higher up.
    """
    shape, rate = _posterior(clicks, expected, appeal)
    return np.asarray(np.exp(-shape * np.log1p(ahead / rate)))


def fit_click_evidence(clicks: Array, expected: Array, p_mismatch: Array) -> PhotoEffect:
    """How far wrong photos lower clicks, by weighted maximum likelihood; the appeal's strength is shared.

    Maximises Σ_i p_i log NB(clicks_i; k, mismatched · E_i) + (1 − p_i) log NB(clicks_i; k, other · E_i).

    `p_mismatch` (n,) is each listing's probability of a mismatch *without* its clicks, from title and photo:
    otherwise the log would confirm itself. Where it is unsure, the two rates come out more alike than they
    are, which errs on the side of saying little; the likelihood of a mixture does not blur them, but drifts
    far beyond the truth when the probabilities are too small (measured: 0.13–0.2 for a true ratio of 0.4).
    The ratio mismatched / other is at most 1 and carries five clicks' worth of belief in 1.
    """
    from scipy.optimize import minimize

    seen = np.asarray(expected) > 0
    p = np.clip(np.asarray(p_mismatch, dtype=np.float64)[seen], 0.0, 1.0)
    clicks, expected = _seen(clicks, expected)
    if not clicks.sum():
        return PhotoEffect(1.0, 1.0, _STRENGTHS[1])
    mean = float(clicks.sum() / expected.sum())

    def loss(parameters: Doubles) -> float:
        strength, other, ratio = np.exp(parameters)
        mismatched = _log_likelihood(clicks, ratio * other * mean * expected, strength)
        others = _log_likelihood(clicks, other * mean * expected, strength)
        belief = _EFFECT_PRIOR * (parameters[2] - ratio)  # highest at ratio = 1
        return -float(p @ mismatched + (1 - p) @ others + belief)

    bounds = [np.log(_STRENGTHS), (-3.0, 3.0), (np.log(0.02), 0.0)]
    found = np.exp(minimize(loss, [0.0, 0.0, np.log(0.5)], method="L-BFGS-B", bounds=bounds).x)
    other = mean * float(found[1])
    return PhotoEffect(other * float(found[2]), other, float(found[0]))


def click_evidence(clicks: Array, expected: Array, effect: PhotoEffect, limit: float = LIMIT) -> Doubles:
    """Log-likelihood ratio of each listing's clicks, mismatched against the others, in nats, (n,).

    log NB(c; k, m₁) − log NB(c; k, m₀) = c log[m₁ (m₀ + k) / m₀ (m₁ + k)] − k log[(m₁ + k) / (m₀ + k)]
    with m = rate · E. Falls with every click, is 0 where nothing was seen, and stays within ± `limit`.
    """
    clicks, expected = np.asarray(clicks, np.float64), np.asarray(expected, np.float64)
    k, low, high = effect.strength, effect.mismatched * expected, effect.other * expected
    nothing = k * (np.log1p(high / k) - np.log1p(low / k))  # of no click at all
    a_click = np.log(effect.mismatched / effect.other) + np.log1p(high / k) - np.log1p(low / k)
    evidence = np.where(expected > 0, nothing + clicks * np.minimum(a_click, 0.0), 0.0)
    return np.asarray(np.clip(evidence, -limit, limit))


def _posterior(clicks: Array, expected: Array, appeal: Appeal) -> tuple[Doubles, Doubles]:
    """Shape and rate of each listing's λ."""
    shape = appeal.strength + np.asarray(clicks, np.float64)
    return shape, appeal.strength / appeal.mean + np.asarray(expected, np.float64)


def _log_likelihood(clicks: Doubles, mean: Doubles, strength: float) -> Doubles:
    """log NegativeBinomial(clicks; strength, mean) without the factorials, which no parameter moves, (n,)."""
    from scipy.special import gammaln, xlog1py, xlogy

    return np.asarray(
        gammaln(clicks + strength)
        - gammaln(strength)
        + xlogy(clicks, mean / (mean + strength))
        - xlog1py(strength, mean / strength)
    )


def _seen(clicks: Array, expected: Array) -> tuple[Doubles, Doubles]:
    """Clicks and expected clicks of the listings that had a chance."""
    counts, chance = np.asarray(clicks, np.float64), np.asarray(expected, np.float64)
    return counts[chance > 0], chance[chance > 0]
