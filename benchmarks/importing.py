"""How long does it take until the listings of a file are in the store, and how much memory?

    python benchmarks/importing.py            10,000, 100,000 and 1,000,000; writes docs/benchmarks.md
    python benchmarks/importing.py --short    3,000 and 10,000 listings; writes nothing
    python benchmarks/importing.py --sizes 100000       other numbers; writes nothing
    pg_virtualenv python benchmarks/importing.py --postgresql postgresql:///postgres      PostgreSQL, too

`mmquality import` as anybody would run it, its start included, beside pandas, which reads the same file right
before. (`pg_virtualenv`, of Debian's postgresql-common, starts a server for the time of a command; any empty
database will do; the largest file goes into it.) The listings share 300 photos, so that
rows are measured; what a photo's check costs is told by a catalogue in which each listing has one of its own.
"Again" is the same file once more, "a few changed" the same but for one title in a hundred, "clicks" a log of
ten impressions a listing. The floors are what the parts of the first import cost alone, without the rest.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import report
from importing_files import change_titles, draw_photos, write_impressions, write_listings
from importing_floors import as_text, floors

SIZES, SHORT = (10_000, 100_000, 1_000_000), (3_000, 10_000)
WITH_PHOTOS, SHORT_WITH_PHOTOS = 3_000, 300
TIMES_PANDAS, MEGABYTES, EXPONENT = 6, 2_000, 1.1
_PANDAS = "import sys, time, pandas as p; t = time.perf_counter(); p.read_csv(sys.argv[1]); "
_PANDAS += "print(time.perf_counter() - t)"
_START = "import mmquality.pipeline.importing"

Row = dict[str, Any]


def measure(folder: Path, listings: int, seed: int, postgresql: str | None) -> list[Row]:
    """One row for each way in."""
    path, log = folder / f"{listings}.csv", folder / f"{listings}.parquet"
    write_listings(path, listings, seed)
    write_impressions(log, listings, seed)
    given = ["--listings", str(path), "--images", str(folder / "photos")]
    with _workspace(folder) as workspace:
        rows = [_row("SQLite", listings, path, workspace, given)]
        rows += _floors(rows[0], path, folder, workspace)
        rows += [_row("SQLite, again", listings, path, workspace, given)]
        change_titles(path)
        rows += [_row("SQLite, a few changed", listings, path, workspace, given)]
        rows += [_row("SQLite, clicks", listings, path, workspace, ["--impressions", str(log)])]
    if postgresql is not None:
        with _workspace(folder) as workspace:
            rows += [_row("PostgreSQL", listings, path, workspace, given, postgresql)]
    path.unlink()
    log.unlink()
    return rows


def _floors(whole: Row, path: Path, folder: Path, workspace: Path) -> list[Row]:
    """A row for each part of the import that filled the workspace."""
    database, scratch = workspace / "mmquality.db", workspace / "floor.db"
    parts = floors(path, folder / "photos", database, scratch)
    return [
        {
            "way": f"floor: {part}",
            "listings": whole["listings"],
            "seconds": seconds,
            "times pandas": seconds / whole["pandas, seconds"],
        }
        for part, seconds in parts.items()
    ]


def measure_photos(folder: Path, listings: int, seed: int) -> Row:
    """The same number of listings and photos."""
    path = folder / "photos.csv"
    write_listings(path, listings, seed, photos=listings)
    draw_photos(folder / "own", listings)
    with _workspace(folder) as workspace:
        given = ["--listings", str(path), "--images", str(folder / "own")]
        return _row("SQLite, a photo each", listings, path, workspace, given)


@contextmanager
def _workspace(folder: Path) -> Iterator[Path]:
    yield folder / "workspace"
    shutil.rmtree(folder / "workspace")


def _row(
    way: str, listings: int, path: Path, workspace: Path, given: list[str], database: str | None = None
) -> Row:
    pandas = float(report.run(sys.executable, "-c", _PANDAS, str(path)).out)
    command = ["-m", "mmquality", "import", "-w", str(workspace), *given]
    where = ["env", f"MMQ_DATABASE_URL={database}"] if database else []
    done = report.run(*where, sys.executable, *command, watched=True)
    return {
        "way": way,
        "listings": f"{listings:,}",
        "seconds": done.seconds,
        "of it start": report.run(sys.executable, "-c", _START).seconds,
        "pandas, seconds": pandas,
        "as text": as_text(path),
        "times pandas": done.seconds / pandas,
        "µs a listing": 1e6 * done.seconds / listings,
        "peak MB": round(done.peak_bytes / 1e6),
    }


def bars_of(rows: list[Row], sizes: tuple[int, ...]) -> dict[str, Any]:
    """What was promised of the largest file, and how the time grows up to it."""
    of_way = [row for row in rows if row["way"] == "SQLite"]
    last, before = of_way[-1], of_way[-2]
    spent = [row["seconds"] - row["of it start"] for row in (before, last)]
    exponent = math.log(spent[1] / spent[0]) / math.log(sizes[-1] / sizes[-2])
    name = f"{last['listings']} listings into SQLite"
    return {
        f"{name}: times pandas": report.bar(last["times pandas"], TIMES_PANDAS, at_least=False),
        f"{name}: peak MB": report.bar(last["peak MB"], MEGABYTES, at_least=False),
        f"{name}: exponent of growth": report.bar(exponent, EXPONENT, at_least=False),
    }


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "few listings; writes nothing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--postgresql", metavar="URL", help="an empty database")
    parser.add_argument("--sizes", type=int, nargs="+", help="of other catalogues, beside the docs")
    given = parser.parse_args()
    sizes = given.sizes or (SHORT if given.short else SIZES)
    beside = given.short or given.sizes
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        draw_photos(folder / "photos")
        rows = [measure_photos(folder, SHORT_WITH_PHOTOS if beside else WITH_PHOTOS, given.seed)]
        for size in sizes:
            rows += measure(folder, size, given.seed, given.postgresql if size == sizes[-1] else None)
    bars = {} if beside else bars_of(rows, sizes)
    report.finish(rows, bars, given.seed, given.json, None if beside else "importing")


if __name__ == "__main__":
    main()
