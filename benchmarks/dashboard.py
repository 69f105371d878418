"""How quick is the dashboard at ten thousand and at a million listings? A real server, every page and click.

    python benchmarks/dashboard.py            10,000 and 1,000,000; writes docs/benchmarks.md
    python benchmarks/dashboard.py --short    2,000 listings, 3 visits of each kind
    pg_virtualenv python benchmarks/dashboard.py --postgresql postgresql:///postgres      1,000,000, there

`pg_virtualenv` (Debian's postgresql-common) starts a server for the time of a command; any empty database
will do. A workspace of random vectors and drawn photos is made for each size (none where --workspaces has
it). A visitor speaks Streamlit's protocol to a server of its own: measured is the time from an address or a
click to the last message of the run it causes. The first visit of each kind after the server's start is told
apart. Then a second server notes every SELECT, and the database says how it answers each: of more than 10,000
listings, which a page may read one by one.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import large_workspace
import numpy as np
import psutil
import report
from dashboard_steps import Step, steps
from server import served
from statements import Looked, plans_of
from visitor import Visitor

from mmquality.config import Workspace
from mmquality.store.selection import MOST_COUNTED

HERE = Path(__file__).parent
SIZES = {10_000: 120, 1_000_000: 300}  # listings: milliseconds that 95 of 100 visits must not exceed
FIRST_LOAD, MEMORY = 1_500, 2.0  # milliseconds; GB


def measure(
    workspace: Workspace, listings: int, runs: int, seed: int
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """One row for each kind of visit, and the server's memory."""
    rows = []
    with (
        served(workspace.root, MMQ_DATABASE_URL=workspace.database_url) as (process, port),
        Visitor(port) as visitor,
    ):
        peak = report.Peak(process.pid)
        peak.start()
        for step in steps(listings, random.Random(seed)):
            first, before = _timed(step, visitor), _cpu_seconds(process.pid)
            later = [_timed(step, visitor) for _ in range(runs)]
            p50, p95 = np.quantile(later, [0.5, 0.95])
            times = {"p50 ms": p50, "p95 ms": p95, "first ms": first}
            times |= {"CPU ms": 1_000 * (_cpu_seconds(process.pid) - before) / runs}
            rows.append({"visit": step.name, **{name: round(time) for name, time in times.items()}})
        peak.stop()
        memory = {
            "peak GB": peak.bytes / 1e9,
            "of it not files GB": report.anonymous_bytes(process.pid) / 1e9,
        }
    return rows, memory


def scanning(workspace: Workspace, listings: int, seed: int) -> list[Looked]:
    """The statements on the way of any visit that go through a table as large as the catalogue."""
    with tempfile.TemporaryDirectory() as scratch:
        noted = Path(scratch) / "noted"
        settings = {"MMQ_STATEMENTS": str(noted), "MMQ_DATABASE_URL": workspace.database_url}
        with served(workspace.root, HERE / "statements.py", **settings) as (_, port):
            with Visitor(port) as visitor:
                for step in steps(listings, random.Random(seed)):
                    _timed(step, visitor)
        looked = plans_of(workspace.database_url, noted, listings)
        return list({one.statement: one for one in looked if one.scans}.values())


def _cpu_seconds(pid: int) -> float:
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def _timed(step: Step, visitor: Visitor) -> float:
    """Milliseconds of one visit. Raises `RuntimeError` where the page shows an error."""
    run = step.do(visitor)
    if run.errors:
        raise RuntimeError(f"{step.name}: {run.errors[0]}")
    return 1_000 * run.seconds


def bars_of(
    listings: int, rows: list[dict[str, Any]], memory: dict[str, float], scans: list[Looked]
) -> dict[str, Any]:
    """The promises, each with its worst case."""
    limit = SIZES.get(listings, 120)
    slowest, first = (max(rows, key=lambda row: row[column]) for column in ("p95 ms", "first ms"))
    name = f"{listings:,} listings"
    bars = {
        f"{name}: slowest p95 ms ({slowest['visit']})": report.bar(slowest["p95 ms"], limit, at_least=False),
        f"{name}: slowest first visit ms ({first['visit']})": report.bar(
            first["first ms"], FIRST_LOAD, at_least=False
        ),
        f"{name}: server's memory GB, mapped files counted": report.bar(
            memory["peak GB"], MEMORY, at_least=False
        ),
    }
    if listings > MOST_COUNTED:
        bars[f"{name}: statements that go through a large table"] = report.bar(len(scans), 0, at_least=False)
    return bars


def markdown(listings: int, rows: list[dict[str, Any]], memory: dict[str, float], scans: list[Looked]) -> str:
    """One size in words and tables."""
    limit = SIZES.get(listings, 120)
    told = [{**row, "holds": "yes" if row["p95 ms"] <= limit else "**no**"} for row in rows]
    lines = [f"**{listings:,} listings**", "", report.table(told), ""]
    lines += [f"Server: {', '.join(f'{name} {value:.2f}' for name, value in memory.items())}.", ""]
    if scans:
        asked = [{"goes through a large table": f"`{s.statement[:300]}`", "steps": s.steps} for s in scans]
        lines += [report.table(asked), ""]
    return "\n".join(lines)


def main() -> None:
    """Run it."""
    given = _arguments()
    found: dict[str, Any] = {}
    texts, bars = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for listings in given.sizes:
            workspace = Workspace.at((given.workspaces or Path(scratch)) / f"listings-{listings}")
            if not workspace.root.exists():
                started = time.monotonic()
                large_workspace.make(workspace.root, listings, given.seed)
                print(f"made {listings:,} listings in {time.monotonic() - started:.0f} s", file=sys.stderr)
            rows, memory = measure(workspace, listings, given.runs, given.seed)
            scans = scanning(workspace, listings, given.seed) if listings > MOST_COUNTED else []
            found[f"{listings}"] = {"visits": rows, **memory, "scans": [vars(scan) for scan in scans]}
            texts.append(markdown(listings, rows, memory, scans))
            bars |= bars_of(listings, rows, memory, scans)
    section = "dashboard_postgresql" if given.postgresql else "dashboard"
    report.finish_tables(found, texts, bars, given, section)


def _arguments() -> argparse.Namespace:
    parser = report.parser(__doc__, "2,000 listings, 3 visits of each kind")
    parser.add_argument("--sizes", type=int, nargs="+", help="listings")
    parser.add_argument(
        "--postgresql", metavar="URL", help="an empty database, in the place of SQLite's file"
    )
    parser.add_argument("--runs", type=int, default=20, help="visits of each kind, after the first")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--workspaces",
        type=Path,
        help="keeps workspaces here, and uses those that are there (with their URL)",
    )
    given = parser.parse_args()
    given.seeds = 1
    if given.short:
        given.sizes, given.runs = [2_000], 3
    given.sizes = given.sizes or (list(SIZES)[-1:] if given.postgresql else list(SIZES))
    if given.postgresql:
        if len(given.sizes) > 1:
            parser.error("an empty database takes one catalogue: give one of --sizes")
        os.environ["MMQ_DATABASE_URL"] = given.postgresql
    return given


if __name__ == "__main__":
    main()
