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
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import memory
import psutil
import report
from importing_files import draw_photos, write_impressions, write_listings

IMPORTED, MODELLED, SHORT = 100_000, 20_000, 2_000
Row = dict[str, Any]


class Most(threading.Thread):
    """The most that lay in a folder, in bytes, with the nameless files there of this process's children."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._folder, self._ended = folder, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.1):
            self.bytes = max(self.bytes, self.now())

    def now(self) -> int:
        """What lies there now."""
        files: dict[tuple[int, int], int] = {}  # one that two processes hold counts once
        for path in (*self._named(), *self._nameless()):
            with suppress(OSError):  # it went meanwhile
                told = os.stat(path)
                files[told.st_dev, told.st_ino] = 512 * told.st_blocks
        return sum(files.values())

    def _named(self) -> Iterator[str]:
        for place, _, names in os.walk(self._folder):
            yield from (os.path.join(place, name) for name in names)

    def _nameless(self) -> Iterator[str]:
        for process in psutil.Process().children(recursive=True):
            with suppress(OSError):
                for number in os.listdir(f"/proc/{process.pid}/fd"):
                    path = f"/proc/{process.pid}/fd/{number}"
                    with suppress(OSError):
                        held = os.readlink(path)
                        if held.startswith(f"{self._folder}/") and held.endswith(" (deleted)"):
                            yield path

    def __enter__(self) -> Most:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def meanwhile(name: str, listings: int, workspace: Path, *given: str) -> Row:
    """The row of one command: how much more than in the end lay on the disk while it went on."""
    with tempfile.TemporaryDirectory(prefix="temporary-", dir=workspace.parent) as folder:
        there, temporary = Most(workspace), Most(Path(folder))
        command = ["env", f"TMPDIR={folder}", sys.executable, "-m", "mmquality", name.split(",")[0]]
        with there, temporary:
            report.run(*command, "-w", str(workspace), *given)
        more = max(there.bytes - there.now(), 0)
    row = {
        "command": name,
        "listings": f"{listings:,}",
        "temporary files, bytes a listing": round(temporary.bytes / listings),
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
