"""How much disk do commands take meanwhile, beside what they leave?

    python benchmarks/scratch.py            imports 100,000 listings, models 20,000; writes docs/benchmarks.md
    python benchmarks/scratch.py --short    2,000 listings; writes nothing

An import lays what it reads into the system's folder for temporary files, where SQLite sorts, too; `train`,
`score` and `index` work in `scratch/` of the workspace, where a database also writes its journal. Both
folders are looked at ten times a second, with the files without a name that a command holds there. Told is
the most that lay in either, of the workspace less what lies there when the command has ended. Imports are of
benchmarks/importing_files.py; the other commands run in a workspace of benchmarks/memory.py, training for one
epoch. `--keep` says where to leave that one, for benchmarks/sizing.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import memory
import psutil
import report
from importing_files import draw_photos, write_impressions, write_listings

IMPORTED, MODELLED, SHORT = 100_000, 20_000, 2_000
Row = dict[str, Any]


def lying(folder: Path) -> int:
    """Bytes that lie in a folder now, with the nameless files there of this process's children."""
    files: dict[tuple[int, int], int] = {}  # one that two processes hold counts once
    for path in (*_named(folder), *_nameless(folder)):
        with suppress(OSError):  # it went meanwhile
            told = os.stat(path)
            files[told.st_dev, told.st_ino] = 512 * told.st_blocks
    return sum(files.values())


def _named(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        yield from (os.path.join(place, name) for name in names)


def _nameless(folder: Path) -> Iterator[str]:
    for process in psutil.Process().children(recursive=True):
        with suppress(OSError):
            for number in os.listdir(f"/proc/{process.pid}/fd"):
                path = f"/proc/{process.pid}/fd/{number}"
                with suppress(OSError):
                    held = os.readlink(path)
                    if held.startswith(f"{folder}/") and held.endswith(" (deleted)"):
                        yield path


def meanwhile(name: str, listings: int, workspace: Path, *given: str) -> Row:
    """The row of one command: how much more than in the end lay on the disk while it went on."""
    with tempfile.TemporaryDirectory(prefix="temporary-", dir=workspace.parent) as folder:
        there, temporary = (report.Highest(partial(lying, place)) for place in (workspace, Path(folder)))
        command = ["env", f"TMPDIR={folder}", sys.executable, "-m", "mmquality", name.split(",")[0]]
        with there, temporary:
            report.run(*command, "-w", str(workspace), *given)
        more = max(there.value - lying(workspace), 0)
    row = {
        "command": name,
        "listings": f"{listings:,}",
        "temporary files, bytes a listing": round(temporary.value / listings),
        "in the workspace, bytes a listing": round(more / listings),
    }
    print(row, file=sys.stderr)
    return row


def imports(folder: Path, listings: int, seed: int) -> list[Row]:
    """A row for a first import, the same once more, and one of clicks."""
    path, log, workspace = folder / "listings.csv", folder / "log.parquet", folder / "imported"
    draw_photos(folder / "photos")
    write_listings(path, listings, seed)
    write_impressions(log, listings, seed)
    given = ["--listings", str(path), "--images", str(folder / "photos")]
    return [
        meanwhile("import", listings, workspace, *given),
        meanwhile("import, again", listings, workspace, *given),
        meanwhile("import, ten impressions a listing", listings, workspace, "--impressions", str(log)),
    ]


def models(workspace: Path, listings: int, seed: int) -> list[Row]:
    """A row for each command that makes a model."""
    memory.made_apart(workspace, listings, seed, 0)
    return [meanwhile(step, listings, workspace, *given) for step, given in memory.STEPS.items()]


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "2,000 listings; writes nothing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder that is not there yet, for the second workspace")
    given = parser.parse_args()
    imported, modelled = (SHORT, SHORT) if given.short else (IMPORTED, MODELLED)
    with tempfile.TemporaryDirectory(dir=given.keep and given.keep.parent) as folder:
        rows = imports(Path(folder), imported, given.seed)
        rows += models(given.keep or Path(folder) / "workspace", modelled, given.seed)
    report.finish(rows, {}, given.seed, given.json, None if given.short else "scratch")


if __name__ == "__main__":
    main()
