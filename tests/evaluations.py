"""Comparison tables as `evaluate peers` and `ablate` write them, with made-up numbers."""

from __future__ import annotations

import json

import pandas as pd

from mmquality.config import Workspace
from mmquality.pipeline.evaluations import ABOUT

PARTS = ("catalogue", "test", "kind:swap_any")
METHODS = {"random": 0.05, "cca": 0.72, "ours": 0.93, "lemon": 0.77}
PROJECTIONS = {"identity": 0.6, "transh": 0.8, "transr": 0.75}
ABOUT_ALL = {
    "version": "v1", "seeds": 3, "listings": 60, "at": "2026-03-05T14:07:00+00:00", "truth": "planted.csv",
}  # fmt: skip


def write_evaluations(workspace: Workspace) -> None:
    """All five tables and what they say of themselves."""
    folder = workspace.evaluations
    folder.mkdir()
    peers = [
        {"method": m, "part": p, "ap": ap - n / 50, "low": ap - n / 50 - 0.04, "high": ap + 0.03,
         "spread": 0.01 if m == "ours" else None, "seeds": 3}
        for m, ap in METHODS.items() for n, p in enumerate(PARTS)
    ]  # fmt: skip
    recall = [
        {"method": m, "k": k, "recall": ap * k / 250, "low": 0, "high": 1, "spread": "", "seeds": 3}
        for m, ap in METHODS.items() for k in (10, 50, 100)
    ]  # fmt: skip
    ablation = [
        {"variant": v, "metric": metric, "mean": mean * share, "spread": 0.02, "seeds": 3}
        for v, mean in PROJECTIONS.items() for metric, share in (("co-click AUC", 1), ("mismatch AP", 0.5))
    ]  # fmt: skip
    cost = [{"method": m, "seconds": 100 * ap, "peak_mb": 1000 - 100 * ap} for m, ap in METHODS.items()]
    tables = {"peers_mismatch": peers, "peers_recall": recall, "projections": ablation, "cost": cost}
    for name, rows in tables.items():
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    names = {"identity": "co-click", "transh": "+ triplet", "transr": "all"}
    losses = pd.DataFrame(ablation).replace(names)
    losses.to_csv(folder / "losses.csv", index=False)
    told = {name: ABOUT_ALL for name in (*tables, "losses")}
    (folder / ABOUT).write_text(json.dumps(told), encoding="utf-8")
