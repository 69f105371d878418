"""The sample marketplace as the pictures show it: mapped, measured, and labelled by two invented analysts."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pandas as pd
from sqlalchemy import create_engine, update

from mmquality.config import Workspace
from mmquality.pipeline.demo import build_sample
from mmquality.pipeline.mapping import draw_map, map_path
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.spaces import compare_spaces, read_report
from mmquality.records import Label, Reason, Verdict
from mmquality.store import RankingQuery, Store
from mmquality.store.tables import labels

ANALYSTS = ("Ana", "Ben")
_DAYS, _A_DAY = 6, 7  # verdicts of each analyst
_CONTROLS = 0.35
_REASONS = {
    "swap_any": Reason.WRONG_PRODUCT,
    "swap_related": Reason.WRONG_PRODUCT,
    "copied": Reason.WRONG_PRODUCT,
    "placeholder": Reason.PLACEHOLDER,
    "accessory_or_box": Reason.ACCESSORY_ONLY,
}


def prepared(folder: Path, reporter: Reporter) -> Workspace:
    """The workspace in `folder`; what is missing of it is made, which takes minutes."""
    workspace = Workspace.at(folder)
    version = build_sample(workspace, reporter=reporter)
    if not map_path(workspace, version).exists():
        draw_map(workspace, reporter)
    if read_report(workspace, version) is None:
        compare_spaces(workspace, reporter)
    with open_store(workspace) as store:
        if not any(store.label_counts().values()):
            _label(workspace, store)
    return workspace


def _label(workspace: Workspace, store: Store) -> None:
    """Verdicts from the queue as people who are always right would give them, on the last days."""
    planted = pd.read_csv(workspace.root / "sample" / "planted.csv", index_col="listing_id")["kind"]
    rng = random.Random(0)
    engine = create_engine(workspace.database_url)
    for days_ago in reversed(range(_DAYS)):
        for analyst in ANALYSTS:
            for left in reversed(range(rng.randint(_A_DAY - 4, _A_DAY + 4))):
                label = _verdict(store, analyst, planted, rng)
                when = {"created_at": label.created_at - timedelta(days=days_ago, seconds=14 * left)}
                with engine.begin() as connection:
                    connection.execute(update(labels).where(labels.c.label_id == label.label_id).values(when))
    engine.dispose()


def _verdict(store: Store, analyst: str, planted: pd.Series[str], rng: random.Random) -> Label:
    case = store.next_case(analyst, RankingQuery(), _CONTROLS, rng=rng)
    assert case is not None
    reason = _REASONS[planted[case.listing_id]] if case.listing_id in planted.index else None
    verdict = Verdict.MISMATCH if reason else Verdict.MATCH
    return store.add_label(case.listing_id, verdict, reason, "", analyst, drawn=case.drawn, score_hidden=True)
