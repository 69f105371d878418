"""What is each part of the model worth? Projections and losses, measured on listings that were held out.

    python benchmarks/ablation.py --listings DIR            all catalogues; writes docs/benchmarks.md
    python benchmarks/ablation.py --short                   the sample marketplace alone, 600 listings

DIR holds one folder per catalogue: listings.csv, images/, planted.csv, split.csv, and impressions.parquet
and/or also_bought.csv. One `mmquality build` for each (none where --workspaces has it), then
`mmquality ablate`.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import catalogues
import report
from catalogues import MMQUALITY, Built


def measure(catalogue: Built, seeds: int) -> tuple[dict[str, Any], str]:
    """The tables of one catalogue, as numbers and as Markdown."""
    with tempfile.TemporaryDirectory() as out:
        done = report.run(
            *MMQUALITY, "ablate", "-w", str(catalogue.workspace), *catalogue.truth(),
            "--seeds", str(seeds), "--out", out, "--json",
        )  # fmt: skip
        told = {name: (Path(out) / f"{name}.md").read_text("utf-8") for name in ("projections", "losses")}
    text = "\n".join(f"**{catalogue.name}**, {name}\n\n{table}" for name, table in told.items())
    return json.loads(done.out), text


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    found: dict[str, Any] = {}
    texts = []
    with catalogues.built(given) as everyone:
        for catalogue in everyone:
            found[catalogue.name], text = measure(catalogue, given.seeds)
            texts.append(text)
    report.finish_tables(found, texts, {}, given, "ablation")


if __name__ == "__main__":
    main()
