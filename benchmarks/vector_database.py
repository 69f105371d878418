"""How quick are nearest neighbours in a vector database, and are they those of the index in a file?

    python benchmarks/vector_database.py                                  100,000 vectors, in milvus-lite
    python benchmarks/vector_database.py --database http://host:19530     in a server
    python benchmarks/vector_database.py --short                          5,000 vectors

The vectors of `benchmarks/neighbours.py`. One index is kept in a file, one in the database; both are loaded
and asked for the ten nearest of the same listings, all at once and one at a time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import report
from neighbours import NEAREST, timed, vectors_like

from mmquality.index import NeighbourIndex, VectorIndex, keeping

LISTINGS, SHORT, ASKED = 100_000, 5_000, 200


def measure(listings: int, seed: int, database: str | None, scratch: Path) -> list[dict[str, Any]]:
    """A row for the file, a row for the database."""
    rng = np.random.default_rng(seed)
    vectors = vectors_like(listings, rng)
    asked = rng.choice(listings, ASKED, replace=False)
    ids = [f"listing {row}" for row in range(listings)]
    exact = NeighbourIndex.build(vectors, ids)
    true, _ = exact.search_others(vectors[asked], asked, NEAREST)
    address = database or f"milvus://{scratch}/vectors.db"
    rows = []
    for name, place in (("file", None), (address.split("@")[-1] if database else "milvus-lite", address)):
        path = scratch / f"{'database' if place else 'file'}.faiss"
        _, seconds = timed(lambda path=path, at=place: keeping.keep(vectors, ids, path, at, "benchmark"))
        index = keeping.load(path, place)
        rows.append({"listings": listings, "kept in": name, "kept s": seconds} | asking(index, asked, true))
        keeping.drop(keeping.collections_of([path]), place)
    return rows


def asking(index: VectorIndex, asked: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    """Recall, and milliseconds for one listing: of many asked for at once, and alone."""
    queries = index.vectors_at(asked)
    (found, _), together = timed(lambda: index.search_others(queries, asked, NEAREST))
    single = [timed(lambda row=row: index.nearest(f"listing {row}", NEAREST))[1] for row in asked[:50]]
    hits = [len(set(a) & set(b)) for a, b in zip(found.tolist(), true.tolist(), strict=True)]
    return {
        "recall@10": float(np.mean(hits)) / NEAREST,
        "ms": 1_000 * together / len(asked),
        "one alone, p50 ms": 1_000 * float(np.median(single)),
        "one alone, p95 ms": 1_000 * float(np.quantile(single, 0.95)),
    }


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "5,000 vectors")
    parser.add_argument("--database", help="as in MMQ_VECTORS_URL; by default milvus-lite in this process")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows = measure(SHORT if given.short else LISTINGS, given.seed, given.database, Path(scratch))
    report.finish(rows, {}, given.seed, given.json, None)


if __name__ == "__main__":
    main()
