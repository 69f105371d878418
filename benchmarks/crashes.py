"""Does anything that was acknowledged get lost when a process is killed in the middle of its work?

    python benchmarks/crashes.py            200 kills; writes docs/benchmarks.md
    python benchmarks/crashes.py --short    8 kills; writes nothing

A small sample marketplace is built. Then a process of its own labels, imports, promotes or retrains, says
after each step that it is done, and gets SIGKILL at a random moment. After every kill the database must be
sound, everything that was said to be done must be there, and the model in force must be whole: checkpoint,
scores (files and database alike) and indexes. SQLite: on PostgreSQL it is the server that keeps its promises.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import report

from mmquality.checkpoint import load_checkpoint
from mmquality.config import Workspace
from mmquality.data.sample import write_sample
from mmquality.index import NeighbourIndex
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.label_loop import Publish, retrain
from mmquality.pipeline.places import index_path, open_store
from mmquality.pipeline.scored import load_scores
from mmquality.pipeline.versions import promote
from mmquality.records import Reason, Space, Verdict
from mmquality.store import LabelQuery, RankingQuery

LISTINGS = 300
KILLS = {"label": 80, "import": 50, "publish": 40, "retrain": 30}
LONGEST = {
    "label": 0.5,
    "import": 2.0,
    "publish": 0.5,
}  # seconds after the first step in which the kill falls
_CATALOGUES = 5  # that are imported in turn; they differ in how titles end

Said = list[list[str]]  # what a process said was done, word by word


def deed_label(workspace: Workspace, images: Path) -> Iterator[str]:
    """Labels of the queue; every fifth is withdrawn again."""
    with open_store(workspace) as store:
        for n in count():
            case = store.next_case("crash", RankingQuery())
            if case is None:
                return
            verdict, reason = (Verdict.MATCH, None) if n % 2 else (Verdict.MISMATCH, Reason.WRONG_PRODUCT)
            label = store.add_label(case.listing_id, verdict, reason, "", "crash", drawn=case.drawn)
            yield f"labelled {label.label_id} {case.listing_id}"
            if n % 5 == 4:
                store.undo_label(label.label_id, "crash")
                yield f"withdrawn {label.label_id} {case.listing_id}"


def deed_import(workspace: Workspace, images: Path) -> Iterator[str]:
    """The same listings with other titles, in turn."""
    for n in count():
        import_files(workspace, catalogue_of(images, n % _CATALOGUES))
        yield f"imported {n % _CATALOGUES}"


def catalogue_of(images: Path, n: int) -> InputFiles:
    """The files of one of the catalogues that are imported in turn."""
    return InputFiles(images / f"titles-{n}.csv", images)


def deed_publish(workspace: Workspace, images: Path) -> Iterator[str]:
    """Each published version in turn put in force."""
    with open_store(workspace) as store:
        names = sorted(version.name for version in store.versions())
        for n in count():
            promote(workspace, store, names[n % len(names)])
            yield f"promoted {names[n % len(names)]}"


def deed_retrain(workspace: Workspace, images: Path) -> Iterator[str]:
    """A new model, put in force."""
    yield "begun"
    yield f"retrained {retrain(workspace, publish=Publish.ALWAYS).version}"


DEEDS: dict[str, Callable[[Workspace, Path], Iterator[str]]] = {
    "label": deed_label,
    "import": deed_import,
    "publish": deed_publish,
    "retrain": deed_retrain,
}


def killed(deed: str, workspace: Workspace, images: Path, longest: float, rng: random.Random) -> Said:
    """What a process said before it was killed, at most `longest` seconds after its first word."""
    command = [sys.executable, __file__, "--deed", deed, "--workspace", str(workspace.root)]
    process = subprocess.Popen([*command, "--images", str(images)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(rng.uniform(0, longest))
    process.kill()
    rest, _ = process.communicate()
    return [line.split() for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]


def faults(deed: str, workspace: Workspace, said: Said) -> list[str]:
    """What is not as it was said to be."""
    found = []
    with closing(sqlite3.connect(workspace.root / "mmquality.db")) as connection:
        told = connection.execute("PRAGMA integrity_check").fetchone()[0]
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    if told != "ok" or dangling:
        found.append(f"the database: {told}, {len(dangling)} rows refer to nothing")
    if deed == "label":
        found += label_faults(workspace, said)
    if deed == "import":
        found += import_faults(workspace, said)
    return found + model_faults(workspace, deed, said)


def label_faults(workspace: Workspace, said: Said) -> list[str]:
    """Labels that were acknowledged and are not there, or count although they were withdrawn."""
    with open_store(workspace) as store:
        kept = {row.label_id: row.listing_id for row in store.iter_labels(LabelQuery(newest_only=False))}
    withdrawn = {number for deed, number, _ in said if deed == "withdrawn"}
    doubtful = said[-1][1] if said else ""  # its withdrawal may have come through, and nobody was told
    lost = [
        number
        for deed, number, listing in said
        if deed == "labelled" and number not in withdrawn | {doubtful} and kept.get(int(number)) != listing
    ]
    return [f"label {number} is lost" for number in lost] + [
        f"label {number} counts again" for number in withdrawn if int(number) in kept
    ]


def import_faults(workspace: Workspace, said: Said) -> list[str]:
    """Listings whose title is neither that of the last acknowledged import nor that of the next."""
    with open_store(workspace) as store:
        titles = store.catalogue_frame()["title"]
    if len(titles) != LISTINGS:
        return [f"{len(titles)} of {LISTINGS} listings are left"]
    last = int(said[-1][1])
    right = titles.str.endswith((f"({last})", f"({(last + 1) % _CATALOGUES})"))
    return (
        [f"{int((~right).sum())} listings are as they were before import {last}"] if not right.all() else []
    )


def model_faults(workspace: Workspace, deed: str, said: Said) -> list[str]:
    """What the model in force lacks."""
    with open_store(workspace) as store:
        current = store.current_version()
        if current is None:
            return ["no model is in force"]
        stored = store.version_scores(current.name).set_index("listing_id")["score"]
        names = sorted(version.name for version in store.versions())
    model = workspace.models / current.name
    try:
        load_checkpoint(model)
        scores = load_scores(model).set_index("listing_id")["score"]
        for space in Space:
            NeighbourIndex.load(index_path(workspace, current.name, space))
    except Exception as error:  # whatever it is, the model is not whole
        return [f"{current.name} cannot be read: {error}"]
    if not np.allclose(stored.reindex(scores.index), scores):
        return [f"{current.name} has other scores in the database than in its folder"]
    if deed == "publish" and said:
        last = names.index(said[-1][1])
        if current.name not in (names[last], names[(last + 1) % len(names)]):
            return [f"{current.name} is in force, {names[last]} was put in force last"]
    if deed == "retrain" and said and said[-1][0] == "retrained" and current.name != said[-1][1]:
        return [f"{said[-1][1]} was put in force, {current.name} is"]
    return []


def prepare(scratch: Path, seed: int) -> tuple[Workspace, Path]:
    """A sample marketplace with two published versions, and catalogues whose titles differ."""
    files = write_sample(scratch / "sample", LISTINGS, seed)
    workspace, images = Workspace.at(scratch / "workspace"), files.images
    build = ["build", "-w", str(workspace.root), "--listings", str(files.listings), "--images", str(images)]
    report.run(sys.executable, "-m", "mmquality", *build)
    report.run(sys.executable, "-m", "mmquality", "retrain", "-w", str(workspace.root), "--publish", "always")
    frame = pd.read_csv(files.listings, dtype=str)
    for n in range(_CATALOGUES):
        titles = frame["title"].str.strip() + f" ({n})"
        frame.assign(title=titles).to_csv(images / f"titles-{n}.csv", index=False)
    return workspace, images


def measure(deed: str, workspace: Workspace, images: Path, kills: int, seed: int) -> dict[str, Any]:
    """One row: what so many kills of a deed broke."""
    rng, broken, steps = random.Random(f"{seed} {deed}"), [], 0
    longest = LONGEST.get(deed) or _duration(deed, workspace, images)
    for _ in range(kills):
        said = killed(deed, workspace, images, longest, rng)
        steps += len(said)
        broken += faults(deed, workspace, said)
    if deed == "import":  # half an import is mended by the next one
        import_files(workspace, catalogue_of(images, 0))
        with open_store(workspace) as store:
            if not store.catalogue_frame()["title"].str.endswith("(0)").all():
                broken.append("an import after all kills does not bring every title")
    for fault in broken:
        print(f"{deed}: {fault}", file=sys.stderr)
    return {"killed while it": f"{deed}s" if deed != "publish" else "publishes", "kills": kills,
            "steps acknowledged": steps, "faults": len(broken)}  # fmt: skip


def _duration(deed: str, workspace: Workspace, images: Path) -> float:
    """Seconds that the deed takes when nobody kills it."""
    started = time.monotonic()
    for _ in DEEDS[deed](workspace, images):
        pass
    return time.monotonic() - started


def main() -> None:
    """Run it; with --deed, be the process that is killed."""
    parser = report.parser(__doc__, "two kills of each; writes nothing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--deed", choices=DEEDS, help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--images", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.deed:
        for done in DEEDS[given.deed](Workspace.at(given.workspace), given.images):
            print(done, flush=True)
        return
    with tempfile.TemporaryDirectory() as scratch:
        workspace, images = prepare(Path(scratch), given.seed)
        rows = [
            measure(deed, workspace, images, 2 if given.short else kills, given.seed)
            for deed, kills in KILLS.items()
        ]
    bars = {"faults": report.bar(sum(row["faults"] for row in rows), 0, at_least=False)}
    report.finish(rows, bars, given.seed, given.json, None if given.short else "crashes")


if __name__ == "__main__":
    main()
