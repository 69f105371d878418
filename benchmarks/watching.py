"""How soon is a listing that comes ranked, and a neighbour of others, at 20 a second on two cores?

    python benchmarks/watching.py            10,000 and 100,000 listings, three minutes each; writes the docs
    python benchmarks/watching.py --short    2,000 listings, fifteen seconds, one kill

A workspace as `dashboard.py` has it gets a network (random weights: as much work as a trained one) that reads
the default encoders. `mmquality watch` runs in a process of its own; files of ten listings with new titles
and photos of their own are dropped twice a second. A reader that was open before looks for the last of each
file: the clock runs from the drop until it is on its page of the ranking and found beside its nearest. Then
watchers are killed (SIGKILL) while listings come, and every listing must be ranked, once.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import arrivals
import large_workspace
import numpy as np
import psutil
import report
from PIL import Image, ImageDraw

from mmquality.config import Workspace
from mmquality.encoders.photo import load_photo_encoder
from mmquality.encoders.text import load_text_encoder
from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Space
from mmquality.store import RankingQuery

SIZES, SECONDS, RATE, PER_FILE, KILLS = [10_000, 100_000], 180, 20, 10, 8
MOST = 5.0  # seconds, p95
WORDS = "lamp mug guitar watch chair backpack vase book jacket boots".split()
_PATIENCE = 120.0  # seconds after the last drop


def draw(folder: Path, number: int, seed: int) -> None:
    """Photos of coloured shapes, one for each listing that is to come."""
    chance = random.Random(seed)
    for n in range(number):
        picture = Image.new("RGB", (640, 640), tuple(chance.randrange(180, 256) for _ in range(3)))
        pen = ImageDraw.Draw(picture)
        for _ in range(6):
            x, y = chance.randrange(40, 400), chance.randrange(40, 400)
            ink = tuple(chance.randrange(200) for _ in range(3))
            pen.ellipse((x, y, x + chance.randrange(60, 220), y + chance.randrange(60, 220)), fill=ink)
        picture.save(folder / f"new-{n}.jpg", "JPEG", quality=85)


def drop(drops: Path, first: int, number: int) -> float:
    """A file with these listings, which appears whole; when it did."""
    rows = [
        {
            "listing_id": f"new-{n}", "title": f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} number {n}",
            "image": f"new-{n}.jpg", "category": "Category 01", "price": n % 90 + 1,
        }
        for n in range(first, first + number)
    ]  # fmt: skip
    part = drops / f".{first}.jsonl"
    part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    part.rename(drops / f"{first}.jsonl")
    return time.time()


class Dropping:
    """A thread that drops a file again and again; when the last listing of each was there."""

    def __init__(self, drops: Path, first: int, number: int) -> None:
        self.times: dict[str, float] = {}
        self._drops, self._starts = drops, range(first, first + number, PER_FILE)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        begun = time.time()
        for n, start in enumerate(self._starts):
            time.sleep(max(begun + n * PER_FILE / RATE - time.time(), 0))
            self.times[f"new-{start + PER_FILE - 1}"] = drop(self._drops, start, PER_FILE)

    def waited_for(self, last: int) -> bool:
        """Whether all were dropped."""
        return f"new-{last}" in self.times


def watcher(workspace: Workspace, drops: Path, *more: str) -> subprocess.Popen[bytes]:
    """`mmquality watch folder`, in a process of its own."""
    command = ["watch", "folder", str(drops), "-w", str(workspace.root), *more]
    return subprocess.Popen([sys.executable, "-m", "mmquality", *command], stdout=subprocess.DEVNULL)


def is_shown(catalogue: Catalogue, listing_id: str) -> bool:
    """Whether a reader finds it on its page, and beside its nearest."""
    try:
        at = catalogue.store.ranked_listing(listing_id).rank
        if not at:
            return False
        page = catalogue.store.ranking_page(RankingQuery(), 1 + (at - 1) // 48, 48)
        near = catalogue.neighbours(listing_id, Space.UNIFIED, 1)[0].listing_id
        beside = {n.listing_id for n in catalogue.neighbours(near, Space.UNIFIED, 100)}
    except (UnknownListingError, ModelFileError):
        return False
    # Between rank and page others may have come: it has moved on by a few places.
    return listing_id in beside and bool(page.rows)


def shown_after(catalogue: Catalogue, dropping: Dropping, last: int) -> Iterator[float]:
    """Seconds from the drop of each file's last listing until it is shown."""
    waiting: dict[str, float] = {}
    done: set[str] = set()
    deadline = time.time() + _PATIENCE
    while waiting or not dropping.waited_for(last):
        waiting |= {i: at for i, at in list(dropping.times.items()) if i not in done}
        current = catalogue.store.current_version()
        if current is not None and current != catalogue.version:
            catalogue.follow(current)
            for listing_id in [i for i in waiting if is_shown(catalogue, i)]:
                yield time.time() - waiting.pop(listing_id)
                done.add(listing_id)
                deadline = time.time() + _PATIENCE
        assert time.time() < deadline, f"{len(waiting)} listings were not shown for {_PATIENCE:.0f} s"
        time.sleep(0.1)


def wait_until_warm(catalogue: Catalogue, drops: Path, first: int) -> None:
    """Let the watcher load everything: its start is not what is measured."""
    drop(drops, first, PER_FILE)
    while (catalogue.store.current_version() or catalogue.version) == catalogue.version:
        time.sleep(0.2)
    time.sleep(2)


def measure(workspace: Workspace, drops: Path, number: int, kills: int, seed: int) -> dict[str, Any]:
    """One row."""
    with Catalogue(workspace) as catalogue:
        listings = catalogue.published_version().listings
        running = watcher(workspace, drops)
        try:
            wait_until_warm(catalogue, drops, 0)
            since, process = time.time(), psutil.Process(running.pid)
            cpu = sum(process.cpu_times()[:2])
            seconds = list(shown_after(catalogue, Dropping(drops, PER_FILE, number), PER_FILE + number - 1))
            took, cpu = time.time() - since, sum(process.cpu_times()[:2]) - cpu
        finally:
            running.terminate()
            assert running.wait() == 0, "the watcher did not stop in order"
        stamped = catalogue.store.arrival_seconds(catalogue.published_version().created_at)
        row = {
            "listings": listings,
            "new": number,
            "a second": number / took,
            "watcher's CPU ms a listing": 1_000 * cpu / number,
            "dropped to shown, p50 s": float(np.quantile(seconds, 0.5)),
            "p95 s": float(np.quantile(seconds, 0.95)),
            "seen to ranked, p95 s": float(np.quantile(stamped, 0.95)),
        }
        lost, twice = kill(workspace, catalogue, drops, PER_FILE + number, kills, seed)
    return row | {"kills": kills, "lost": lost, "twice": twice}


def kill(
    workspace: Workspace, catalogue: Catalogue, drops: Path, first: int, kills: int, seed: int
) -> tuple[int, int]:
    """Kill watchers while listings come; how many of them are not ranked then, or ranked more than once."""
    chance = random.Random(seed)
    for n in range(kills):
        drop(drops, first + 2 * PER_FILE * n, PER_FILE)
        running = watcher(workspace, drops)
        time.sleep(chance.uniform(2, 9))
        drop(drops, first + 2 * PER_FILE * n + PER_FILE, PER_FILE)
        time.sleep(chance.uniform(0, 2))
        running.kill()
        running.wait()
    assert watcher(workspace, drops, "--once").wait() == 0
    current = catalogue.store.current_version()
    assert current is not None
    ranked = catalogue.store.version_scores(current.name)["listing_id"]
    came = {f"new-{n}" for n in range(first + 2 * PER_FILE * kills)}
    return len(came - set(ranked)), int(ranked.duplicated().sum())


def make(root: Path, listings: int, seed: int) -> Workspace:
    """A workspace whose model reads the default encoders."""
    workspace = large_workspace.make(root, listings, seed)
    text, photo = load_text_encoder(), load_photo_encoder()
    some = Image.open(next((root / "photos").glob("*.jpg"))).convert("RGB")
    dims = text.encode(["a"]).shape[1], photo.encode([some.resize((photo.side, photo.side))]).shape[1]
    arrivals.prepare(workspace, seed, (text.id, photo.id), dims)
    return workspace


def main() -> None:
    """Run it."""
    given = _arguments()
    rows = []
    for listings in given.sizes:
        with tempfile.TemporaryDirectory(dir=given.workspaces) as scratch:
            root, drops = Path(scratch) / "workspace", Path(scratch) / "drops"
            workspace = make(root, listings, given.seed)
            drops.mkdir()
            number = given.seconds * RATE
            draw(root / "photos", PER_FILE + number + 2 * PER_FILE * given.kills, given.seed)
            rows.append(measure(workspace, drops, number, given.kills, given.seed))
    bars = {}
    for row in rows:
        name = f"{row['listings']:,} listings"
        bars[f"{name}: dropped to shown, p95 s"] = report.bar(row["p95 s"], MOST, at_least=False)
        bars[f"{name}: lost or twice"] = report.bar(row["lost"] + row["twice"], 0, at_least=False)
    report.finish(rows, bars, given.seed, given.json, None if given.short else "watching")


def _arguments() -> argparse.Namespace:
    parser = report.parser(__doc__, "2,000 listings, fifteen seconds, one kill")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="listings")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"for which {RATE} a second come")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workspaces", type=Path, help="where to make them")
    given = parser.parse_args()
    if given.short:
        given.sizes, given.seconds, given.kills = [2_000], 15, 1
    return given


if __name__ == "__main__":
    main()
