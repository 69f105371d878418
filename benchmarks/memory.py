"""How much memory do `train`, `score` and `index` take as a catalogue grows?

    python benchmarks/memory.py            60,000 to 1,000,000 listings; writes docs/benchmarks.md
    python benchmarks/memory.py --short    2,000 listings

Each catalogue is made up (benchmarks/large_workspace.py and speed_catalogue.py): listings in the store, three
impressions a listing in the click log, vectors as `encode` stores them. The commands then run one after the
other, each in a process of its own; training is one epoch, of up to 300,000 listings. The million is the
shortest catalogue once more: its model stays, and 940,000 listings come to it. Peaks are of anonymous memory,
which no file backs (/proc), of the process and all its children together: what is mapped can be dropped and
read again.

The bar: for each further listing the peak grows by less than half of what its stored vectors weigh. Blocks
have 16,384 listings, with up to 32,768 neighbours, and a catalogue that does not fill them does not show how
memory grows with many; so no bar is set on the short form. The second bar is of scoring the million: 1.5 GB.
It needs 20 GB of disk (`--folder` says where).
"""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import large_workspace
import numpy as np
import report
from speed_catalogue import FIELDS, PHOTO, TITLE, store_vectors

from mmquality.config import Workspace
from mmquality.pipeline.settings import change_settings
from mmquality.store import Store

SIZES, SHORT = (60_000, 100_000, 300_000), (2_000,)
GROWN = 1_000_000
STEPS = {"train": ["--epochs", "1"], "score": [], "index": []}
WEIGHT = 4 * (TITLE + PHOTO)  # bytes of a listing's vectors
SHARE = 0.5
MOST = 1_500  # MB to score a million listings in


def make(root: Path, listings: int, seed: int, there: int = 0) -> None:
    """A workspace that is imported and encoded, without a photo to look at, or what it lacks of `listings`
    where `there` are in it already."""
    workspace, rng = Workspace.at(root), np.random.default_rng(seed + there)
    photos = root / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    (photos / "0.jpg").touch()
    ids = [f"L{n:07d}" for n in range(there, listings)]
    frame = large_workspace.listings_of(ids, photos, rng)
    titles, pictures = frame["title_hash"].tolist(), frame["photo_hash"].tolist()
    store_vectors(workspace.embeddings, frame, titles, pictures, rng)
    with Store.open(workspace.database_url) as store:
        store.upsert_listings(frame)
        change_settings(workspace, text_encoder="title", photo_encoder="photo", context_fields=FIELDS)
        large_workspace.write_clicks(workspace, store, ids, rng)


def measured(listings: int, seed: int, place: Path | None, grown: int | None = None) -> list[dict[str, Any]]:
    """A row for each command, on a catalogue of its own that another process made.

    Where it is to have `grown`, a row for each command that follows training, on the longer one as well.
    """
    with tempfile.TemporaryDirectory(dir=place) as folder:
        root = Path(folder) / "workspace"
        made_apart(root, listings, seed, 0)
        rows = [peak_of(step, root, listings) for step in STEPS]
        if grown:
            made_apart(root, grown, seed, listings)
            rows += [peak_of(step, root, grown) for step in STEPS if step != "train"]
        return rows


def made_apart(root: Path, *numbers: int) -> None:
    """`make` in a process of its own."""
    report.run(sys.executable, __file__, "--make", str(root), *map(str, numbers))


def peak_of(step: str, root: Path, listings: int) -> dict[str, Any]:
    """The row of one command."""
    command = [sys.executable, "-m", "mmquality", step, "-w", str(root), *STEPS[step]]
    peak = report.run(*command, watched=True, of=report.anonymous).peak_bytes / 1e6
    row = {"command": step, "listings": listings, "peak MB": peak}
    print(row, file=sys.stderr)  # of the longest catalogues it takes half an hour
    return row


def with_growth(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of each command together, with the bytes that each listing more takes."""
    found = []
    for step in STEPS:
        mine = sorted((row for row in rows if row["command"] == step), key=lambda row: row["listings"])
        found.append(mine[0] | {"bytes a listing more": None})
        for smaller, larger in pairwise(mine):
            bytes_more = 1e6 * (larger["peak MB"] - smaller["peak MB"])
            growth = bytes_more / (larger["listings"] - smaller["listings"])
            found.append(larger | {"bytes a listing more": growth})
    return found


def bars_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What was promised."""
    bars = {
        f"{row['command']}, up to {row['listings']:,} listings: bytes a listing more": report.bar(
            row["bytes a listing more"], SHARE * WEIGHT, at_least=False
        )
        for row in rows
        if row["bytes a listing more"] is not None
    }
    for row in rows:
        if (row["command"], row["listings"]) == ("score", GROWN):
            bars[f"score of {GROWN:,} listings: peak MB"] = report.bar(row["peak MB"], MOST, at_least=False)
    return bars


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "2,000 listings")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="a disk with room, by default that of temporary files")
    parser.add_argument("--sizes", type=int, nargs="+", help="of other catalogues, beside the docs")
    parser.add_argument("--make", nargs=4, help="make one workspace; what this script calls itself with")
    given = parser.parse_args()
    if given.make:
        root, *numbers = given.make
        make(Path(root), *map(int, numbers))
        return
    sizes = given.sizes or (SHORT if given.short else SIZES)
    grown = None if given.short or given.sizes else GROWN
    rows = measured(sizes[0], given.seed, given.folder, grown)
    rows += [row for size in sizes[1:] for row in measured(size, given.seed, given.folder)]
    rows = with_growth(rows)
    section = None if given.short or given.sizes else "memory"
    report.finish(rows, {} if given.short else bars_of(rows), given.seed, given.json, section)


if __name__ == "__main__":
    main()
