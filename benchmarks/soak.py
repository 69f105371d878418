"""Does the dashboard hold for a day's work? Simulated analysts on a real server, over HTTP and WebSocket.

    python benchmarks/soak.py                              20 analysts, 10 minutes; writes docs/benchmarks.md
    python benchmarks/soak.py --minutes 3 --analysts 8     shorter; writes nothing
    python benchmarks/soak.py --short                      3 analysts, 10 seconds; writes nothing

Each analyst signs in through the header of a proxy, has a tab, and goes on doing what analysts do, with a
pause after each step: the ranking, filters, a listing, the review queue, verdicts, undo, the list of labels
and its export. What is counted: pages and buttons that ended in an error; verdicts that were acknowledged and
are not in the database, or count twice; and the memory of the server (proportional set size), sampled
throughout. Streamlit keeps the session of a closed tab for two minutes, so after three the server holds as
many as it ever will: from then on a straight line is laid through the samples, and its rise until the end
must stay within the samples' own scatter about it (two standard deviations, at least 2 % of the memory). Runs
of less than six minutes promise nothing about memory.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import large_workspace
import numpy as np
import psutil
import report
from server import served
from visitor import Run, Visitor

from mmquality.config import Workspace
from mmquality.records import Drawn, Role
from mmquality.store import LabelQuery, Store

LISTINGS = 2_000
_HEADER = "X-Analyst"
_EXPORT = "export-csv"
_WARM, _LEAST = 180.0, 180.0  # seconds until everything is warm, and of samples that a line is laid through
_SAMPLE = 1.0  # seconds between two looks at the memory
_PAUSES = {"read": (1.0, 4.0), "judge": (0.6, 2.5)}  # seconds, as quick people take them


@dataclass
class Work:
    """What one analyst did."""

    steps: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    verdicts: int = 0  # that the page said were saved
    withdrawn: int = 0
    exported: int = 0  # bytes


class Analyst(threading.Thread):
    """Somebody at work until `ended`."""

    def __init__(self, port: int, name: str, seed: int, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self.work, self.person = Work(), name
        self._port, self._rng, self._ended = port, random.Random(seed), ended

    def run(self) -> None:
        """Steps in a random order, as often as there is time for."""
        deeds = (self._rank, self._filter, self._open, self._review, self._review, self._review, self._labels)
        try:
            with Visitor(self._port, {_HEADER: self.person}) as visitor:
                self._rank(visitor)  # from here on the visitor knows the other pages' addresses
                while not self._ended.is_set():
                    self._rng.choice(deeds)(visitor)
        except Exception as error:  # whatever it is, it surfaced: that is what is measured
            self.work.errors.append(f"{type(error).__name__}: {error}")

    def _rank(self, visitor: Visitor) -> None:
        self._note("rank", visitor.open("", {"page": 1 + self._rng.randrange(20)}))

    def _filter(self, visitor: Visitor) -> None:
        asked = {"category": f"Category {self._rng.randrange(40):02d}", "q": large_workspace.FREQUENT}
        self._note("filter", visitor.open("", asked))

    def _open(self, visitor: Visitor) -> None:
        page = self._rng.choice(("listing", "compare"))
        self._note("open", visitor.open(page, {"id": f"L{self._rng.randrange(LISTINGS):07d}"}))

    def _review(self, visitor: Visitor) -> None:
        self._note("review", visitor.open("review"))
        for _ in range(self._rng.randrange(2, 6)):
            if self._ended.is_set() or not visitor.has("match"):
                return
            run = self._note("label", visitor.click(self._rng.choice(("match", "unsure"))), "judge")
            self.work.verdicts += _says(run, "Saved")
            if visitor.has("Undo") and self._rng.random() < 0.2:
                self.work.withdrawn += _says(self._note("undo", visitor.click("Undo"), "judge"), "Withdrawn")

    def _labels(self, visitor: Visitor) -> None:
        self._note("labels", visitor.open("labels", {"which": "all"}))
        if not visitor.can_fetch(_EXPORT):
            return
        self.work.exported += len(visitor.fetch(_EXPORT))
        self.work.steps["export"] += 1

    def _note(self, step: str, run: Run, pause: str = "read") -> Run:
        self.work.steps[step] += 1
        self.work.seconds.append(run.seconds)
        self.work.errors += [f"{step}: {error}" for error in run.errors]
        self._ended.wait(self._rng.uniform(*_PAUSES[pause]))
        return run


def _says(run: Run, word: str) -> int:
    return int(any(f">{word}" in html for html in run.html))


def measure(place: Path, minutes: float, analysts: int, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """One row, and the promises."""
    workspace = Workspace.at(place)
    people = [f"analyst{n}@example.com" for n in range(analysts)]
    with Store.open(workspace.database_url) as store:
        for person in people:
            store.give_role(person, Role.ANALYST)
    ended = threading.Event()
    with served(place, MMQ_ACCESS="proxy", MMQ_ACCESS_HEADER=_HEADER) as (process, port):
        team = [Analyst(port, person, seed + n, ended) for n, person in enumerate(people)]
        for one in team:
            one.start()
        samples = _watched(process.pid, 60 * minutes)
        ended.set()
        for one in team:
            one.join(60)
    row = _row([one.work for one in team], samples, minutes)
    with Store.open(workspace.database_url) as store:
        row |= _kept(store, team)
    for error in [error for one in team for error in one.work.errors][:5]:
        print(error, file=sys.stderr)
    return row, _bars(row)


def _watched(pid: int, seconds: float) -> list[tuple[float, float]]:
    """(seconds, MB) of the server's memory for so long."""
    server, started, samples = psutil.Process(pid), time.monotonic(), []
    while (passed := time.monotonic() - started) < seconds:
        samples.append((passed, server.memory_full_info().pss / 1e6))
        time.sleep(_SAMPLE)
    return samples


def growth(samples: list[tuple[float, float]]) -> tuple[float, float] | None:
    """How much the straight line through the warm samples rises until the end, and what it may: MB.

    None where there are too few of them.
    """
    if samples[-1][0] < _WARM + _LEAST - 2 * _SAMPLE:
        return None
    at, megabytes = np.array([sample for sample in samples if sample[0] >= _WARM]).T
    slope, start = np.polyfit(at, megabytes, 1)
    scatter = float(np.std(megabytes - (slope * at + start)))
    return float(slope * (at[-1] - at[0])), max(2 * scatter, 0.02 * float(megabytes.mean()))


def _row(works: list[Work], samples: list[tuple[float, float]], minutes: float) -> dict[str, Any]:
    grown, allowed = growth(samples) or (None, None)
    steps = sum((work.steps for work in works), Counter[str]())
    return {
        "analysts": len(works),
        "minutes": minutes,
        "steps": ", ".join(f"{name} {number}" for name, number in sorted(steps.items())),
        "p50 ms": round(1_000 * float(np.median([s for work in works for s in work.seconds]))),
        "p95 ms": round(1_000 * float(np.quantile([s for work in works for s in work.seconds], 0.95))),
        "exported MB": sum(work.exported for work in works) / 1e6,
        "errors": sum(len(work.errors) for work in works),
        "memory MB": round(samples[-1][1]),
        "grown MB": grown,
        "may grow MB": allowed,
    }


def _kept(store: Store, team: list[Analyst]) -> dict[str, int]:
    """Verdicts that are missing, and listings that the queue handed to two as if nobody had judged them."""
    ours = {one.person for one in team}
    every = store.iter_labels(LabelQuery(newest_only=False))
    standing = [row for row in every if row.analyst in ours]
    firsts: dict[str, list[Any]] = {}
    for row in standing:
        if row.drawn != Drawn.SECOND:
            firsts.setdefault(row.listing_id, []).append(row)
    twice = [rows for rows in firsts.values() if len(rows) > 1]
    for row in (row for rows in twice for row in rows):
        told = (row.listing_id, row.analyst, row.verdict, row.drawn, row.created_at)
        print("twice:", *told, file=sys.stderr)
    given = sum(one.work.verdicts - one.work.withdrawn for one in team)
    return {"verdicts": given, "lost": given - len(standing), "twice": len(twice)}


def _bars(row: dict[str, Any]) -> dict[str, Any]:
    bars = {name: report.bar(row[name], 0, at_least=False) for name in ("errors", "lost", "twice")}
    if row["grown MB"] is not None:
        grown = report.bar(row["grown MB"], row["may grow MB"], at_least=False)
        bars["memory grown after warm-up MB"] = grown
    return bars


def main() -> None:
    """Run it; exit status 1 where a promise does not hold."""
    given = _arguments()
    whole = (given.minutes, given.analysts) == (10, 20)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "workspace"
        large_workspace.make(place, LISTINGS, given.seed)
        row, bars = measure(place, given.minutes, given.analysts, given.seed)
    report.finish([row], bars, given.seed, given.json, "soak" if whole else None)
    sys.exit(0 if all(bar["holds"] for bar in bars.values()) else 1)


def _arguments() -> argparse.Namespace:
    parser = report.parser(__doc__, "3 analysts, 10 seconds; writes nothing")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--analysts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    if given.short:
        given.minutes, given.analysts = 1 / 6, 3
    return given


if __name__ == "__main__":
    main()
