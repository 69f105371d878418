"""Eight processes on one queue: does anybody get a case twice, is a verdict lost, how many a second?

    python benchmarks/label_queue.py                                    on SQLite; writes docs/benchmarks.md
    pg_virtualenv python benchmarks/label_queue.py --postgresql postgresql:///postgres      PostgreSQL, too
    python benchmarks/label_queue.py --short                            400 cases; writes nothing

`pg_virtualenv` (Debian's postgresql-common) starts a server for the time of a command; any empty database
will do. Each process takes the case that the queue hands it, judges it and takes the next until none is left.
Every tenth case is a control case, every tenth listing is judged by a second analyst who does not see the
first verdict.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report

from mmquality.records import Drawn, ModelVersion, Verdict
from mmquality.store import LabelQuery, RankingQuery, Store

CASES, PROCESSES, SHARE = 4_000, 8, 0.1
LEAST_A_SECOND = 200
_FIELDS = ("title", "image", "photo_path")


@dataclass(frozen=True)
class Work:
    """What one process did."""

    judged: list[tuple[str, str]]  # listing, and how it was drawn
    errors: list[str]


def fill(url: str, listings: int, seed: int) -> None:
    """Listings with scores, nothing else."""
    ids = [f"L{n:05d}" for n in range(listings)]
    frame = pd.DataFrame({"listing_id": ids} | {name: ids for name in _FIELDS})
    frame = frame.assign(title_hash=ids, photo_hash=ids, photo_size=1, photo_mtime_ns=1)
    nothing: list[Any] = [{}] * listings
    frame = frame.assign(category=None, price=None, seller=None, attributes=nothing)
    frame = frame.astype({"price": "Float64", "photo_size": "Int64", "photo_mtime_ns": "Int64"})
    scores = np.random.default_rng(seed).random(listings)
    with Store.open(url) as store:
        store.upsert_listings(frame)
        version = ModelVersion("v0001", datetime.now(UTC), listings)
        store.publish(version, pd.DataFrame({"listing_id": ids, "score": scores}))


def work(url: str, analyst: str, begin: Any, done: Any) -> None:
    """Judge what the queue hands out until it hands out nothing."""
    judged: list[tuple[str, str]] = []
    errors: list[str] = []
    with Store.open(url) as store:
        begin.wait()
        try:
            while case := store.next_case(analyst, RankingQuery(), SHARE, second_share=SHARE):
                store.add_label(case.listing_id, Verdict.MATCH, None, "", analyst, drawn=case.drawn)
                judged.append((case.listing_id, case.drawn.value))
        except Exception as error:  # whatever it is, it surfaced: that is what is measured
            errors.append(f"{type(error).__name__}: {error}")
    done.put(Work(judged, errors))


def measure(engine: str, url: str, listings: int, seed: int) -> dict[str, Any]:
    """One row: what eight processes did with one queue."""
    fill(url, listings, seed)
    context = multiprocessing.get_context("spawn")
    begin, done = context.Barrier(PROCESSES + 1), context.Queue()
    analysts = [
        context.Process(target=work, args=(url, f"analyst {n}", begin, done)) for n in range(PROCESSES)
    ]
    for analyst in analysts:
        analyst.start()
    begin.wait()
    started = time.monotonic()
    found = [done.get() for _ in analysts]
    seconds = time.monotonic() - started
    for analyst in analysts:
        analyst.join()
    judged = [case for one in found for case in one.judged]
    first = Counter(listing for listing, drawn in judged if drawn != Drawn.SECOND)
    second = Counter(listing for listing, drawn in judged if drawn == Drawn.SECOND)
    with Store.open(url) as store:
        kept = sum(1 for _ in store.iter_labels(LabelQuery(newest_only=False)))
        counting = sum(1 for _ in store.iter_labels())
    return {
        "engine": engine,
        "cases": listings,
        "verdicts": len(judged),
        "twice": sum(n - 1 for n in [*first.values(), *second.values()]),
        "lost": len(judged) - kept + listings - counting,
        "errors": sum(len(one.errors) for one in found),
        "least and most of one analyst": f"{min(len(w.judged) for w in found)} … "
        f"{max(len(w.judged) for w in found)}",
        "verdicts a second": round(len(judged) / seconds),
        "first error": next((error for one in found for error in one.errors), ""),
    }


def bars_of(row: dict[str, Any]) -> dict[str, Any]:
    """What was promised of an engine."""
    nothing = {name: report.bar(row[name], 0, at_least=False) for name in ("twice", "lost", "errors")}
    bars = nothing | {"verdicts a second": report.bar(row["verdicts a second"], LEAST_A_SECOND)}
    return {f"{row['engine']}: {name}": bar for name, bar in bars.items()}


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "few cases; writes nothing")
    parser.add_argument("--postgresql", metavar="URL", help="an empty database")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    listings = CASES // 10 if given.short else CASES
    with tempfile.TemporaryDirectory() as scratch:
        urls = {"SQLite": f"sqlite:///{Path(scratch) / 'mmquality.db'}"}
        if given.postgresql:
            urls["PostgreSQL"] = given.postgresql
        rows = [measure(engine, url, listings, given.seed) for engine, url in urls.items()]
    bars = {name: bar for row in rows for name, bar in bars_of(row).items()}
    report.finish(rows, bars, given.seed, given.json, None if given.short else "label_queue")


if __name__ == "__main__":
    main()
