"""Do labels pay? Simulated analysts label what the queue hands them, and the model is trained again.

    python benchmarks/labels.py --listings DIR      all catalogues; writes docs/benchmarks.md
    python benchmarks/labels.py --listings DIR --orders uncertain       of one order of the queue alone
    python benchmarks/labels.py --short             the sample marketplace alone, 20 and 40 labels

The truth plays the analyst, and one verdict in twenty is wrong. For each order of the queue: the first so
many cases are labelled (anywhere in the catalogue), `mmquality retrain`, and the new ranking is measured on
the test listings: on all of them, and on those that nobody labelled. *random*: listings drawn at random.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import catalogues
import numpy as np
import pandas as pd
import report
from catalogues import MMQUALITY, Built

from mmquality.config import Workspace
from mmquality.evaluation.metrics import mismatch_metrics
from mmquality.evaluation.truth import read_by_listing, read_split
from mmquality.pipeline.places import open_store
from mmquality.records import Reason, Verdict
from mmquality.store import Order, RankingQuery

AT, AT_SHORT = (100, 300), (20, 40)
ORDERS = (Order.WORST, Order.UNCERTAIN, Order.VARIED, None)  # None: drawn at random
WRONG = 0.05  # of the analyst's verdicts
RANDOM = "random"
LOWER = 0.75  # the error after the labels, of that before
HOPELESS = 0.05  # a mismatch with a lower score is one among a thousand listings: no order hands it out


def label(workspace: Workspace, order: Order | None, labels: int, mismatched: set[str], seed: int) -> None:
    """Give so many more labels."""
    rng = np.random.default_rng([seed, labels])
    with open_store(workspace) as store:
        for _ in range(labels):
            share = 1.0 if order is None else 0.0
            case = store.next_case("simulated", RankingQuery(), share, order=order or Order.WORST)
            assert case is not None
            wrong = case.listing_id in mismatched
            if rng.random() < WRONG:
                wrong = not wrong
            verdict, reason = (Verdict.MISMATCH, Reason.OTHER) if wrong else (Verdict.MATCH, None)
            store.add_label(case.listing_id, verdict, reason, "", "simulated", drawn=case.drawn)


def scores_of(workspace: Workspace) -> tuple[pd.Series[float], set[str]]:
    """The scores of the version in force by listing id, and the labelled listings."""
    with open_store(workspace) as store:
        version = store.current_version()
        assert version is not None
        scores = store.version_scores(version.name).set_index("listing_id")["score"].sort_index()
        return scores, {row.listing_id for row in store.iter_labels()}


def error(scores: pd.Series[float], mismatched: set[str]) -> float:
    """1 - average precision."""
    ap = mismatch_metrics(np.array(scores, dtype=np.float64), scores.index.isin(list(mismatched)))["ap"]
    return float("nan") if ap is None else 1 - float(ap)


def hopeless(scores: pd.Series[float], mismatched: set[str]) -> float:
    """The share of the error that is due to mismatches with a score below `HOPELESS`.

    1 - AP is the mean, over the mismatches, of 1 - the precision at each one's rank.
    """
    falling = scores.sort_values(ascending=False)
    wrong = np.asarray(falling.index.isin(list(mismatched)))
    missed = (1 - np.cumsum(wrong) / np.arange(1, len(wrong) + 1))[wrong]
    return float(missed[falling.to_numpy()[wrong] < HOPELESS].sum() / missed.sum())


def measure(
    catalogue: Built, order: Order | None, counts: tuple[int, ...], seed: int
) -> list[dict[str, Any]]:
    """A row for each number of labels, in a copy of the workspace."""
    mismatched = set(read_by_listing(catalogue.folder / "planted.csv", "kind").index)
    split = read_split(catalogue.folder / "split.csv")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        copy = Workspace.at(shutil.copytree(catalogue.workspace, Path(scratch) / "workspace"))
        before, _ = scores_of(copy)
        test = before.index.isin(split.index[split == "test"])
        given = 0
        for labels in counts:
            label(copy, order, labels - given, mismatched, seed)
            given = labels
            report.run(
                *MMQUALITY, "retrain", "-w", str(copy.root), "--publish", "always", "--seed", str(seed)
            )
            after, labelled = scores_of(copy)
            unlabelled = test & ~before.index.isin(list(labelled))
            row = {
                "catalogue": catalogue.name,
                "order": order.value if order else RANDOM,
                "labels": labels,
                "mismatches among them": len(labelled & mismatched),
                "error before": error(before[test], mismatched),
                f"share of it below {HOPELESS}": hopeless(before[test], mismatched),
                "error after / before": error(after[test], mismatched) / error(before[test], mismatched),
                "of listings without label": error(after[unlabelled], mismatched)
                / error(before[unlabelled], mismatched),
            }
            rows.append(row)
    return rows


def main() -> None:
    """Run it."""
    orders = {order.value if order else RANDOM: order for order in ORDERS}
    given = catalogues.arguments(
        __doc__, {"--orders": {"nargs": "+", "choices": orders, "default": [*orders]}}
    )
    counts = AT_SHORT if given.short else AT
    rows = []
    with catalogues.built(given) as everyone:
        for catalogue in everyone:
            for name in given.orders:
                rows += measure(catalogue, orders[name], counts, given.seed)
    bars = {
        f"{row['catalogue']}: error after {row['labels']} labels ({row['order']}) / before": report.bar(
            row["error after / before"], LOWER, at_least=False
        )
        for row in rows
        if row["labels"] == AT[-1]
    }
    report.finish(rows, bars, given.seed, given.json, None if given.short else "labels")


if __name__ == "__main__":
    main()
