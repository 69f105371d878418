"""What the parts of an import cost at least: reading alone, SQLite alone with the rows that were stored."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import report

_ROWS = 50_000  # read before the clock runs
_AS_TEXT = "import sys, time, pandas as p; t = time.perf_counter(); "
_AS_TEXT += "p.read_csv(sys.argv[1], dtype=str, keep_default_na=False); print(time.perf_counter() - t)"
_CHECKED = "import sys, time, mmquality.data.catalogue as c; t = time.perf_counter(); "
_CHECKED += "all(True for _ in c.read_catalogue(*sys.argv[1:])); print(time.perf_counter() - t)"
_LETTERS = "INSERT INTO title_letters (rowid, title) SELECT listing_no, title_folded || '  ' FROM listings "
_LETTERS += "NOT INDEXED ORDER BY listing_no"


def as_text(path: Path) -> float:
    """Seconds until pandas has read the file with every cell as text, as an import must."""
    return float(report.run(sys.executable, "-c", _AS_TEXT, str(path)).out)


def floors(path: Path, photos: Path, database: Path, scratch: Path) -> dict[str, float]:
    """Seconds of each part of the import that made `database` of a file; `scratch` is a new database."""
    checked = report.run(sys.executable, "-c", _CHECKED, str(path), str(photos))
    found = {"reading and checking": float(checked.out)}
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(scratch)) as copy:
        copy.execute("PRAGMA journal_mode = WAL")
        copy.execute("PRAGMA cache_size = -65536")
        found["rows, without any index"] = _copied(source, copy, "listings")
        found["their indexes"] = _made(source, copy, "index", "listings")
        found["letters of titles"] = _made(source, copy, "table", "title_letters", _LETTERS)
        found["values to filter by"] = _copied(source, copy, "listing_values")
    return found


def _copied(source: sqlite3.Connection, copy: sqlite3.Connection, table: str) -> float:
    """Insert what the table holds, in the order in which it lies there, and commit."""
    spent = [_made(source, copy, "table", table)]
    rows = source.execute(f"SELECT * FROM {table}")
    into = f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows.description))})"
    while some := rows.fetchmany(_ROWS):
        with _timed(spent):
            copy.executemany(into, some)
    with _timed(spent):
        copy.commit()
    return sum(spent)


def _made(source: sqlite3.Connection, copy: sqlite3.Connection, kind: str, table: str, *then: str) -> float:
    """Make what the source has of this kind, run what comes then, and commit."""
    which = "SELECT sql FROM sqlite_master WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL"
    spent: list[float] = []
    with _timed(spent):
        for statement in (*(sql for (sql,) in source.execute(which, (kind, table))), *then):
            copy.execute(statement)
        copy.commit()
    return spent[0]


@contextmanager
def _timed(spent: list[float]) -> Iterator[None]:
    started = time.perf_counter()
    yield
    spent.append(time.perf_counter() - started)
