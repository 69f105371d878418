"""What the click log says, listing by listing and place by place: for people to read, nothing is trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
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
from mmquality.errors import WorkspaceError
from mmquality.ids import Ids, map_table, save_table
from mmquality.pipeline.click_counts import ClickCounts, counted_clicks
from mmquality.store import Store

Doubles = npt.NDArray[np.float64]

_LOG, _REPORT = "impressions.parquet", "report.arrow"
_STANDING = ["shown", "clicks", "expected", "raw", "ratio", "low", "high", "no_click"]  # as `ClickStanding`
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


@dataclass(frozen=True, eq=False)
class ClickReport:
    """The whole log.

    `listings`: shown, clicks, expected, raw, ratio, low, high, no_click and price (NaN where it has none) of
    those ever shown, in the order of `ids`. `places`: shown, clicks, raw (clicks / shown), rate (that of an
    average listing) by place from 1.
    """

    ids: Ids
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

    @cached_property
    def typical(self) -> ClickStanding:
        """The listing with the median chance of clicks."""
        middle = (len(self.listings) - 1) // 2
        return self._standing(int(np.argpartition(self.listings["expected"].to_numpy(), middle)[middle]))

    @cached_property
    def most_shown(self) -> str:
        """The listing_id with the most impressions."""
        return self.ids[int(self.listings["shown"].to_numpy().argmax())]

    def of(self, listing_ids: Sequence[str]) -> pd.DataFrame:
        """The rows of `listings` of those of `listing_ids` that were ever shown, by listing_id."""
        rows = {i: row for i in listing_ids if (row := self.ids.row(i)) is not None}
        return self.listings.iloc[list(rows.values())].set_index(
            pd.Index(rows, name="listing_id", dtype=object)
        )

    def none_by_chance(self, expected: float) -> float:
        """The share of all listings that would get no click where an average one gets `expected`."""
        nothing = np.zeros(1)
        return float(no_click_probability(nothing, nothing, self.appeal, expected)[0])

    def standing(self, listing_id: str) -> ClickStanding:
        """One listing's; one that was never shown stands where the catalogue does, with its whole spread."""
        row = self.ids.row(listing_id)
        if row is not None:
            return self._standing(row)
        nothing = np.zeros(1)
        return _as_standing(_told(nothing, nothing, nothing, self.appeal).iloc[0])

    def _standing(self, row: int) -> ClickStanding:
        return _as_standing(self.listings.iloc[row])


class ClickReader:
    """The click log of a workspace, counted once for every state of its file."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._folder = workspace.clicks
        self._store = store
        self._counted: tuple[str, ClickReport | None] | None = None

    def exist(self) -> bool:
        """Whether impressions were ever imported; without any, nobody knows what was shown or clicked."""
        return _stamp(self._folder / _LOG) is not None

    def report(self) -> ClickReport | None:
        """What the log says now; None where there are no impressions. Raises `WorkspaceError`."""
        stamp = _stamp(self._folder / _LOG)
        if stamp is None:
            return None
        if self._counted is None or self._counted[0] != stamp:
            self._counted = stamp, _kept(self._folder / _REPORT, stamp) or self._count()
        return self._counted[1]

    def keep(self) -> None:
        """Count the log into the catalogue, and keep what it says beside it, so that no page waits for it."""
        stamp = _stamp(self._folder / _LOG)
        if stamp is None:
            return
        counts = counted_clicks(self._folder)
        self._store.set_click_counts(counts.totals())
        if (report := self._report_of(counts)) is not None:
            _keep(self._folder / _REPORT, stamp, report)

    def _count(self) -> ClickReport | None:
        return self._report_of(counted_clicks(self._folder))

    def _report_of(self, counts: ClickCounts) -> ClickReport | None:
        if not counts.listing_ids:
            return None
        prices = self._store.catalogue_frame(["listing_id", "price"]).set_index("listing_id")["price"]
        return click_report(counts, prices.astype("float64"))


def click_report(counts: ClickCounts, prices: pd.Series[float] | None = None) -> ClickReport:
    """Free what was counted from places and chance; `prices` by listing_id, where they are known."""
    ids, shown, clicked = counts.listing_ids, counts.shown, counts.clicked
    rates = position_rates(shown, clicked)
    expected, clicks = expected_clicks(shown, rates), clicked.sum(axis=1, dtype=np.float64)
    appeal = fit_appeal(clicks, expected)
    listings = _told(shown.sum(axis=1, dtype=np.float64), clicks, expected, appeal)
    listings["price"] = np.nan if prices is None else prices.reindex(ids).to_numpy(np.float64)
    places = pd.DataFrame(
        {"shown": shown.sum(axis=0, dtype=np.float64), "clicks": clicked.sum(axis=0, dtype=np.float64)},
        index=pd.RangeIndex(1, shown.shape[1] + 1, name="place"),
    )
    places["raw"] = _share(places["clicks"].to_numpy(), places["shown"].to_numpy())
    places["rate"] = rates
    return ClickReport(Ids(ids), listings, places, appeal)


def _keep(path: Path, stamp: str, report: ClickReport) -> None:
    """Write a report to a file that is mapped by those who read it."""
    told = {
        "log": stamp,
        "places": json.dumps(report.places.to_dict("list")),
        "appeal": json.dumps(vars(report.appeal)),
    }
    save_table(
        path,
        {
            **report.ids.columns(),
            **{str(name): column.to_numpy() for name, column in report.listings.items()},
        },
        told,
    )


def _kept(path: Path, stamp: str) -> ClickReport | None:
    """The report of this state of the log; None where none was kept (an older mmquality did not)."""
    try:
        table = map_table(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path} is damaged ({error}); import the click log again.") from error
    told = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if told.get("log") != stamp:
        return None
    places = pd.DataFrame(json.loads(told["places"]))
    places.index = pd.RangeIndex(1, len(places) + 1, name="place")
    ids = Ids.of(table)
    listings = table.drop_columns(list(ids.columns())).to_pandas(split_blocks=True)
    return ClickReport(ids, listings, places, Appeal(**json.loads(told["appeal"])))


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


def _as_standing(row: pd.Series[float]) -> ClickStanding:
    shown, clicks, *told = (float(value) for value in row[_STANDING].to_numpy(dtype=np.float64))
    return ClickStanding(int(shown), int(clicks), *told)


def _stamp(path: Path) -> str | None:
    """Tells one state of a file from another; None where there is no file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return f"{found.st_mtime_ns} {found.st_size}"
