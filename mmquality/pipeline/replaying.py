"""The click log of a workspace as an experiment's arms are replayed on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.util import hash_array

from mmquality.config import Workspace
from mmquality.experiments.replay import Logged, Method, examination, replay
from mmquality.pipeline.arms import Arm
from mmquality.pipeline.click_counts import impressions_in_parts
from mmquality.pipeline.known_clicks import known_clicks

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_LEAST_SEEN = 1e-6  # of a place without a single click


@dataclass(frozen=True)
class ReplayedArm:
    """Clicks per recommendation that the log gives an arm, with a 95 % interval; None where it shows none."""

    arm: str
    method: Method
    ctr: float | None
    low: float | None
    high: float | None
    impressions: int  # of the log that the arm would have shown, too
    effective: float  # of equal weight
    support: float  # share of what the arm shows that the log ever showed under the same seed


def replayed_arms(
    workspace: Workspace, ids: list[str], category: Ints, seeds: Ints, lists: Mapping[Arm, Ints]
) -> list[ReplayedArm]:
    """Every arm on the log's pages of `seeds`; empty without such pages.

    The log does not say how it chose. That it shows a listing of an arm's list is taken to be equally likely
    for all of them of the seed's `category` (a number for each row), and for all others (q, estimated by how
    often it did).
    """
    log = _pages_of(workspace.clicks, pd.Index(ids), pd.Index(seeds))
    if log.empty:
        return []
    clicks = known_clicks(workspace.clicks, ids)
    theta = examination(clicks.shown, clicks.clicked)
    found = []
    for arm, rows in lists.items():
        alike = category[seeds][:, None] == category[rows]  # (seeds, k)
        found += _replayed(arm, log, rows, alike, theta)
    return found


def _pages_of(folder: Path, rows: pd.Index[str], seeds: pd.Index[int]) -> pd.DataFrame:
    """session and page (numbered), seed (its place among `seeds`), listing (row), place (from 0), clicked."""
    parts = impressions_in_parts(folder, ["session_id", "shown_at", "seed_listing_id", "listing_id"])
    numbers = (_numbers(part.assign(place=places), rows, seeds) for part, places in parts)
    log = pd.concat([_NOTHING, *numbers], ignore_index=True)
    page = log.groupby(["session", "seed", "shown_at"], sort=False, dropna=False).ngroup()
    return log.assign(page=page, session=pd.factorize(log["session"])[0]).drop(columns="shown_at")


_NOTHING = pd.DataFrame(
    {
        "session": np.empty(0, np.uint64),  # a hash, as in `known_clicks`
        "shown_at": pd.Series(dtype="datetime64[us, UTC]"),
        "seed": np.empty(0, np.int32),
        "listing": np.empty(0, np.int32),
        "place": np.empty(0, np.int32),
        "clicked": np.empty(0, np.bool_),
    }
)


def _numbers(log: pd.DataFrame, rows: pd.Index[str], seeds: pd.Index[int]) -> pd.DataFrame:
    """The columns of `_NOTHING`: what is held of the impressions of `rows` on the pages of `seeds`."""
    seed = seeds.get_indexer(pd.Index(rows.get_indexer(pd.Index(log["seed_listing_id"]))))
    listing = rows.get_indexer(pd.Index(log["listing_id"]))
    some = (seed >= 0) & (listing >= 0)
    log = log[some]
    return pd.DataFrame(
        {
            "session": hash_array(log["session_id"].to_numpy(object)),
            "shown_at": log["shown_at"].array,
            "seed": seed[some].astype(np.int32),
            "listing": listing[some].astype(np.int32),
            "place": log["place"].to_numpy(np.int32),
            "clicked": log["clicked"].to_numpy(),
        }
    )


def _replayed(
    arm: Arm, log: pd.DataFrame, rows: Ints, alike: npt.NDArray[np.bool_], theta: Doubles
) -> list[ReplayedArm]:
    k = rows.shape[1]
    given = theta[np.minimum(np.arange(k), len(theta) - 1)]
    at = _places_in(rows, log)
    pages = log.drop_duplicates("page")
    logged = Logged(
        session=log["session"].to_numpy(),
        clicked=log["clicked"].to_numpy(np.float64),
        examined=np.maximum(theta[np.minimum(log["place"], len(theta) - 1)], _LEAST_SEEN),
        chance=_chance(at, alike, pages["seed"].to_numpy()),
        target=np.where(at >= 0, given[at % k], 0.0),
        pages=np.bincount(pages["session"]),
    )
    ever = log[at >= 0][["seed", "listing"]].drop_duplicates()
    support = len(ever) / (log["seed"].nunique() * k)
    return [_told(arm, method, logged, float(given.sum()), k, support) for method in ("ips", "snips")]


def _places_in(rows: Ints, log: pd.DataFrame) -> Ints:
    """Where in `rows` (seeds, k), gone through list by list, each impression's listing stands under its seed.

    -1 where it is not in that list, (m,).
    """
    n = 1 + max(int(rows.max()), int(log["listing"].max()))
    shown = pd.Index((np.arange(len(rows))[:, None] * n + rows).ravel())
    return np.asarray(shown.get_indexer(pd.Index(log["seed"].to_numpy(np.int64) * n + log["listing"])))


def _chance(at: Ints, alike: npt.NDArray[np.bool_], of_pages: Ints) -> Doubles:
    """How likely the log was to show a listing of the arm's list: that of its category, or of no such, (m,).

    :param at: (m,) as `_places_in`
    :param alike: (seeds, k) which listings of the lists are of the seed's category
    :param of_pages: (pages,) the seed of each page
    """
    same, within = alike.ravel()[at], at >= 0
    could = int(alike.sum(axis=1)[of_pages].sum())  # of the lists on all pages
    rates = [
        (within & (same == one)).sum() / max(of, 1)
        for one, of in ((False, alike.shape[1] * len(of_pages) - could), (True, could))
    ]
    return np.where(within, np.where(same, rates[True], rates[False]), 1.0)


def _told(arm: Arm, method: Method, logged: Logged, total: float, k: int, support: float) -> ReplayedArm:
    found = replay(logged, total, method)
    ctr, low, high = (
        None if clicks is None else clicks / k for clicks in (found.clicks, found.low, found.high)
    )
    return ReplayedArm(str(arm), method, ctr, low, high, found.impressions, found.effective, support)
