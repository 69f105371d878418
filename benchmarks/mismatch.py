"""How good is the mismatch ranking? One `mmquality build` for each real catalogue, then `mmquality evaluate`.

    python benchmarks/mismatch.py --listings DIR            all catalogues; writes docs/benchmarks.md
    python benchmarks/mismatch.py --short                   the sample marketplace alone, 600 listings

DIR holds one folder per catalogue: listings.csv, images/, planted.csv, split.csv, and impressions.parquet
and/or also_bought.csv. The truth is read by `evaluate` alone.
"""

from __future__ import annotations

import json
import re
from typing import Any

import catalogues
import report
from catalogues import MMQUALITY, Built

BARS = {  # AP of the whole catalogue, AP of the test split
    "ebay_antiquities": (0.90, 0.86),
    "amazon_electronics": (0.92, 0.88),
    "hm_fashion": (0.72, 0.68),
}
PLACEHOLDER, COPIED, CALIBRATION = 0.90, 0.70, 0.03
SECONDS, TRAINING_SECONDS, BYTES = 360, 180, 3 * 2**30  # a whole build of a catalogue of about 8,000
TRAINING = "First look", "Training networks"  # stages of it


def measure(catalogue: Built, seed: int) -> dict[str, Any]:
    """One row: build and evaluate a catalogue."""
    built = report.run(*catalogues.build_command(catalogue, seed), watched=True)
    asked = ["-w", str(catalogue.workspace), *catalogue.truth(), "--json"]
    measured = json.loads(report.run(*MMQUALITY, "evaluate", "mismatch", *asked).out)
    return {
        "catalogue": catalogue.name,
        "listings": measured["catalogue"]["n"],
        "AP": measured["catalogue"]["ap"],
        "AP test": measured["test"]["ap"],
        "precision@50": measured["catalogue"]["precision_at_50"],
        "ECE test": measured["test"]["ece"],
        **{f"AP {kind}": metrics["ap"] for kind, metrics in measured["by_kind"].items()},
        "build s": round(built.seconds),
        "training s": round(sum(stage_seconds(built.err, stage) for stage in TRAINING)),
        "peak GB": round(built.peak_bytes / 1e9, 2),
    }


def stage_seconds(log: str, stage: str) -> float:
    """Seconds of a stage, from the plain progress lines."""
    found = re.search(rf"^{stage}: .* in ([\d.]+) s$", log, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the build did not say how long {stage!r} took:\n{log[-2000:]}")
    return float(found.group(1))


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The promises that these rows answer."""
    bars: dict[str, Any] = {}
    for row in rows:
        name = row["catalogue"]
        for column, limit in zip(("AP", "AP test"), BARS.get(name, ()), strict=False):
            bars[f"{name} {column}"] = report.bar(row[column], limit)
        if name in BARS:
            bars[f"{name} AP placeholder"] = report.bar(row["AP placeholder"], PLACEHOLDER)
            bars[f"{name} AP copied"] = report.bar(row["AP copied"], COPIED)
            bars[f"{name} ECE test"] = report.bar(row["ECE test"], CALIBRATION, at_least=False)
        if name == "ebay_antiquities":
            bars["eBay build s"] = report.bar(row["build s"], SECONDS, at_least=False)
            bars["eBay training s"] = report.bar(row["training s"], TRAINING_SECONDS, at_least=False)
            bars["eBay peak GB"] = report.bar(row["peak GB"], BYTES / 1e9, at_least=False)
    return bars


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    with catalogues.chosen(given) as everyone:
        rows = [measure(catalogue, given.seed) for catalogue in everyone]
    report.finish(rows, bars_of(rows), given.seed, given.json, None if given.short else "mismatch")


if __name__ == "__main__":
    main()
