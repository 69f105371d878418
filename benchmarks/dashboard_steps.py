"""What analysts do in the dashboard, one step at a time: the pages, and the usual clicks on them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from large_workspace import FREQUENT, RARE, SHORT
from visitor import Params, Run, Visitor

_PAUSE = 0.45  # seconds between two verdicts: a quicker key is not taken as one


@dataclass(frozen=True)
class Step:
    """One kind of visit; `do` prepares what it needs and gives the run that counts."""

    name: str
    do: Callable[[Visitor], Run]


def steps(listings: int, rng: random.Random) -> list[Step]:
    """All of them, with other values at every call."""

    def some(top: int) -> int:
        return rng.randrange(top)

    def listing() -> str:
        return f"L{some(listings):07d}"

    def opened(page: str, params: Callable[[], Params] = dict) -> Callable[[Visitor], Run]:
        return lambda visitor: visitor.open(page, params())

    def ranking(name: str, params: Callable[[], Params]) -> Step:
        return Step(f"Ranking: {name}", opened("", params))

    def models(part: str) -> Step:
        return Step(f"Models: {part.lower()}", opened("models", lambda: {"show": part}))

    return [
        Step("Ranking", opened("", lambda: {"page": 1 + some(20)})),
        ranking("table", lambda: {"view": "Table", "page": 1 + some(20)}),
        ranking("last page", lambda: {"page": listings // 48 - some(20)}),
        ranking("a category", lambda: {"category": f"Category {some(40):02d}"}),
        ranking("a seller", lambda: {"where": f"seller:seller {some(300):05d}"}),
        ranking("an attribute's value", lambda: {"where": f"colour:{_COLOURS[some(6)]}"}),
        ranking("a frequent word", lambda: {"q": FREQUENT, "page": 1 + some(20)}),
        ranking("two words", lambda: {"q": "sony headphone", "page": 1 + some(5)}),
        ranking("a rare word", lambda: {"q": RARE, "score": [some(10), 100]}),
        ranking("a word of two letters", lambda: {"q": SHORT, "page": 1 + some(20)}),
        ranking("a price range", lambda: {"min_price": 5 + some(20), "max_price": 30 + some(20)}),
        ranking(
            "category, price and word",
            lambda: {"category": f"Category {some(10):02d}", "max_price": 10 + some(20), "q": FREQUENT},
        ),
        ranking("unlabelled", lambda: {"label": "Unlabelled", "page": 1 + some(20)}),
        ranking("by price", lambda: {"sort": "Price, highest first", "page": 1 + some(20)}),
        ranking("by title", lambda: {"sort": "Title A–Z", "page": 1 + some(20)}),
        ranking("by title, a page far on", lambda: {"sort": "Title A–Z", "page": 150 + some(50)}),
        ranking("similar listings", lambda: {"like": listing()}),
        ranking("an earlier model", lambda: {"version": "v0001", "page": 1 + some(20)}),
        ranking("a saved view", lambda: {"q": "lamp", "score": [50, 100]}),
        Step("Ranking: all filters in the drawer", lambda visitor: _drawer(visitor, some(40))),
        Step("Ranking: preview of a bulk label", _bulk_preview),
        Step("Listing", opened("listing", lambda: {"id": listing()})),
        Step(
            "Listing, in a filtered ranking",
            opened("listing", lambda: {"id": listing(), "queue": f"q={FREQUENT}"}),
        ),
        Step("Compare: one listing", opened("compare", lambda: {"id": listing()})),
        Step("Compare: three lists", opened("compare", lambda: {"id": listing(), "beside": "Both"})),
        Step("Compare: whole catalogue", opened("compare", lambda: {"of": "Whole catalogue"})),
        Step("Review", opened("review")),
        Step("Review: a verdict", _verdict),
        Step("Review: undo", _undo),
        Step("Overview", opened("overview")),
        Step("Overview: the threshold moved", lambda visitor: _threshold(visitor, 1 + some(99))),
        Step("Map", opened("map", lambda: {"colour": ("Category", "Score", "Label")[some(3)]})),
        Step("Labels", opened("labels", lambda: {"which": ("newest", "all")[some(2)]})),
        *(models(part) for part in ("Versions", "Changes", "Training", "Calibration", "Comparison")),
        Step("Clicks", opened("clicks", lambda: {"of": listing()})),
        Step("Import report", opened("imports")),
    ]


_COLOURS = ("red", "blue", "green", "black", "white", "grey")


def _drawer(visitor: Visitor, category: int) -> Run:
    visitor.open("", {"category": f"Category {category:02d}"})
    return visitor.set("more-filters", "bool", True)


def _bulk_preview(visitor: Visitor) -> Run:
    visitor.open("", {"score": [30, 100]})
    visitor.set("selecting", "bool", True)
    visitor.click(next(name for name in visitor.widgets if name.startswith("Choose ")))
    return visitor.click("Label them…")


def _verdict(visitor: Visitor) -> Run:
    if not visitor.has("match"):
        visitor.open("review")
    time.sleep(_PAUSE)
    return visitor.click("match")


def _undo(visitor: Visitor) -> Run:
    _verdict(visitor)
    return visitor.click("Undo")


def _threshold(visitor: Visitor, percent: int) -> Run:
    if not visitor.has("threshold"):
        visitor.open("overview")
    return visitor.set("threshold", "double_array", [percent])
