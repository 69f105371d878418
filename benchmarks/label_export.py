"""How long does an export of a million labels take, and how much memory? Every format, a process each.

    python benchmarks/label_export.py            1,000,000 labels; writes docs/benchmarks.md
    python benchmarks/label_export.py --short    20,000 labels; writes nothing

A million listings with one label each, written by the store itself; then `mmquality export` as anybody would
run it, its start included.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report

from mmquality.config import Workspace
from mmquality.records import Reason, Verdict
from mmquality.store import EXPORT_ENDINGS, MOST_AT_ONCE, Store

SEED, LABELS = 7, 1_000_000
SECONDS, MEGABYTES = 60, 500
_CHUNK = 50_000
_WORDS = "vintage lamp desk blue guitar with case watch leather strap mug stoneware 350 ml new set".split()


def fill(workspace: Workspace, labels: int) -> None:
    """A listing for each label, and the labels."""
    rng = np.random.default_rng(SEED)
    with Store.open(workspace.database_url) as store:
        for frame in _listings(labels, rng):
            store.upsert_listings(frame)
        for start in range(0, labels, MOST_AT_ONCE):
            ids = [f"L{n:07d}" for n in range(start, min(start + MOST_AT_ONCE, labels))]
            verdict = Verdict.MATCH if rng.random() < 0.5 else Verdict.MISMATCH
            reason = list(Reason)[rng.integers(len(Reason))] if verdict is Verdict.MISMATCH else None
            note = "the photo shows something else" if rng.random() < 0.3 else ""
            store.add_labels(ids, verdict, reason, note, f"analyst {rng.integers(5)}")


def _listings(count: int, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    for start in range(0, count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count))
        ids = [f"L{n:07d}" for n in numbers]
        drawn = rng.integers(0, len(_WORDS), size=(len(ids), 9))
        yield pd.DataFrame(
            {
                "listing_id": ids,
                "title": [" ".join(_WORDS[w] for w in row) for row in drawn],
                "category": [f"Category {n % 60:02d}" for n in numbers],
                "price": 9.5,
                "seller": "seller",
                "attributes": [{} for _ in ids],
                "image": [f"photos/{i}.jpg" for i in ids],
                "photo_path": [f"/photos/{i}.jpg" for i in ids],
                "title_hash": ids,
                "photo_hash": ids,
                "photo_size": 30_000,
                "photo_mtime_ns": 1,
            }
        ).astype({"price": "Float64", "photo_size": "Int64", "photo_mtime_ns": "Int64"})


def measure(workspace: Workspace, folder: Path, labels: int) -> list[dict[str, Any]]:
    """One row for each format."""
    rows = []
    for ending in EXPORT_ENDINGS:
        path = folder / f"labels{ending}"
        command = ["-m", "mmquality", "export", "-w", str(workspace.root), "--out", str(path)]
        done = report.run(sys.executable, *command, watched=True)
        if f"{labels:,} labels" not in done.out:
            raise RuntimeError(f"not every label was written: {done.out}")
        rows.append(
            {
                "format": ending,
                "labels": f"{labels:,}",
                "seconds": round(done.seconds, 1),
                "peak MB": round(done.peak_bytes / 1e6),
                "file MB": round(path.stat().st_size / 1e6),
            }
        )
        path.unlink()
    return rows


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "few labels; writes nothing")
    given = parser.parse_args()
    labels = 20_000 if given.short else LABELS
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.at(Path(scratch) / "workspace")
        fill(workspace, labels)
        rows = measure(workspace, Path(scratch), labels)
    bars = {
        "slowest, seconds": report.bar(max(row["seconds"] for row in rows), SECONDS, at_least=False),
        "most memory, MB": report.bar(max(row["peak MB"] for row in rows), MEGABYTES, at_least=False),
    }
    report.finish(rows, bars, SEED, given.json, None if given.short else "label-export")


if __name__ == "__main__":
    main()
