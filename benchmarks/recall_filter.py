"""What does recall lose where listings with a wrong photo are dropped, and what do clicks add?

    python benchmarks/recall_filter.py --listings DIR --workspaces DIR   all; writes the docs' table
    python benchmarks/recall_filter.py --short                           the sample marketplace

Workspaces are built with the clicks of the test listings held out; those that are there are used as they
are. The threshold is recall's own (`asked.SUSPECT`), which no truth has chosen: `planted.csv` is read to
count alone. Recall: of the co-purchases or co-clicks of test listings, hits among the 100 nearest
/ min(100, positives).
Clicks: what `mmquality evaluate sessions` says of each catalogue with impressions.
"""

from __future__ import annotations

from typing import Any

import catalogues
import numpy as np
import pandas as pd
import report
from catalogues import Built

from mmquality.config import Workspace
from mmquality.evaluation.bootstrap import mean_interval
from mmquality.evaluation.recommending import positives_of
from mmquality.evaluation.truth import read_split
from mmquality.pipeline.keys import product_keys
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.places import open_store
from mmquality.recall import Mismatch, Recall
from mmquality.recall.sessions import learn_from_sessions

K, TOP = 100, 10
LOSS, REMOVED = 0.02, 0.80


def measure(catalogue: Built) -> dict[str, Any]:
    """One row."""
    workspace = Workspace.at(catalogue.workspace)
    planted = set(pd.read_csv(catalogue.folder / "planted.csv", dtype=str)["listing_id"])
    with open_store(workspace) as store:
        told = store.catalogue_frame(["listing_id", "attributes"])
    ids = told["listing_id"].tolist()
    split = read_split(catalogue.folder / "split.csv")
    queries = np.flatnonzero((split.reindex(ids) == "test").to_numpy())
    wanted = positives_of(
        known_clicks(workspace.clicks, ids).pairs, product_keys(told["attributes"]), queries
    )
    with Recall.open(workspace) as recall:
        lists = [_lists(recall, ids[row]) for row in queries]
    hits = np.array(
        [
            [len({ids[p] for p in positives} & set(found)) / min(K, len(positives)) for found in both]
            for both, positives in zip(lists, wanted, strict=True)
            if len(positives)
        ]
    ).reshape(-1, 2)
    shown = [sum(len(planted & set(both[n][:TOP])) for both in lists) for n in (0, 1)]
    plain, filtered = hits.mean(axis=0).tolist()
    lost = mean_interval(hits[:, 0] - hits[:, 1])
    return {
        "catalogue": catalogue.name,
        "queries": len(hits),
        f"recall@{K}": plain,
        "with the filter": filtered,
        "lost, of it": 1 - filtered / plain,
        "lost from … to": f"{lost.low / plain:.3f} … {lost.high / plain:.3f}",  # type: ignore[operator]
        f"planted in top {TOP}": shown[0],
        "left": shown[1],
        "removed": 1 - shown[1] / max(shown[0], 1),
    }


def _lists(recall: Recall, listing_id: str) -> tuple[list[str], list[str]]:
    """The ids without the filter and with it."""
    plain, filtered = (recall.similar(listing_id, K, mismatch=how) for how in (None, Mismatch()))
    return [one.listing_id for one in plain.listings], [one.listing_id for one in filtered.listings]


def sessions(catalogue: Built) -> list[dict[str, Any]]:
    """A row for each metric; none where the catalogue has no impressions."""
    if not list(catalogue.folder.glob("impressions.*")):
        return []
    found = learn_from_sessions(Workspace.at(catalogue.workspace))
    learnt = f"{found.learnt.mix:g}, {found.learnt.half_life:g}"
    told = {"catalogue": catalogue.name, "sessions": found.sessions, "mix, half-life": learnt}
    return [told | vars(gain) | {"helps": "yes" if found.helps else "no"} for gain in found.gains]


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was promised."""
    bars = {}
    for row in rows:
        bars[f"{row['catalogue']}: recall@{K} lost"] = report.bar(row["lost, of it"], LOSS, at_least=False)
        bars[f"{row['catalogue']}: planted removed from top {TOP}"] = report.bar(row["removed"], REMOVED)
    return bars


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    with catalogues.chosen(given) as everyone:
        for catalogue in everyone:
            if not list(catalogue.workspace.glob("models/v*/index")):
                split = str(catalogue.folder / "split.csv")
                report.run(*catalogues.build_command(catalogue, given.seed), "--hold-out", split)
        rows = [measure(catalogue) for catalogue in everyone]
        visits = [row for catalogue in everyone for row in sessions(catalogue)]
    tables = {"filter": rows, "sessions": visits}
    texts = [part for name in tables if tables[name] for part in (report.table(tables[name]), "")]
    report.finish_tables(tables, texts, bars_of(rows), given, "recall_filter")


if __name__ == "__main__":
    main()
