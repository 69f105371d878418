"""What does a catalogue take: bytes of files, seconds and memory of each stage, and of a hundred million?

    python benchmarks/sizing.py --workspace DIR --results FOLDER     writes docs/sizing.md
    python benchmarks/sizing.py --workspace DIR --short              bytes alone, written nowhere

FOLDER holds what the other scripts print with `--json`: importing.json, encoding.json, speed_training.json,
speed.json, memory.json, scratch.json. What is not there is named. `--postgresql URL`, an empty
database, is filled with the catalogue of DIR and its version in force, and measured beside its file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import report
from sizing_seconds import FIVE, LARGE, MILLION, Row, machines_table, seconds_table
from sqlalchemy import NullPool, create_engine, text

from mmquality.config import Workspace
from mmquality.pipeline.places import open_store
from mmquality.store import Store

DOCS = report.DOCS.with_name("sizing.md")
SCRIPTS = ("importing", "encoding", "speed_training", "speed", "memory", "scratch")
OF_MODEL = {
    "index": "vectors and ids of its indexes",
    "scored": "scores and unified vectors",
    "ground": "what arrivals are scored on",
    "arrivals": "arrivals",
    "trained_on.parquet": "the listings it was trained on",
}
MEANWHILE = ("temporary files", "in the workspace")


@dataclass(frozen=True)
class Size:
    """Bytes of one kind of file, of so many listings, or the same however many there are."""

    kind: str
    bytes: int
    listings: int | None

    def at(self, listings: int) -> float:
        """Bytes of so many listings."""
        return float(self.bytes * (listings / self.listings if self.listings else 1))

    def row(self) -> Row:
        """Bytes a listing, and gigabytes of a million, five and a hundred million."""
        return {
            "file": self.kind,
            "bytes a listing": round(self.at(1)) if self.listings else None,
            "GB of a million": self.at(MILLION) / 1e9,
            "GB of five million": round(self.at(FIVE) / 1e9, 1),
            "GB of a hundred million": round(self.at(LARGE) / 1e9),
        }


def files(workspace: Workspace) -> list[Size]:
    """Each kind of file that lies there; of models those of the version in force."""
    with open_store(workspace) as store:
        version, listings = store.current_version(), store.listing_count()
    kinds = {
        f"clicks, {_impressions(workspace) / listings:.0f} impressions a listing": workspace.clicks,
        "thumbnails": workspace.thumbnails,
        "embeddings": workspace.embeddings,
    }
    sizes = {"database": _database(workspace.database_url)}
    sizes |= {kind: _bytes(folder) for kind, folder in kinds.items()}
    found = [Size(kind, size, listings) for kind, size in sizes.items() if size]
    return found + of_model(workspace.models / version.name, listings) if version else found


def of_model(folder: Path, listings: int) -> list[Size]:
    """The files of a model version; what none of `OF_MODEL` holds is networks and what goes with them."""
    found = [
        Size(f"model in force: {kind}", _bytes(folder / name), listings) for name, kind in OF_MODEL.items()
    ]
    rest = _bytes(folder) - sum(size.bytes for size in found)
    return [size for size in found if size.bytes] + [Size("model in force: networks", rest, None)]


def _impressions(workspace: Workspace) -> int:
    log = workspace.clicks / "impressions.parquet"
    return pq.read_metadata(log).num_rows if log.exists() else 0


def in_postgresql(url: str, workspace: Workspace) -> Size:
    """The workspace's catalogue, and its version in force, in the empty database at `url`."""
    with open_store(workspace) as here, Store.open(url) as there:
        listings, version = here.catalogue_frame(), here.current_version()
        there.load_listings([listings.assign(photo_size=1, photo_mtime_ns=1)])
        there.set_click_counts(listings)
        if version is not None:
            there.publish(version, here.version_scores(version.name))
        return Size("database, in PostgreSQL instead", _database(url), there.listing_count())


def _database(url: str) -> int:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    ask = (
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        if engine.dialect.name == "sqlite"
        else "SELECT pg_database_size(current_database()) - pg_database_size('template1')"  # an empty one
    )
    with engine.connect() as connection:
        return int(connection.execute(text(ask)).scalar_one())


def _bytes(place: Path) -> int:
    return sum(path.stat().st_size for path in (place, *place.rglob("*")) if path.is_file())


def bytes_table(workspace: Workspace, postgresql: str | None, folder: Path | None) -> list[Row]:
    """A row for each kind of file and for all of them, then for what is there meanwhile, and at the peak."""
    sizes = files(workspace)
    rows = [size.row() for size in sizes] + [_together("all of it", sizes)]
    rows += [in_postgresql(postgresql, workspace).row()] if postgresql else []
    commands = results(folder, "scratch") if folder else []
    parts = [_meanwhile(row, name) for row in commands for name in MEANWHILE]
    rows += [size.row() for size in parts if size.bytes]
    if parts:
        most = max(parts, key=lambda size: size.at(LARGE))
        rows.append(_together(f"all of it, and {most.kind}", [*sizes, most]))
    return rows


def _meanwhile(row: Row, name: str) -> Size:
    """What a command has in one of the two places, by benchmarks/scratch.py."""
    return Size(f"{row['command']}, meanwhile: {name}", row[f"{name}, bytes a listing"], 1)


def _together(kind: str, sizes: list[Size]) -> Row:
    """The row of files together: those that grow are told a listing, all of them in gigabytes."""
    rows = [size.row() for size in sizes]
    total = {
        "GB of a million": sum(size.at(MILLION) for size in sizes) / 1e9,
        "GB of five million": round(sum(size.at(FIVE) for size in sizes) / 1e9, 1),
        "GB of a hundred million": round(sum(size.at(LARGE) for size in sizes) / 1e9),
    }
    return {"file": kind, "bytes a listing": sum(row["bytes a listing"] or 0 for row in rows)} | total


def results(folder: Path, script: str) -> list[Row]:
    """What a script found; nothing where it is not in `folder`."""
    path = folder / f"{script}.json"
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    return rows


def memory_table(folder: Path) -> list[Row]:
    """A row for each command, as if a listing more went on to take what it did between the two longest."""
    rows, found = [], results(folder, "memory")
    for command in dict.fromkeys(row["command"] for row in found):
        *_, most = (row for row in found if row["command"] == command)
        more, peak = max(most["bytes a listing more"], 0), most["peak MB"] / 1e3
        rows.append(
            {
                "command": command,
                "measured up to": f"{most['listings']:,}",
                "GB there": peak,
                "bytes a listing more": round(more),
                "GB of a million": peak + more * (MILLION - most["listings"]) / 1e9,
                "GB of five million": peak + more * (FIVE - most["listings"]) / 1e9,
                "GB of a hundred million": round(peak + more * (LARGE - most["listings"]) / 1e9),
            }
        )
    return rows


def missing(folder: Path) -> list[str]:
    """The scripts whose results are not in `folder`."""
    return [f"`benchmarks/{one}.py`" for one in SCRIPTS if not results(folder, one)]


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "bytes alone")
    parser.add_argument("--workspace", type=Path, required=True, help="whose files are measured")
    parser.add_argument("--results", type=Path, help="what the other scripts printed with --json")
    parser.add_argument(
        "--postgresql", metavar="URL", help="an empty database, to be filled and measured as well"
    )
    given = parser.parse_args()
    made = {"bytes": bytes_table(Workspace.at(given.workspace), given.postgresql, given.results)}
    absent: list[str] = []
    if given.results:
        found = partial(results, given.results)
        made |= {"seconds": seconds_table(found), "machines": machines_table(found)}
        made |= {"memory": memory_table(given.results)}
        absent = missing(given.results)  # and so not in the tables
    if given.json:
        print(json.dumps(made | {"missing": absent}, indent=2))
        return
    parts = [report.table(rows) for rows in made.values() if rows]
    parts.append(f"Not measured yet: {', '.join(absent)}." if absent else "")
    told = "\n\n".join(part for part in parts if part)
    print(told)
    if given.results and not given.short:
        report.write_section("sizing", told, DOCS)


if __name__ == "__main__":
    main()
