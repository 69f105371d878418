"""An experiment's arms on a click log, read in parts: held against the log gone through row by row."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from mmquality.config import Workspace
from mmquality.experiments.replay import Logged, examination, replay
from mmquality.pipeline import kept_clicks
from mmquality.pipeline.arms import Arm
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.replaying import ReplayedArm, replayed_arms

IDS = [f"L{n}" for n in range(12)]
CATEGORY = np.arange(12) // 4
SEEDS, LIST = np.array([2, 5, 9]), np.array([[1, 4, 3], [0, 6, 7], [11, 8, 2]])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Pages of several seeds and visitors, some without a time; listings and pages that nobody knows."""
    rng = np.random.default_rng(3)
    rows = []
    for page in range(200):
        seed = rng.choice([*IDS[:10], "gone"])
        at = pd.NaT if page % 9 == 0 else pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(minutes=page)
        for place, listing in enumerate(rng.choice([*IDS, "unknown"], 5, replace=False), 1):
            rows.append((f"s{page // 3}", at, seed, listing, place, rng.random() < 0.4 / place))
    columns = ["session_id", "shown_at", "seed_listing_id", "listing_id", "position", "clicked"]
    log = pd.DataFrame(rows, columns=columns)
    made = Workspace.at(tmp_path_factory.mktemp("replayed"))
    merge_clicks(made.clicks, "impressions", [log.assign(shown_at=log["shown_at"].dt.as_unit("us"))])
    return made


def row_by_row(workspace: Workspace) -> list[ReplayedArm]:
    """The same of one arm, as the docstrings tell it."""
    clicks = known_clicks(workspace.clicks, IDS)
    theta = examination(clicks.shown, clicks.clicked)
    log = pd.read_parquet(workspace.clicks / "impressions.parquet").astype(object).to_numpy().tolist()
    log = [row for row in log if row[2] in [IDS[s] for s in SEEDS] and row[3] in IDS]
    lists = {IDS[s]: [IDS[n] for n in rows] for s, rows in zip(SEEDS, LIST, strict=True)}
    pages = list(dict.fromkeys((row[0], str(row[1]), row[2]) for row in log))
    sessions = list(dict.fromkeys(row[0] for row in log))

    def alike(seed: str, listing: str) -> bool:
        return bool(CATEGORY[IDS.index(seed)] == CATEGORY[IDS.index(listing)])

    could = {same: sum(alike(p[2], x) == same for p in pages for x in lists[p[2]]) for same in (True, False)}
    did = {
        same: sum(r[3] in lists[r[2]] and alike(r[2], r[3]) == same for r in log) for same in (True, False)
    }
    chance = [did[alike(r[2], r[3])] / could[alike(r[2], r[3])] if r[3] in lists[r[2]] else 1.0 for r in log]
    logged = Logged(
        session=np.array([sessions.index(row[0]) for row in log]),
        clicked=np.array([float(row[5]) for row in log]),
        examined=np.array([max(theta[row[4] - 1], 1e-6) for row in log]),
        chance=np.array(chance),
        target=np.array([theta[lists[r[2]].index(r[3])] if r[3] in lists[r[2]] else 0.0 for r in log]),
        pages=np.array([sum(page[0] == session for page in pages) for session in sessions]),
    )
    ever = {(row[2], row[3]) for row in log if row[3] in lists[row[2]]}
    found = []
    for method in ("ips", "snips"):
        told = replay(logged, float(theta[:3].sum()), method)
        ctr, low, high = (value / 3 for value in (told.clicks, told.low, told.high))
        support = len(ever) / LIST.size
        found.append(
            ReplayedArm(str(Arm.TITLE), method, ctr, low, high, told.impressions, told.effective, support)
        )
    return found


@pytest.mark.parametrize("rows", [7, 500_000])
def test_arms_are_replayed_as_row_by_row(workspace: Workspace, rows: int) -> None:
    with patch.object(kept_clicks, "_ROWS", rows):
        found = replayed_arms(workspace, IDS, CATEGORY, SEEDS, {Arm.TITLE: LIST})
    assert found == row_by_row(workspace) and found[0].impressions > 20


def test_a_log_without_these_pages_replays_nothing(workspace: Workspace, tmp_path: Path) -> None:
    assert replayed_arms(workspace, IDS, CATEGORY, np.array([11]), {Arm.TITLE: LIST[:1]}) == []
    assert replayed_arms(Workspace.at(tmp_path), IDS, CATEGORY, SEEDS, {Arm.TITLE: LIST}) == []
