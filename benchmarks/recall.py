"""Does the unified embedding find what people buy together? On listings whose clicks it never saw.

    python benchmarks/recall.py --listings DIR        catalogues with co-purchases; writes docs/benchmarks.md
    python benchmarks/recall.py --short               the sample marketplace alone, 600 listings, one seed

DIR holds one folder per catalogue: listings.csv, images/, split.csv and also_bought.csv; those without the
last are passed over. One `mmquality build` (none where --workspaces has it), then `train --hold-out
split.csv`, `score` and `index` for each seed; after each, `mmquality evaluate recall` asks for the test
listings' co-purchases. Run it last where workspaces are shared: the others measure models of every click.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import catalogues
import numpy as np
import report
from catalogues import MMQUALITY, Built

SEED_STEP = 100
SPACES = ("title", "photo", "concat", "unified")
AT = (10, 50, 100)
BARS = {"title": 1.7, "concat": 1.3}  # unified recall@10 and @100 against theirs, on every seed


def measured(catalogue: Built, seeds: list[int]) -> list[dict[str, Any]]:
    """What `evaluate recall` says of each seed's model."""
    split = str(catalogue.folder / "split.csv")
    asked = ["--pairs", str(catalogue.pairs), "--split", split, "--json"]
    found = []
    for seed in seeds:
        for command in _commands(catalogue, seed, split):
            report.run(*command)
        done = report.run(*MMQUALITY, "evaluate", "recall", "-w", str(catalogue.workspace), *asked)
        found.append(json.loads(done.out))
    return found


def _commands(catalogue: Built, seed: int, split: str) -> Iterator[list[str]]:
    """A model of this seed that knows nothing of the test listings' clicks."""
    workspace = ["-w", str(catalogue.workspace)]
    yield [*MMQUALITY, "train", *workspace, "--seed", str(seed), "--hold-out", split]
    yield [*MMQUALITY, "score", *workspace]
    yield [*MMQUALITY, "index", *workspace]


def rows_of(name: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each space: recall by seed."""
    return [
        {"catalogue": name, "space": space, "queries": found[0]["queries"]}
        | {f"recall@{k}": [of_seed[space][f"recall@{k}"] for of_seed in found] for k in AT}
        for space in SPACES
    ]


def bars_of(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """What must hold on the worst seed, and that no model knew what it was asked."""
    known = max(of_seed["pairs_trained_on"] for of_seed in found)
    bars = {f"{name}: share of the asked pairs that a model knew": report.bar(known, 0.0, at_least=False)}
    for k in (10, 100):
        for space, times in BARS.items():
            ratios = [s["unified"][f"recall@{k}"] / s[space][f"recall@{k}"] for s in found]
            bars[f"{name}: recall@{k} / {space}'s, worst seed"] = report.bar(min(ratios), times)
    return bars


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: mean ± standard deviation over seeds."""
    return {name: _spread(value) if isinstance(value, list) else value for name, value in row.items()}


def _spread(values: list[float]) -> str:
    mean, deviation = np.mean(values), np.std(values)
    return f"{mean:.4f} ± {deviation:.4f}" if deviation else f"{mean:.4f}"


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    seeds = [given.seed + SEED_STEP * number for number in range(given.seeds)]
    rows: list[dict[str, Any]] = []
    bars: dict[str, Any] = {}
    with catalogues.built(given, lambda catalogue: catalogue.pairs is not None) as found_catalogues:
        for catalogue in found_catalogues:
            found = measured(catalogue, seeds)
            rows += rows_of(catalogue.name, found)
            bars |= bars_of(catalogue.name, found)
    if not given.json:
        rows = [shown(row) for row in rows]
    report.finish(
        rows, {} if given.short else bars, given.seed, given.json, None if given.short else "recall"
    )


if __name__ == "__main__":
    main()
