"""Is it better than what a scientist would try first? Ours against every peer on each catalogue.

    python benchmarks/comparison.py --listings DIR            all catalogues; writes docs/benchmarks.md
    python benchmarks/comparison.py --short                   the sample marketplace alone, 600 listings

DIR holds one folder per catalogue: listings.csv, images/, planted.csv, split.csv, and impressions.parquet
and/or also_bought.csv. One `mmquality build` for each (none where --workspaces has it), then
`mmquality evaluate peers`, which alone reads the truth.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import catalogues
import report
from catalogues import MMQUALITY, Built

OURS = "ours"
PARTS = {"catalogue": "AP", "test": "AP test"}


def measure(catalogue: Built, seeds: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The tables of one catalogue, as numbers and as Markdown."""
    pairs = ["--pairs", str(catalogue.pairs)] if catalogue.pairs else []
    with tempfile.TemporaryDirectory() as out:
        done = report.run(
            *MMQUALITY, "evaluate", "peers", "-w", str(catalogue.workspace), *catalogue.truth(), *pairs,
            "--seeds", str(seeds), "--out", out, "--json",
        )  # fmt: skip
        told = {path.stem: path.read_text(encoding="utf-8") for path in sorted(Path(out).glob("*.md"))}
    return json.loads(done.out), told


def bars_of(name: str, tables: dict[str, Any]) -> dict[str, Any]:
    """Our error is at most half of the best peer's; recall is far above title's and concatenation's.

    These two spaces are the same for every seed, so that the worst of ours can be held against them.
    """
    bars = {}
    for part, label in PARTS.items():
        found = {r["method"]: r["ap"] for r in tables["peers_mismatch"] if r["part"] == part}
        if ours := found.pop(OURS, None):
            best = max((ap, method) for method, ap in found.items() if ap is not None)
            named = f"{name} error {label} / best peer's ({best[1]})"
            bars[named] = report.bar((1 - ours) / (1 - best[0]), 0.5, at_least=False)
    recall = {(r["method"], r["k"]): r["worst"] for r in tables.get("peers_recall", [])}
    for k in (10, 100) if recall else ():
        for method, times in (("title", 1.7), ("concat", 1.3)):
            ratio = recall[OURS, k] / recall[method, k] if recall[method, k] else float("inf")
            bars[f"{name} recall@{k} / {method}'s, worst seed"] = report.bar(ratio, times)
    return bars


def markdown(name: str, told: dict[str, str]) -> str:
    """The tables of one catalogue."""
    titles = {
        "peers_mismatch": "average precision (95 % interval) ± spread over seeds",
        "peers_recall": "recall of held-out listings",
        "cost": "cost: mean seconds, peak megabytes",
    }
    parts = [f"**{name}**, {title}\n\n{told[table]}" for table, title in titles.items() if table in told]
    return "\n".join(parts)


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    found: dict[str, Any] = {}
    texts, bars = [], {}
    with catalogues.built(given) as everyone:
        for catalogue in everyone:
            found[catalogue.name], told = measure(catalogue, given.seeds)
            texts.append(markdown(catalogue.name, told))
            bars |= bars_of(catalogue.name, found[catalogue.name])
    report.finish_tables(found, texts, {} if given.short else bars, given, "comparison")


if __name__ == "__main__":
    main()
