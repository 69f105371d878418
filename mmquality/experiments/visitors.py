"""Simulated visitors: who sees which arm, what they look at, click and buy. A simulation, not a measurement.

A visitor opens pages of seed listings; each shows the k listings that the visitor's arm recommends. The
listing at position p is clicked with the probability

    min(0.9, interest × base_rate × θ_p × relevance × (wrong_photo if its photo is wrong))
    θ_p = 1 / (1 + slope (p − 1))

and, once clicked, bought with `purchase_rate × min(relevance, 1)`, a third of that where the photo is wrong.
This is the examination hypothesis (Richardson et al. 2007; Craswell et al. 2008) with a factor of the
visitor's own, so that two clicks of one visitor are less independent than two of different ones, as on a real
page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

VISITORS = 50_000  # of an experiment, all arms together
_MOST = 0.9  # of any probability of a click
_BLOCK = 200_000  # pages simulated at a time


@dataclass(frozen=True)
class UserModel:
    """How simulated visitors behave. The first four are the sample marketplace's own (docs/sample.md).

    The others are assumptions without a source, made once and never tuned: no log here holds purchases.
    `unrelated` is for catalogues whose truth is a list of pairs: the relevance of a listing outside of it,
    which is small and not 0, since a pair that nobody happened to click may be a good one.
    """

    slate: int = 12  # recommendations on a page
    base_rate: float = 0.34  # clicks on a listing of relevance 1 at the first place
    position_slope: float = 0.18
    wrong_photo: float = 0.35
    purchase_rate: float = 0.05
    wrong_photo_bought: float = 1 / 3
    pages: float = 2.0  # pages of a visitor: 1 + Poisson(pages − 1)
    interest_spread: float = 0.5  # standard deviation of log interest; its mean is 1
    unrelated: float = 0.1

    def examination(self, places: int) -> Doubles:
        """θ: the probability that a visitor looks at each of the first places, (places,)."""
        return np.asarray(1 / (1 + self.position_slope * np.arange(places)))

    def click_rate(self, slates: Slates) -> Doubles:
        """The probability of a click by a visitor of interest 1, (seeds, k)."""
        trust = np.where(slates.wrong, self.wrong_photo, 1.0)
        rate = self.base_rate * self.examination(slates.relevance.shape[1]) * slates.relevance * trust
        return np.minimum(rate, _MOST)

    def purchase_rate_of(self, slates: Slates) -> Doubles:
        """The probability that a click becomes a purchase, (seeds, k)."""
        trust = np.where(slates.wrong, self.wrong_photo_bought, 1.0)
        return np.asarray(self.purchase_rate * np.minimum(slates.relevance, 1) * trust)


@dataclass(frozen=True)
class Slates:
    """What one arm shows under each seed listing, as the truth sees it, place by place."""

    relevance: Doubles  # (seeds, k) to the seed, 1 = as good as it gets for a listing of average appeal
    wrong: Bools  # (seeds, k) whether the photo is known to be another product's


def arm_of(user: str, arms: Sequence[str], salt: str) -> str:
    """The arm of a user: by hash, so that the same user always sees the same one; another salt deals anew."""
    digest = hashlib.sha256(f"{salt}:{user}".encode()).digest()
    return arms[int.from_bytes(digest[:8], "big") % len(arms)]


def simulate(
    arms: Mapping[str, Slates], weight: Doubles, users: int, model: UserModel, seed: int
) -> pd.DataFrame:
    """One row for each visitor in the order of coming: arm, views, clicks, purchases.

    :param arms: by name; all have the same seed listings
    :param weight: (seeds,) how often each seed's page is opened, in proportion
    """
    names = list(arms)
    rng = np.random.default_rng([seed, 11])
    arm = np.array([names.index(arm_of(f"user-{n}", names, str(seed))) for n in range(users)])
    pages = 1 + rng.poisson(model.pages - 1, users)
    spread = model.interest_spread
    interest = np.exp(rng.normal(-(spread**2) / 2, spread, users))
    clicked = np.stack([model.click_rate(slates) for slates in arms.values()])  # (arms, seeds, k)
    bought = np.stack([model.purchase_rate_of(slates) for slates in arms.values()])
    visitor = np.repeat(np.arange(users), pages)
    page = rng.choice(len(weight), len(visitor), p=weight / weight.sum())
    counts = np.zeros((2, users))
    for start in range(0, len(visitor), _BLOCK):
        who, where = visitor[start : start + _BLOCK], page[start : start + _BLOCK]
        rate = np.minimum(interest[who, None] * clicked[arm[who], where], _MOST)
        clicks = rng.random(rate.shape) < rate
        purchases = clicks & (rng.random(rate.shape) < bought[arm[who], where])
        for row, events in enumerate((clicks, purchases)):
            counts[row] += np.bincount(who, events.sum(axis=1), users)
    views = pages * clicked.shape[2]
    return pd.DataFrame(
        {"arm": np.array(names)[arm], "views": views, "clicks": counts[0], "purchases": counts[1]}
    )


def expected_ctr(slates: Slates, weight: Doubles, model: UserModel) -> float:
    """Clicks per recommendation shown, without chance: what the simulation's click-through rate tends to."""
    return float(weight @ model.click_rate(slates).mean(axis=1) / weight.sum())
