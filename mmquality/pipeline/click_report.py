"""What the click log says, listing by listing and place by place: for people to read, nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.clicks import (
    Appeal,
    expected_clicks,
    fit_appeal,
    no_click_probability,
    position_rates,
    shrunk_ratio,
)
from mmquality.config import Workspace
from mmquality.data.click_log import kept_clicks

Doubles = npt.NDArray[np.float64]

PLACES = 50  # places on a page told apart; deeper ones count as the last
AHEAD = 1.0  # P(no click) looks ahead until an average listing would have been clicked once


class ClickWord(StrEnum):
    """What a listing's clicks amount to, in a word."""

    NEVER = "never shown"
    LITTLE = "says little"
    FEWER = "fewer than expected"
    MORE = "more than expected"


@dataclass(frozen=True)
class ClickStanding:
    """One listing in the click log. Ratios are to an average listing: 1 = as many clicks as one would get."""

    shown: int
    clicks: int
    expected: float  # the clicks of an average listing at the places where this one was shown
    raw: float  # its click rate over the log's: places and chance not accounted for
    ratio: float  # shrunk: places and chance accounted for …
    low: float  # … with its 90 % interval
    high: float
    no_click: float  # P(no click) while an average listing gets one

    @property
    def corrected(self) -> float:
        """Clicks over expected clicks: places accounted for, chance not."""
        return self.clicks / self.expected if self.expected else 0.0

    @property
    def word(self) -> ClickWord:
        """Whether the interval leaves out the average listing, and on which side."""
        if not self.shown:
            return ClickWord.NEVER
        if self.high < 1:
            return ClickWord.FEWER
        return ClickWord.MORE if self.low > 1 else ClickWord.LITTLE


@dataclass(frozen=True)
class ClickReport:
    """The whole log.

    `listings`: shown, clicks, expected, raw, ratio, low, high, no_click by listing_id (those ever shown).
    `places`: shown, clicks, raw (clicks / shown), rate (that of an average listing) by place from 1.
    """

    listings: pd.DataFrame
    places: pd.DataFrame
    appeal: Appeal

    @property
    def shown(self) -> int:
        """Impressions in all."""
        return int(self.places["shown"].sum())

    @property
    def clicks(self) -> int:
        """Clicks in all."""
        return int(self.places["clicks"].sum())

    @property
    def spread(self) -> float:
        """How far listings differ once places and chance are accounted for: standard deviation / mean."""
        return float(self.appeal.strength**-0.5)

    @property
    def typical(self) -> ClickStanding:
        """The listing with the median chance of clicks."""
        middle = self.listings["expected"].rank(method="first", pct=True).sub(0.5).abs().idxmin()
        return self.standing(str(middle))

    def none_by_chance(self, expected: float) -> float:
        """The share of all listings that would get no click where an average one gets `expected`."""
        nothing = np.zeros(1)
        return float(no_click_probability(nothing, nothing, self.appeal, expected)[0])

    def standing(self, listing_id: str) -> ClickStanding:
        """One listing's; one that was never shown stands where the catalogue does, with its whole spread."""
        if listing_id in self.listings.index:
            row = self.listings.loc[listing_id]
        else:
            nothing = np.zeros(1)
            row = _told(nothing, nothing, nothing, self.appeal).iloc[0]
        shown, clicks, *told = (float(value) for value in row.to_numpy(dtype=np.float64))
        return ClickStanding(int(shown), int(clicks), *told)


class ClickReader:
    """The click log of a workspace, counted once for every state of its file."""

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.clicks
        self._counted: tuple[tuple[int, int], ClickReport | None] | None = None

    def report(self) -> ClickReport | None:
        """What the log says now; None where there are no impressions. Raises `WorkspaceError`."""
        stamp = _stamp(self._folder / "impressions.parquet")
        if stamp is None:
            return None
        if self._counted is None or self._counted[0] != stamp:
            log = kept_clicks(self._folder, "impressions", ["listing_id", "position", "clicked"])
            self._counted = stamp, None if log is None or log.empty else click_report(log)
        return self._counted[1]


def click_report(log: pd.DataFrame) -> ClickReport:
    """Count a log with listing_id, position (from 1) and clicked, and free it from places and chance."""
    listing, ids = pd.factorize(log["listing_id"])
    place = log["position"].clip(1, PLACES).to_numpy(np.int64) - 1
    shown = np.zeros((len(ids), int(place.max()) + 1), np.float32)
    clicked = np.zeros_like(shown)
    np.add.at(shown, (listing, place), 1)
    np.add.at(clicked, (listing, place), log["clicked"].to_numpy(np.float32))
    rates = position_rates(shown, clicked)
    expected, clicks = expected_clicks(shown, rates), clicked.sum(axis=1, dtype=np.float64)
    appeal = fit_appeal(clicks, expected)
    listings = _told(shown.sum(axis=1, dtype=np.float64), clicks, expected, appeal)
    places = pd.DataFrame(
        {"shown": shown.sum(axis=0, dtype=np.float64), "clicks": clicked.sum(axis=0, dtype=np.float64)},
        index=pd.RangeIndex(1, shown.shape[1] + 1, name="place"),
    )
    places["raw"] = _share(places["clicks"].to_numpy(), places["shown"].to_numpy())
    places["rate"] = rates
    return ClickReport(listings.set_index(pd.Index(ids, name="listing_id")), places, appeal)


def _told(shown: Doubles, clicks: Doubles, expected: Doubles, appeal: Appeal) -> pd.DataFrame:
    """The columns of `ClickReport.listings`."""
    ratio = shrunk_ratio(clicks, expected, appeal)
    overall = clicks.sum() / max(shown.sum(), 1)
    return pd.DataFrame(
        {
            "shown": shown,
            "clicks": clicks,
            "expected": expected,
            "raw": _share(clicks, shown) / (overall or 1.0),
            "ratio": ratio.mean,
            "low": ratio.low,
            "high": ratio.high,
            "no_click": no_click_probability(clicks, expected, appeal, AHEAD),
        }
    )


def _share(part: Doubles, whole: Doubles) -> Doubles:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Tells one state of a file from another; None where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size
