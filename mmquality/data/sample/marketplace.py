"""The plan of the marketplace: who sells what, which photos are wrong and how, and which listings are held
out.

Nothing is drawn or written here; a plan of 3,000 listings takes a second. Listing k depends on the seed and
on k, so that its photo can be drawn anywhere, in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mmquality.data.sample.assortment import CATEGORIES, PRODUCT_TYPES
from mmquality.data.sample.drawing.products import SUBJECTS
from mmquality.data.sample.titles import CONDITIONS, VOICES, Item, write_title

LISTED_UNTIL = date(2026, 2, 28)
LISTED_DAYS = 180
SPLITS = (("train", 0.75), ("valid", 0.10), ("test", 0.15))

_MODEL_LETTERS = "ABCDEFGHKLMNPRSTVX"
_LISTINGS_PER_SELLER = 18
_CONDITION_SHARES = (0.28, 0.10, 0.18, 0.18, 0.18, 0.08)  # in the order of `CONDITIONS`
_PRICE_FACTORS = dict(zip(CONDITIONS, (1.0, 0.92, 0.8, 0.62, 0.48, 0.28), strict=True))
_SECOND_COLOURS = (
    "white",
    "black",
    "grey",
    "red",
    "yellow",
    "blue",
    "orange",
    "navy",
    "teal",
    "pink",
    "beige",
    "gold",
    "brown",
)
_SHOP_NAMES = (
    "copperlane atticfinds bluebarn marthas nordhaven oldmill quickpost treasuretrove no7 harbourside "
    "secondspring yellowdoor the_drawer mosshill jens_garage pennywise foxandfern corner_shop lakeview "
    "tidyhome rummage willowtree starling eastgate minimarket daily_deals grandmas lucky_dip stationroad "
    "greenbottle unboxed papermoon riverbank vintage_vera toms_things kirsten belltower sunnyside"
).split()


class Kind(StrEnum):
    """What is wrong with a planted listing's photo."""

    SWAP_ANY = "swap_any"  # another product's photo, whatever it is
    SWAP_RELATED = "swap_related"  # another product type's photo of the same category
    COPIED = "copied"  # the re-encoded photo of another listing, of another type
    PLACEHOLDER = "placeholder"  # no product in it at all
    ACCESSORY_OR_BOX = "accessory_or_box"  # the box it came in, its charger, its manual


PLANTED_SHARES: dict[Kind, float] = {
    Kind.SWAP_ANY: 0.022, Kind.SWAP_RELATED: 0.020, Kind.COPIED: 0.016, Kind.PLACEHOLDER: 0.012,
    Kind.ACCESSORY_OR_BOX: 0.010,
}  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """One listing of the plan."""

    number: int
    item: Item  # what is sold, and what the title says
    title: str
    seller: str
    price: float
    listed_at: date
    image: str  # relative to the marketplace's folder; tells nothing about the listing
    split: str = "train"
    wrong: Kind | None = None
    shown: Item | None = None  # what the photo shows instead, for a swap
    photo_of: int | None = None  # whose photo it is, for a copy

    @property
    def listing_id(self) -> str:
        """`sample-00042`."""
        return f"sample-{self.number:05d}"

    @property
    def category(self) -> str:
        """The category of what is sold."""
        return PRODUCT_TYPES[self.item.product_type].category


@dataclass(frozen=True)
class _Seller:
    name: str
    voice: str
    categories: tuple[str, ...]


def plan_marketplace(listings: int, seed: int) -> list[Offer]:
    """All offers, planted mismatches and splits included; the same for the same arguments."""
    rng = np.random.default_rng([seed, 0])
    sellers = _sellers(max(3, listings // _LISTINGS_PER_SELLER), rng)
    offers = [_offer(number, sellers, np.random.default_rng([seed, 1, number])) for number in range(listings)]
    return _split(_planted(offers, rng), rng)


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _sellers(count: int, rng: np.random.Generator) -> list[_Seller]:
    """Shops that write in one voice and sell from a few categories; names say that they are samples."""
    voices = list(VOICES)
    sellers = []
    for number in range(count):
        name = _SHOP_NAMES[number % len(_SHOP_NAMES)]
        suffix = "" if number < len(_SHOP_NAMES) else str(number // len(_SHOP_NAMES) + 1)
        focus = rng.choice(len(CATEGORIES), int(rng.integers(2, 6)), replace=False)
        sellers.append(
            _Seller(f"sample_{name}{suffix}", _one(voices, rng), tuple(CATEGORIES[place] for place in focus))
        )
    return sellers


def _offer(number: int, sellers: list[_Seller], rng: np.random.Generator) -> Offer:
    product_type = _one(list(PRODUCT_TYPES), rng)
    category = PRODUCT_TYPES[product_type].category
    fitting = [seller for seller in sellers if category in seller.categories] or sellers
    seller = fitting[int(rng.integers(len(fitting)))]
    item = _item(product_type, rng)
    return Offer(
        number=number,
        item=item,
        title=write_title(item, seller.voice, rng),
        seller=seller.name,
        price=_price(item, rng),
        listed_at=LISTED_UNTIL - timedelta(days=int(rng.integers(LISTED_DAYS))),
        image=f"images/{rng.bytes(8).hex()}.jpg",
    )


def _item(product_type: str, rng: np.random.Generator) -> Item:
    product, subject = PRODUCT_TYPES[product_type], SUBJECTS[product_type]
    style = _one(subject.styles, rng)
    colour = _one(product.colours_of(style), rng)
    return Item(
        product_type=product_type,
        style=style,
        pattern=_one(subject.patterns, rng),
        colour=colour,
        second=_one([second for second in _SECOND_COLOURS if second != colour], rng),
        brand=_one(product.brands, rng),
        model=f"{_one(_MODEL_LETTERS, rng)}{_one(_MODEL_LETTERS, rng)}-{int(rng.integers(10, 990))}",
        condition=str(rng.choice(list(CONDITIONS), p=_CONDITION_SHARES)),
    )


def _price(item: Item, rng: np.random.Generator) -> float:
    """Within the type's range, most of them in its lower half, cheaper when used."""
    low, high = PRODUCT_TYPES[item.product_type].price
    full: float = low * (high / low) ** rng.beta(1.6, 2.2)
    price = full * _PRICE_FACTORS[item.condition]
    return round(price) - 0.01 if price > 3 else round(price, 2)


def _planted(offers: list[Offer], rng: np.random.Generator) -> list[Offer]:
    """The offers, some of them with another photo than they should have."""
    order = rng.permutation(len(offers))
    planted, start = list(offers), 0
    honest = order[sum(round(share * len(offers)) for share in PLANTED_SHARES.values()) :]
    for kind, share in PLANTED_SHARES.items():
        stop = start + round(share * len(offers))
        for place in order[start:stop]:
            planted[place] = _with_wrong_photo(offers[place], kind, offers, honest, rng)
        start = stop
    return planted


def _with_wrong_photo(
    offer: Offer, kind: Kind, offers: list[Offer], honest: NDArray[np.int64], rng: np.random.Generator
) -> Offer:
    sold = offer.item.product_type
    if kind is Kind.SWAP_ANY:
        return replace(
            offer,
            wrong=kind,
            shown=_item(_one([other for other in PRODUCT_TYPES if other != sold], rng), rng),
        )
    if kind is Kind.SWAP_RELATED:
        return replace(offer, wrong=kind, shown=_item(_related_type(sold, rng), rng))
    if kind is Kind.COPIED:
        owners = [int(place) for place in honest if offers[place].item.product_type != sold]
        return replace(offer, wrong=kind, photo_of=owners[int(rng.integers(len(owners)))])
    return replace(offer, wrong=kind)


def _related_type(sold: str, rng: np.random.Generator) -> str:
    """Another type of the same category; three times in five one that is mistaken for it most easily."""
    product = PRODUCT_TYPES[sold]
    if product.lookalikes and rng.random() < 0.6:
        return _one(product.lookalikes, rng)
    same = [
        other.name
        for other in PRODUCT_TYPES.values()
        if other.category == product.category and other.name != sold
    ]
    return _one(same, rng)


def _split(offers: list[Offer], rng: np.random.Generator) -> list[Offer]:
    """The offers, each in train, valid or test; those that share a photo or a title stay together."""
    first_with_title: dict[str, int] = {}
    links = [(offer.number, first_with_title.setdefault(offer.title, offer.number)) for offer in offers]
    links += [(offer.number, offer.photo_of) for offer in offers if offer.photo_of is not None]
    group = _connected(len(offers), links)
    turn = rng.permutation(len(offers))[group]  # one random number per group
    names = [name for name, _ in SPLITS]
    bounds = np.cumsum([share for _, share in SPLITS])[:-1] * len(offers)
    place = np.searchsorted(bounds, _rank_of_groups(turn), side="right")
    return [replace(offer, split=names[part]) for offer, part in zip(offers, place, strict=True)]


def _connected(count: int, links: list[tuple[int, int]]) -> list[int]:
    """For each of `count` numbers the smallest number it is linked to, directly or by others."""
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(number) for number in range(count)]


def _rank_of_groups(turn: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many listings come before each listing's group when the groups queue up in order of `turn`."""
    return np.searchsorted(np.sort(turn), turn, side="left")
