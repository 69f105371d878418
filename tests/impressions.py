"""A click log for the small workspace of the page tests: every listing at every place, as often."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from mmquality.config import Workspace
from mmquality.pipeline.click_counts import counted_clicks
from mmquality.pipeline.click_report import ClickReport, click_report
from mmquality.pipeline.kept_clicks import merge_clicks

PLACES = 4
RATE = (0.30, 0.20, 0.14, 0.10)  # of an average listing at each place


def log_of(appeal: dict[str, float], times: int = 40, seed: int = 0) -> pd.DataFrame:
    """Impressions of each listing, `times` at each place, clicked as often as its appeal says."""
    rng = np.random.default_rng(seed)
    ids = np.repeat(list(appeal), PLACES * times)
    place = np.tile(np.arange(PLACES), len(appeal) * times)
    rate = np.array(RATE)[place] * np.repeat(list(appeal.values()), PLACES * times)
    return pd.DataFrame(
        {
            "session_id": [f"s{n}" for n in range(len(ids))],
            "shown_at": pd.Timestamp("2026-03-01", tz="UTC"),
            "seed_listing_id": "",
            "listing_id": ids,
            "position": place + 1,
            "clicked": rng.random(len(ids)) < rate,
        }
    )


def give_log(workspace: Workspace, appeal: dict[str, float], times: int = 40) -> None:
    """Put such a log into a workspace."""
    merge_clicks(workspace.clicks, "impressions", [log_of(appeal, times)])


def report_of(log: pd.DataFrame, prices: pd.Series[float] | None = None) -> ClickReport:
    """What pages say of such a log."""
    with TemporaryDirectory() as folder:
        merge_clicks(Path(folder), "impressions", [log])
        return click_report(counted_clicks(Path(folder)), prices)
