"""How quick are nearest neighbours among very many listings, and how many of the nearest are found?

    python benchmarks/neighbours.py                   100,000 and 1,000,000 vectors; writes docs/benchmarks.md
    python benchmarks/neighbours.py --short           20,000 vectors

Vectors of 128 dimensions around 2,000 centres that lie in 32 of them, as embeddings do, and some noise in
all. "Exact" goes through everything in single precision; "kept" is an index after it was saved and loaded.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import report

from mmquality.index import NeighbourIndex, Vectors

SIZES, SHORT, DIMENSIONS = (100_000, 1_000_000), (20_000,), 128
CENTRES, INNER, SPREAD, NOISE = 2_000, 32, 0.5, 0.1
ASKED, NEAREST = 1_000, 10
RECALL, TIMES, SINGLE_MS = 0.98, 20, 5
Result = TypeVar("Result")


def vectors_like(listings: int, rng: np.random.Generator, dimensions: int = DIMENSIONS) -> Vectors:
    """(listings, dimensions), unit length."""
    frame = np.linalg.qr(rng.normal(size=(dimensions, INNER)))[0].T.astype(np.float32)
    centres = rng.normal(size=(CENTRES, INNER)).astype(np.float32)
    inner = centres[rng.integers(0, CENTRES, listings)]
    inner += SPREAD * rng.standard_normal(inner.shape, dtype=np.float32)
    vectors = inner @ frame + NOISE * rng.standard_normal((listings, dimensions), dtype=np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def measure(listings: int, seed: int) -> dict[str, Any]:
    """One row."""
    rng = np.random.default_rng(seed)
    vectors = vectors_like(listings, rng)
    exact = NeighbourIndex.build(vectors, [f"listing {row}" for row in range(listings)])
    asked = rng.choice(listings, ASKED, replace=False)
    queries = vectors[asked]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "unified.faiss"
        _, build = timed(lambda: exact.save(path))
        size = path.stat().st_size
        kept = NeighbourIndex.load(path)
        kept.search(queries, NEAREST + 1)
        (found, _), seconds = timed(lambda: kept.search_others(queries, asked, NEAREST))
        (true, _), exact_seconds = timed(lambda: exact.search_others(queries, asked, NEAREST))
        single = [timed(lambda row=row: kept.nearest(f"listing {row}", NEAREST))[1] for row in asked]
    hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), true.tolist(), strict=True)]
    return {
        "listings": listings,
        "kept s": build,
        "MB": size / 1e6,
        "recall@10": float(np.mean(hits)) / NEAREST,
        "recall told": kept.recall,
        "exact ms": 1_000 * exact_seconds / ASKED,
        "kept ms": 1_000 * seconds / ASKED,
        "times as quick": exact_seconds / seconds,
        "one alone, p50 ms": 1_000 * float(np.median(single)),
        "one alone, p95 ms": 1_000 * float(np.quantile(single, 0.95)),
    }


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What it gives, and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def bars_of(row: dict[str, Any]) -> dict[str, Any]:
    """What was promised of a million."""
    name = f"{row['listings']:,} listings"
    return {
        f"{name}: recall@10": report.bar(row["recall@10"], RECALL),
        f"{name}: times as quick as exact": report.bar(row["times as quick"], TIMES),
        f"{name}: one alone, p95 ms": report.bar(row["one alone, p95 ms"], SINGLE_MS, at_least=False),
    }


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "20,000 vectors")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    rows = [measure(size, given.seed) for size in (SHORT if given.short else SIZES)]
    bars = {} if given.short else bars_of(rows[-1])
    report.finish(rows, bars, given.seed, given.json, None if given.short else "neighbours")


if __name__ == "__main__":
    main()
