"""What does a catalogue take: bytes of files, seconds and memory of each stage, and of a hundred million?

    python benchmarks/sizing.py --workspace DIR --results FOLDER     writes docs/sizing.md
    python benchmarks/sizing.py --workspace DIR --short              bytes alone, written nowhere

FOLDER holds what the other scripts print with `--json`: importing.json, encoding.json, speed_training.json,
speed.json, memory.json. What is not there is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import report
from sqlalchemy import create_engine, text

from mmquality.config import Workspace
from mmquality.pipeline.places import open_store

DOCS = report.DOCS.with_name("sizing.md")
MILLION, FIVE, LARGE = 1_000_000, 5_000_000, 100_000_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Growth:
    """Seconds at a size, and the power of the listings that they grow with."""

    stage: str
    listings: int
    seconds: float
    exponent: float = 1.0

    def at(self, listings: int) -> float:
        """Seconds for so many."""
        return float(self.seconds * (listings / self.listings) ** self.exponent)


def growth(stage: str, points: list[tuple[int, float]]) -> Growth:
    """Through the smallest and the largest size; in proportion where there is one, and at the least.

    What grows slower has a start that does not grow, and of a hundred million nothing else is seen.
    """
    (few, quick), (many, slow) = min(points), max(points)
    exponent = log(slow / quick) / log(many / few) if many > few else 1.0
    return Growth(stage, many, slow, max(exponent, 1.0))


def importing(rows: list[Row]) -> Iterator[Growth]:
    """Each way of importing; a floor is a part of one."""
    for way in dict.fromkeys(row["way"] for row in rows if not row["way"].startswith("floor")):
        of_way = [row for row in rows if row["way"] == way]
        yield growth(f"import: {way}", [(_number(row["listings"]), row["seconds"]) for row in of_way])


def encoding(rows: list[Row]) -> Iterator[Growth]:
    """Titles and photos, of the first catalogue."""
    for what in dict.fromkeys(row["of"] for row in rows):
        of_first = [row for row in rows if (row["catalogue"], row["of"]) == (rows[0]["catalogue"], what)]
        points = [(row["listings"], row["ours ms"] * row["listings"] / 1e3) for row in of_first]
        yield growth(f"encode: {what}", points)


def training(rows: list[Row]) -> Iterator[Growth]:
    """One epoch of one network."""
    yield growth("train: an epoch of a network", [(_number(r["listings"]), r["epoch s"]) for r in rows])


def scoring(rows: list[Row]) -> Iterator[Growth]:
    """Its columns of seconds are named by their sizes. Bare products are what a stage is held against, and
    of a hundred million all indexes are in lists."""
    left_out = ("bare products", "bare products by core", "indexes")
    for row in (row for row in rows if row["stage"] not in left_out):
        points = [(_number(name[:-2]), value) for name, value in row.items() if name.endswith(" s")]
        yield growth(f"score and index: {row['stage']}", [(n, s) for n, s in points if s])


STAGES: dict[str, Callable[[list[Row]], Iterator[Growth]]] = {
    "importing": importing,
    "encoding": encoding,
    "speed_training": training,
    "speed": scoring,
}


def files(workspace: Workspace) -> dict[str, int]:
    """Bytes of each kind of file; of models those of the version in force."""
    with open_store(workspace) as store:
        version = store.current_version()
    kinds = {
        "clicks": workspace.clicks,
        "thumbnails": workspace.thumbnails,
        "embeddings": workspace.embeddings,
    }
    if version:
        kinds["model in force: vectors and ids of its indexes"] = workspace.models / version.name / "index"
        kinds["model in force: scores and unified vectors"] = workspace.models / version.name / "scored"
    sizes = {"database": _database(workspace)} | {name: _bytes(folder) for name, folder in kinds.items()}
    return {name: size for name, size in sizes.items() if size}


def _database(workspace: Workspace) -> int:
    engine = create_engine(workspace.database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    ask = (
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        if engine.dialect.name == "sqlite"
        else "SELECT pg_database_size(current_database())"
    )
    with engine.connect() as connection:
        return int(connection.execute(text(ask)).scalar_one())


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _number(told: int | str) -> int:
    return int(str(told).replace(",", ""))


def bytes_table(workspace: Workspace) -> list[Row]:
    """Bytes a listing, and gigabytes of a million, five and a hundred million."""
    with open_store(workspace) as store:
        listings = store.listing_count()
    sizes = files(workspace)
    every = sizes | {"all of it": sum(sizes.values())}
    return [
        {
            "file": name,
            "bytes a listing": round(size / listings),
            "GB of a million": size / listings / 1e3,
            "GB of five million": round(size / listings / 200),
            "GB of a hundred million": round(size / listings / 10),
        }
        for name, size in every.items()
    ]


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


def seconds_table(folder: Path) -> list[Row]:
    """A row for each stage."""
    rows = []
    for script, read in STAGES.items():
        for stage in read(found) if (found := results(folder, script)) else ():
            rows.append(
                {
                    "stage": stage.stage,
                    "measured up to": f"{stage.listings:,}",
                    "grows with n to the": stage.exponent,
                    "s for a million": stage.at(MILLION),
                    "hours for five million": stage.at(FIVE) / 3600,
                    "hours for a hundred million": stage.at(LARGE) / 3600,
                }
            )
    return rows


def missing(folder: Path) -> list[str]:
    """The scripts whose results are not in `folder`."""
    return [f"`benchmarks/{one}.py`" for one in (*STAGES, "memory") if not results(folder, one)]


def main() -> None:
    """Run it."""
    parser = report.parser(__doc__, "bytes alone")
    parser.add_argument("--workspace", type=Path, required=True, help="whose files are measured")
    parser.add_argument("--results", type=Path, help="what the other scripts printed with --json")
    given = parser.parse_args()
    sizes = bytes_table(Workspace.at(given.workspace))
    made = {"bytes": sizes}
    absent: list[str] = []
    if given.results:
        made |= {"seconds": seconds_table(given.results), "memory": memory_table(given.results)}
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
