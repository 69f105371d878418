"""The click log of a workspace as an experiment's arms are replayed on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.experiments.replay import Logged, Method, examination, replay
from mmquality.pipeline.arms import Arm
from mmquality.pipeline.kept_clicks import kept_clicks
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
    log = _pages_of(workspace, ids, seeds)
    if log is None or log.empty:
        return []
    clicks = known_clicks(workspace.clicks, ids)
    theta = examination(clicks.shown, clicks.clicked)
    found = []
    for arm, rows in lists.items():
        alike = category[seeds][:, None] == category[rows]  # (seeds, k)
        found += _replayed(arm, log, rows, alike, theta)
    return found


def _pages_of(workspace: Workspace, ids: list[str], seeds: Ints) -> pd.DataFrame | None:
    """session and page (numbered), seed (its place among `seeds`), listing (row), place (from 0), clicked."""
    log = kept_clicks(workspace.clicks, "impressions")
    if log is None:
        return None
    rows = pd.Index(ids)
    under = pd.Index(rows.get_indexer(pd.Index(log["seed_listing_id"])))
    seed = pd.Index(seeds).get_indexer(under)
    listing = rows.get_indexer(pd.Index(log["listing_id"]))
    log = log.assign(seed=seed, listing=listing)[(seed >= 0) & (listing >= 0)]
    return pd.DataFrame({
        "session": pd.factorize(log["session_id"])[0],
        "page": log.groupby(["session_id", "seed_listing_id", "shown_at"], sort=False, dropna=False).ngroup(),
        "seed": log["seed"],
        "listing": log["listing"],
        "place": log["position"].clip(1) - 1,
        "clicked": log["clicked"].astype("float64"),
    })  # fmt: skip


def _replayed(
    arm: Arm, log: pd.DataFrame, rows: Ints, alike: npt.NDArray[np.bool_], theta: Doubles
) -> list[ReplayedArm]:
    k = rows.shape[1]
    given = theta[np.minimum(np.arange(k), len(theta) - 1)]
    match = rows[log["seed"]] == log["listing"].to_numpy()[:, None]  # (m, k)
    pages = log.drop_duplicates("page")
    logged = Logged(
        session=log["session"].to_numpy(),
        clicked=log["clicked"].to_numpy(),
        examined=np.maximum(theta[np.minimum(log["place"], len(theta) - 1)], _LEAST_SEEN),
        chance=_chance(match, alike[log["seed"]], alike[pages["seed"]]),
        target=match @ given,
        pages=np.bincount(pages["session"]),
    )
    ever = log[match.any(axis=1)][["seed", "listing"]].drop_duplicates()
    support = len(ever) / (log["seed"].nunique() * k)
    return [_told(arm, method, logged, float(given.sum()), k, support) for method in ("ips", "snips")]


def _chance(
    match: npt.NDArray[np.bool_], alike: npt.NDArray[np.bool_], of_pages: npt.NDArray[np.bool_]
) -> Doubles:
    """How likely the log was to show a listing of the arm's list: that of its category, or of no such, (m,).

    :param match: (m, k) where in the arm's list each impression's listing stands
    :param alike: (m, k) which listings of that list are of the seed's category; of_pages: (pages, k) likewise
    """
    rates = {
        same: (match & (alike == same)).sum() / max((of_pages == same).sum(), 1) for same in (True, False)
    }
    chance = np.where((match & alike).any(axis=1), rates[True], rates[False])
    return np.where(match.any(axis=1), chance, 1.0)


def _told(arm: Arm, method: Method, logged: Logged, total: float, k: int, support: float) -> ReplayedArm:
    found = replay(logged, total, method)
    ctr, low, high = (
        None if clicks is None else clicks / k for clicks in (found.clicks, found.low, found.high)
    )
    return ReplayedArm(str(arm), method, ctr, low, high, found.impressions, found.effective, support)
