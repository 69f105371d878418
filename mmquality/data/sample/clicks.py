"""The simulated click log. Every number here is an assumption, not a measurement.

A visitor opens an item page and sees a slate of 12 other listings below it. The slate mixes the same product
type (55 %), the same category (20 %) and anything (25 %). A listing is clicked with the probability

    BASE_RATE × position × appeal × similarity × (0.35 if its photo is wrong)

- position: 1 / (1 + 0.18 (p − 1)) for positions p = 1 … 12;
- appeal: one number per listing, log-normal with mean 1 and σ = 0.35; it also makes a listing more likely to
  be opened;
- similarity to the page's listing, by what the two truly are (never by their photos): same type 0.45, + 0.25
  for the same style, + 0.20 for the same colour, + 0.10 for the same brand; otherwise same category 0.22,
  else 0.06, + 0.04 for the colour.

A visitor stays for another page with probability 0.62, at most 6 pages: on a listing just clicked, or where
nothing was clicked, on another one of the same type.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmquality.data.sample.assortment import PRODUCT_TYPES
from mmquality.data.sample.marketplace import Offer

SLATE = 12
WRONG_PHOTO_FACTOR = 0.35
BASE_RATE = 0.34
POSITION_SLOPE = 0.18
SESSIONS_PER_LISTING = 2.0
STAYS, MOST_PAGES = 0.62, 6
OPENS, DAYS = pd.Timestamp("2026-03-01", tz="UTC"), 28

_SAME_TYPE, _SAME_CATEGORY = 0.55, 0.20  # shares of a slate; the rest is anything
_DRAWS = 3 * SLATE  # candidates drawn per slate before doubles are removed
_APPEAL_SPREAD = 0.35

Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Shop:
    """The listings as the simulation sees them, what they truly are: arrays over all of them."""

    product: Numbers
    category: Numbers
    style: Numbers
    colour: Numbers
    brand: Numbers
    appeal: Reals
    trust: Reals  # 1, or WRONG_PHOTO_FACTOR

    @classmethod
    def of(cls, offers: list[Offer], rng: np.random.Generator) -> Shop:
        """The offers, each with an appeal drawn for it."""

        def codes(words: list[str]) -> Numbers:
            return np.unique(np.array(words), return_inverse=True)[1].astype(np.int64)

        items = [offer.item for offer in offers]
        return cls(
            product=codes([item.product_type for item in items]),
            category=codes([PRODUCT_TYPES[item.product_type].category for item in items]),
            style=codes([f"{item.product_type} {item.style}" for item in items]),
            colour=codes([item.colour for item in items]),
            brand=codes([item.brand for item in items]),
            appeal=np.exp(rng.normal(-(_APPEAL_SPREAD**2) / 2, _APPEAL_SPREAD, len(offers))),
            trust=np.array([WRONG_PHOTO_FACTOR if offer.wrong else 1.0 for offer in offers]),
        )

    def similarity(self, page: Numbers, shown: Numbers) -> Reals:
        """How well the shown listings suit the visitor of the page's listing, 0…1."""

        def same(trait: Numbers) -> NDArray[np.bool_]:
            return np.equal(trait[page], trait[shown])

        alike = 0.45 + 0.25 * same(self.style) + 0.20 * same(self.colour) + 0.10 * same(self.brand)
        other = np.where(same(self.category), 0.22, 0.06) + 0.04 * same(self.colour)
        similarity: Reals = np.where(same(self.product), alike, other)
        return similarity

    def click_rate(self, page: Numbers, shown: Numbers, position: Numbers) -> Reals:
        """The probability of a click on `shown` at `position` (from 1) below the listing `page`."""
        seen = 1 / (1 + POSITION_SLOPE * (position - 1))
        rate = BASE_RATE * seen * self.appeal[shown] * self.similarity(page, shown) * self.trust[shown]
        return np.minimum(rate, 0.9)


def shop_of(offers: list[Offer], seed: int) -> Shop:
    """The shop that the clicks of this seed were simulated in: the same appeal for the same listing."""
    return Shop.of(offers, _chance(seed))


def _chance(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 3])


def simulate_clicks(offers: list[Offer], seed: int) -> pd.DataFrame:
    """The impressions in the order of time.

    Columns: session_id, shown_at (UTC), seed_listing_id, listing_id, position (from 1), clicked.
    """
    rng = _chance(seed)
    shop = Shop.of(offers, rng)
    sessions = round(SESSIONS_PER_LISTING * len(offers))
    visitor = np.arange(sessions)
    page = rng.choice(len(offers), sessions, p=shop.appeal / shop.appeal.sum())
    pages = []
    for step in range(MOST_PAGES):
        seen, following = _one_page_each(shop, visitor, page, rng)
        pages.append(seen.assign(step=step))
        stays = rng.random(len(visitor)) < STAYS
        visitor, page = visitor[stays], following[stays]
    return _as_log(pd.concat(pages, ignore_index=True), offers, sessions, rng)


def _one_page_each(
    shop: Shop, visitor: Numbers, page: Numbers, rng: np.random.Generator
) -> tuple[pd.DataFrame, Numbers]:
    """What these visitors see on their pages, and where they would go next.

    Columns of what they see: visitor, page, shown, position, clicked.
    """
    slates = _slates(shop, page, rng)
    rows = pd.DataFrame({
        "visitor": np.repeat(visitor, [len(slate) for slate in slates]),
        "page": np.repeat(page, [len(slate) for slate in slates]),
        "shown": np.concatenate(slates),
        "position": np.concatenate([np.arange(1, len(slate) + 1) for slate in slates]),
    })  # fmt: skip
    rate = shop.click_rate(rows["page"].to_numpy(), rows["shown"].to_numpy(), rows["position"].to_numpy())
    rows["clicked"] = rng.random(len(rows)) < rate
    following = _another_of(shop.product, page, rng)
    last_click = rows[rows["clicked"]].drop_duplicates("visitor", keep="last")
    following[np.searchsorted(visitor, last_click["visitor"])] = last_click["shown"]
    return rows, following


def _slates(shop: Shop, page: Numbers, rng: np.random.Generator) -> list[Numbers]:
    """For each page up to 12 different listings, never the page's own."""
    pages = np.repeat(page, _DRAWS)
    chance = rng.random(len(pages))
    candidates = rng.integers(len(shop.product), size=len(pages))
    of_type = chance < _SAME_TYPE
    candidates[of_type] = _another_of(shop.product, pages[of_type], rng)
    of_category = (chance >= _SAME_TYPE) & (chance < _SAME_TYPE + _SAME_CATEGORY)
    candidates[of_category] = _another_of(shop.category, pages[of_category], rng)
    drawn = candidates.reshape(len(page), _DRAWS).tolist()
    return [
        np.array([shown for shown in dict.fromkeys(row) if shown != own][:SLATE], dtype=np.int64)
        for row, own in zip(drawn, page.tolist(), strict=True)
    ]


def _another_of(trait: Numbers, page: Numbers, rng: np.random.Generator) -> Numbers:
    """For each page a random listing with the same trait (now and then the page's own listing)."""
    order = np.argsort(trait, kind="stable")
    start = np.searchsorted(trait[order], trait[page], side="left")
    stop = np.searchsorted(trait[order], trait[page], side="right")
    return order[rng.integers(start, stop)]


def _as_log(rows: pd.DataFrame, offers: list[Offer], sessions: int, rng: np.random.Generator) -> pd.DataFrame:
    """The rows with names and times; sessions are numbered in the order in which they began."""
    begins = np.sort(rng.integers(0, DAYS * 86_400 - 3_600, sessions))
    reading = np.cumsum(rng.integers(15, 240, (sessions, MOST_PAGES)), axis=1)
    seconds = begins[rows["visitor"]] + reading[rows["visitor"], rows["step"]]
    ids = np.array([offer.listing_id for offer in offers])
    log = pd.DataFrame({
        "session_id": [f"session-{visitor:06d}" for visitor in rows["visitor"]],
        "shown_at": OPENS + pd.to_timedelta(seconds, unit="s"),
        "seed_listing_id": ids[rows["page"]],
        "listing_id": ids[rows["shown"]],
        "position": rows["position"],
        "clicked": rows["clicked"],
    })  # fmt: skip
    return log.sort_values(["shown_at", "session_id", "position"], kind="stable", ignore_index=True)


def co_clicked(impressions: pd.DataFrame) -> pd.DataFrame:
    """Pairs clicked in the same session: listing_id, other_id (listing_id < other_id), count; sorted."""
    clicked = impressions[impressions["clicked"]]
    pairs: Counter[tuple[str, str]] = Counter()
    for listings in clicked.groupby("session_id")["listing_id"]:
        pairs.update(combinations(sorted(set(listings[1])), 2))
    rows = [(first, second, count) for (first, second), count in sorted(pairs.items())]
    return pd.DataFrame(rows, columns=["listing_id", "other_id", "count"])
