"""Does anything that was acknowledged get lost when a process is killed in the middle of its work?

    python benchmarks/crashes.py            500 kills; writes docs/benchmarks.md
    python benchmarks/crashes.py --short    one kill of each; writes nothing
    python benchmarks/crashes.py --only arrive index    these deeds; writes nothing

A small sample marketplace is built. Then a process of its own does one thing again and again, says after each
step that it is done, and gets SIGKILL at a random moment. After every kill all that was said to be done must
be there, and `mmquality doctor` must find nothing broken, or only what the next run of the same command
mends; it is then run. SQLite: on PostgreSQL it is the server that keeps its promises.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import crash_deeds
import report
from crash_deeds import DEEDS, Deed, Said, Shop

from mmquality.config import Workspace
from mmquality.data.sample import write_sample
from mmquality.pipeline.doctor import Health, examine

LISTINGS = 120
# Of a server that has loaded everything once: each process is forked from it, and dies alone.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["crash_deeds", "mmquality.pipeline.label_loop"])


def at_work(deed: str, shop: Shop, run: int, told: Connection) -> None:
    """What the process that is killed does."""
    for done in DEEDS[deed].work(shop, run):
        told.send(done)


def killed(deed: str, shop: Shop, run: int, after: float) -> Said:
    """What a process said before it was killed, `after` so many seconds from its first word."""
    heard, told = _processes.Pipe(duplex=False)
    process = _processes.Process(target=at_work, args=(deed, shop, run, told))
    process.start()
    told.close()
    said = [heard.recv()]
    time.sleep(after)
    process.kill()
    process.join()
    while True:
        try:
            said.append(heard.recv())
        except EOFError:
            return [tuple(line.split()) for line in said]


def broken(shop: Shop) -> list[str]:
    """What the doctor calls a fault."""
    return [found.what for found in examine(shop.workspace) if found.health is Health.FAULT]


def faults(deed: Deed, shop: Shop, run: int, said: Said) -> list[str]:
    """What is not as it was said to be, and what is broken and stays so."""
    try:
        lost = deed.lost(shop, run, said)
    except Exception as error:  # whatever it is, something cannot be read
        lost = [repr(error)]
    if not broken(shop):
        return lost
    crash_deeds.once(deed, shop, run + 1)
    return lost + broken(shop)


def measure(name: str, shop: Shop, kills: int, seed: int) -> dict[str, Any]:
    """One row: what so many kills of a deed broke."""
    deed, rng, found, steps = DEEDS[name], random.Random(f"{seed} {name}"), [], 0
    started = time.monotonic()
    crash_deeds.once(deed, shop, 0)
    longest = deed.longest or time.monotonic() - started
    for run in range(2, 2 * kills + 2, 2):  # odd numbers are those of mending
        said = killed(name, shop, run, rng.uniform(0, longest))
        steps += len(said) - 1  # the first word is that it begins
        found += faults(deed, shop, run, said)
    crash_deeds.settle(shop)
    found += broken(shop)
    for fault in found:
        print(f"{name}: {fault}", file=sys.stderr)
    took = time.monotonic() - started
    return {"killed while it": deed.words, "kills": kills, "steps acknowledged": steps,
            "faults": len(found), "seconds": round(took)}  # fmt: skip


def prepare(scratch: Path, seed: int) -> Shop:
    """A sample marketplace with two published versions and some labels."""
    files = write_sample(scratch / "sample", LISTINGS, seed)
    shop = Shop(Workspace.at(scratch / "workspace"), files.images, files.listings, files.impressions)
    command = [sys.executable, "-m", "mmquality"]
    place = ["-w", str(shop.workspace.root)]
    catalogue = ["--listings", str(files.listings), "--images", str(files.images)]
    report.run(*command, "build", *place, *catalogue, "--impressions", str(files.impressions))
    crash_deeds.label_some(shop, 20)
    report.run(*command, "retrain", *place, "--publish", "always")
    return shop


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "one kill of each; writes nothing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=DEEDS, help="these deeds alone; writes nothing")
    parser.add_argument("--share", type=float, default=1.0, help="of the kills; other than 1 writes nothing")
    given = parser.parse_args()
    whole = not given.short and not given.only and given.share == 1
    scratch = Path(tempfile.mkdtemp(prefix="mmquality-crashes-"))
    try:
        shop = prepare(scratch, given.seed)
        rows = [
            measure(name, shop, 1 if given.short else max(1, round(deed.kills * given.share)), given.seed)
            for name, deed in DEEDS.items()
            if name in (given.only or DEEDS)
        ]
    finally:
        shutil.rmtree(scratch)
    bars = {"faults": report.bar(sum(row["faults"] for row in rows), 0, at_least=False)}
    if whole:
        bars["kills"] = report.bar(sum(row["kills"] for row in rows), 500)
    report.finish(rows, bars, given.seed, given.json, "crashes" if whole else None)


if __name__ == "__main__":
    main()
