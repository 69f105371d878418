"""How long does the recall service take, with requests that come whether it is ready for them or not?

    python benchmarks/recall_service.py                     10,000 and 1,000,000; writes the docs' table
    python benchmarks/recall_service.py --short             2,000 listings, a few seconds
    python benchmarks/recall_service.py --workspaces DIR    copies workspaces of `dashboard.py`

A workspace as `dashboard.py` has it gets a network that reads the default encoders (random weights: as much
work as a trained one) and vectors around centres, as in `neighbours.py`. `mmquality serve-recall` runs in a
process of its own. Requests go out at a constant rate over HTTP, each at its time, however late the ones
before are (open loop). A latency counts from the moment a request was due, so that waiting in line counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import large_workspace
import numpy as np
import report
from neighbours import vectors_like
from server import await_answer, free_port

from mmquality.checkpoint import Checkpoint, Scales
from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.spelling import SPELLING_DIM
from mmquality.encoders.text import load_text_encoder
from mmquality.index import NeighbourIndex
from mmquality.network.siamese import SiameseNetwork
from mmquality.pipeline.places import index_path
from mmquality.pipeline.settings import change_settings
from mmquality.pipeline.trained import save_trained
from mmquality.pipeline.unified import unified_dim
from mmquality.records import Space
from mmquality.store import Store
from mmquality.suspicion.weighing import Weighing

SIZES, SECONDS, WARM = (10_000, 1_000_000), 60, 5
KNOWN, NEW = "a listing of the catalogue", "a new title and photo"
RATES, BARS_MS = {KNOWN: 50, NEW: 2}, {KNOWN: 20, NEW: 150}
COMPONENTS = 128
Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def prepare(workspace: Workspace, seed: int) -> list[str]:
    """Give a workspace of made-up numbers a model that new listings are read with; some of its ids."""
    rng = np.random.default_rng(seed)
    with Store.open(workspace.database_url) as store:
        version = store.current_version()
        assert version is not None
        listings = store.catalogue_frame(["listing_id", "title_hash", "photo_hash"])
    checkpoint, ids = _checkpoint(), listings["listing_id"].tolist()
    change_settings(workspace, text_encoder=checkpoint.text_encoder, photo_encoder=checkpoint.photo_encoder)
    save_trained(checkpoint, listings, np.zeros(len(ids), np.int64), workspace.models / version.name)
    vectors = vectors_like(len(ids), rng, unified_dim(checkpoint.network_config))
    NeighbourIndex.build(vectors, ids).save(index_path(workspace, version.name, Space.UNIFIED))
    return random.Random(seed).sample(ids, 1_000)


def _checkpoint() -> Checkpoint:
    text, photo = load_text_encoder(), load_photo_encoder()
    shape = NetworkConfig(
        title_dim=text.dim + SPELLING_DIM, photo_dim=photo.dim,
        title_components=COMPONENTS, photo_components=COMPONENTS,
    )  # fmt: skip
    scales = Scales(((0.0, 1.0),), (), Weighing(weights=(1.0,) * 7))
    return Checkpoint(shape, TrainingConfig(), text.id, photo.id, SiameseNetwork(shape).eval(), [], scales)


@contextmanager
def served(workspace: Workspace) -> Iterator[str]:
    """The address of the service, in a process of its own."""
    port = str(free_port())
    command = [sys.executable, "-m", "mmquality", "serve-recall", "-w", str(workspace.root), "--port", port]
    process = subprocess.Popen(command, env=os.environ | {"MMQ_DATABASE_URL": workspace.database_url})
    address = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{address}/health", process)
        yield address
    finally:
        process.terminate()
        process.wait()


async def latencies(address: str, ask: Ask, rate: float, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each request from the moment it was due, and how many were not answered with 200."""
    loop, done = asyncio.get_running_loop(), []
    failed = 0
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        start = loop.time() + 0.1

        async def one(due: float) -> None:
            nonlocal failed
            await asyncio.sleep(due - loop.time())
            answer = await ask(client)
            failed += answer.status_code != 200
            done.append(1_000 * (loop.time() - due))

        async with asyncio.TaskGroup() as tasks:
            for number in range(round(rate * seconds)):
                tasks.create_task(one(start + number / rate))
    return done, failed


def questions(ids: list[str], photos: list[bytes], seed: int) -> dict[str, Ask]:
    """What is asked."""
    rng = random.Random(seed)

    def known(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        return client.get(f"/similar/{rng.choice(ids)}", params={"mismatch": "drop"})

    def new(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        title = f"Desk lamp {rng.randrange(10**6)}, {rng.choice(('red', 'blue'))} shade, E27, dimmable"
        form = {"title": title, "category": "Category 07"}
        return client.post("/similar", data=form, files={"photo": ("p.jpg", rng.choice(photos))})

    return {KNOWN: known, NEW: new}


def measure(workspace: Workspace, seconds: float, seed: int) -> list[dict[str, Any]]:
    """A row for each question."""
    ids, rows = prepare(workspace, seed), []
    photos = [path.read_bytes() for path in sorted((workspace.root / "photos").glob("*.jpg"))[:50]]
    with Store.open(workspace.database_url) as store:
        listings = store.listing_count()
    with served(workspace) as address:
        for name, ask in questions(ids, photos, seed).items():
            asyncio.run(latencies(address, ask, RATES[name], WARM))
            taken, failed = asyncio.run(latencies(address, ask, RATES[name], seconds))
            p50, p95, p99 = np.quantile(taken, [0.5, 0.95, 0.99]).tolist()
            rows.append(
                {
                    "listings": listings, "asked for": name, "a second": RATES[name], "requests": len(taken),
                    "failed": failed, "p50 ms": p50, "p95 ms": p95, "p99 ms": p99, "slowest ms": max(taken),
                }
            )  # fmt: skip
    return rows


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was promised."""
    bars = {}
    for row in rows:
        name = f"{row['listings']:,} listings, {row['asked for']}, {row['a second']} a second"
        bars[f"{name}: p95 ms"] = report.bar(row["p95 ms"], BARS_MS[row["asked for"]], at_least=False)
        bars[f"{name}: failed"] = report.bar(row["failed"], 0, at_least=False)
    return bars


def main() -> None:
    """Run it."""
    given = _arguments()
    rows: list[dict[str, Any]] = []
    for listings in given.sizes:
        with tempfile.TemporaryDirectory(dir=given.workspaces) as scratch:
            root = Path(scratch) / "workspace"
            workspace = large_workspace.copied_or_made(root, listings, given.seed, given.workspaces)
            rows += measure(workspace, given.seconds, given.seed)
    report.finish(rows, bars_of(rows), given.seed, given.json, None if given.short else "recall_service")


def _arguments() -> argparse.Namespace:
    parser = report.parser(__doc__, "2,000 listings, five seconds")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="listings")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of requests, for each question")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workspaces", type=Path, help="takes copies of those that are there")
    given = parser.parse_args()
    if given.short:
        given.sizes, given.seconds = [2_000], 5
    return given


if __name__ == "__main__":
    main()
