"""How much each piece of evidence counts: logistic regression of swapped photos against listings' own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TERMS = ("network", "photo's neighbours", "title's neighbours", "photo's company", "title's company")
_PRODUCTS = ((1, 3), (2, 4))  # what neighbours say counts by how much company there is
_FARTHEST = 8.0  # standard deviations; what lies further out says no more
# Where terms differ by less, it is rounding, not evidence; one neighbour fewer is log(20/19) of company.
_LEAST_DEVIATIONS = np.array([1e-3, 1e-3, 1e-3, 0.1, 0.1])
SUSPECTED_SHARE = (
    0.1  # prior while deciding whom to trust: better to doubt a few good listings than the reverse
)
_SHARES = (0.002, 0.5)  # of mismatches in a catalogue
_STEPS = 100
_LEARNT_FROM = 50_000  # listings, and as many swaps: eight weights are known well from these


@dataclass(frozen=True)
class Weighing:
    """Terms of evidence → log-odds; as many means and deviations as terms, weights also of the products."""

    means: tuple[float, ...] = (0.0,) * len(TERMS)
    deviations: tuple[float, ...] = (1.0,) * len(TERMS)
    weights: tuple[float, ...] = (0.0,) * (len(TERMS) + len(_PRODUCTS))
    intercept: float = 0.0

    def log_odds(self, terms: Doubles) -> Doubles:
        """Log-likelihood ratio of each listing, swapped against own, (n,), from its terms (n, 5)."""
        return np.asarray(self._design(terms) @ np.array(self.weights) + self.intercept)

    def _design(self, terms: Doubles) -> Doubles:
        scaled = (terms - np.array(self.means)) / np.array(self.deviations)
        scaled = scaled.clip(-_FARTHEST, _FARTHEST)
        products = np.stack([scaled[:, a] * scaled[:, b] for a, b in _PRODUCTS], axis=1)
        return np.concatenate([scaled, products], axis=1)


def fit_weighing(own: Doubles, swapped: Doubles, trust: Doubles) -> Weighing:
    """Weigh the terms so that they tell `swapped` (m, 5) from `own` (n, 5).

    Logistic regression with an L2 penalty of one observation, no weight below 0. Every term is a reason for
    suspicion, never against it: left free, one photo under very many titles would teach that company which
    disagrees is a good sign, since nobody doubts these listings at first. Of very many listings evenly spread
    ones stand for all: what a fit holds in memory does not grow with the catalogue.

    :param trust: (n,) how far each listing's own photo is believed; it counts as much
    """
    some, other = _spread(len(own)), _spread(len(swapped))
    own, trust, swapped = own[some], trust[some], swapped[other]
    deviations = np.maximum(own.std(axis=0), _LEAST_DEVIATIONS)
    blank = Weighing(tuple(own.mean(axis=0).tolist()), tuple(deviations.tolist()))
    x = np.concatenate([blank._design(own), blank._design(swapped)])
    sign = np.repeat([-1.0, 1.0], [len(own), len(swapped)])
    # Both sides weigh the same, so that the log-odds are a likelihood ratio, whatever the trust sums to.
    per_swap = np.full(len(swapped), len(own) / len(swapped))
    weight = np.concatenate([trust / max(float(trust.mean()), 1e-9), per_swap])

    def loss(parameters: Doubles) -> tuple[float, Doubles]:
        weights, margin = parameters[:-1], sign * (x @ parameters[:-1] + parameters[-1])
        slope = -weight * sign * expit(-margin)
        gradient = np.append(x.T @ slope + weights, slope.sum())
        return float(weight @ np.logaddexp(0, -margin) + weights @ weights / 2), gradient

    bounds = [(0.0, None)] * x.shape[1] + [(None, None)]
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Weighing(blank.means, blank.deviations, tuple(found[:-1].tolist()), float(found[-1]))


def _spread(n: int) -> Ints:
    """Rows from everywhere, for catalogues come sorted; all n where they are few enough."""
    return np.linspace(0, n - 1, min(n, _LEARNT_FROM)).astype(int)


def estimated_share(log_odds: Doubles, start: float) -> float:
    """Share of mismatches in a catalogue whose likelihood ratios are exp(`log_odds`), (n,).

    Expectation maximisation of the prior (Saerens et al. 2002): π ← mean P(mismatch | log-odds, π).
    """
    share = start
    for _ in range(_STEPS):
        share = float(np.clip(posterior(log_odds, share).mean(), *_SHARES))
    return share


def posterior(log_odds: Doubles, share: float) -> Doubles:
    """P(mismatch) of each listing, (n,), where `share` of the catalogue is mismatched."""
    return np.asarray(expit(log_odds + logit(share)))


def trust_after(log_odds: Doubles) -> Doubles:
    """How far each listing's photo is believed to be its own, (n,)."""
    return 1 - posterior(log_odds, SUSPECTED_SHARE)
