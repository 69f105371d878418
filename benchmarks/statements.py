"""A dashboard that notes every SELECT it sends: `MMQ_STATEMENTS` names the file.

Run by Streamlit in the place of app.py. What was noted is looked at by `plans_of`: each database is asked how
it answers.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from mmquality.store.engines import checked_url, engine_of
from mmquality.store.selection import MOST_COUNTED

_APP = Path(__file__).parents[1] / "app.py"
_NOTED = "MMQ_STATEMENTS"
_LARGE = ("listings", "scores", "listing_values")  # as many rows as listings, or more
_SCAN = re.compile(rf"SCAN ({'|'.join(_LARGE)})\b")
_MANY = 500_000  # steps; thousands of rows that a page shows take no more
_PIECE = 1_000  # steps of SQLite's machine between two looks at the count


@dataclass(frozen=True)
class Looked:
    """How a database answers one statement."""

    statement: str
    plan: list[str]
    steps: int  # of SQLite's virtual machine, to thousands; rows that PostgreSQL read
    scans: bool  # it goes through a large table


def plans_of(url: str, noted: Path, listings: int) -> Iterator[Looked]:
    """Ask the database for the plan of everything noted, and let it answer once more, counting."""
    statements = [json.loads(line) for line in dict.fromkeys(noted.read_text(encoding="utf-8").splitlines())]
    address = checked_url(url)
    if address.get_backend_name() == "sqlite":
        yield from _of_sqlite(str(address.database), statements, listings)
    else:
        yield from _of_postgresql(url, statements, listings)


def _of_sqlite(database: str, statements: list[Any], listings: int) -> Iterator[Looked]:
    """A statement goes through a large table by its plan, unless LIMIT stops it, or by what it did."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for statement, values in statements:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        pieces = [0]

        def one_more(pieces: list[int] = pieces) -> None:
            pieces[0] += 1

        connection.set_progress_handler(one_more, _PIECE)
        connection.execute(statement, values).fetchall()
        connection.set_progress_handler(None, 0)
        steps = pieces[0] * _PIECE
        stopped = "LIMIT" in statement and steps < listings
        many = steps >= max(2 * listings, _MANY)
        scans = many or (any(map(_SCAN.search, plan)) and not stopped)
        yield Looked(" ".join(statement.split()), plan, steps, scans)
    connection.close()


def _of_postgresql(url: str, statements: list[Any], listings: int) -> Iterator[Looked]:
    """A statement goes through a large table where it scans, or sorts, more rows than a page may look at."""
    engine = engine_of(checked_url(url))  # as the dashboard's connections are set up
    with engine.connect() as connection:
        for statement, values in statements:
            asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
            [told] = connection.exec_driver_sql(asked, values).scalar_one()
            nodes = list(_nodes(told["Plan"]))
            read = sum(_rows(node) for node in nodes if "Scan" in node["Node Type"])
            one_by_one = [_rows(node) for node in nodes if node["Node Type"] in ("Seq Scan", "Sort")]
            scans = max(one_by_one, default=0) > MOST_COUNTED or read >= listings
            yield Looked(" ".join(statement.split()), list(map(_line, nodes)), read, scans)
            connection.rollback()  # some lock rows
    engine.dispose()


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _rows(node: dict[str, Any]) -> int:
    """How many rows it read, in all its rounds: those that went on, those that it left out."""
    left_out = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    rows = max(node["Actual Rows"], *(part["Actual Rows"] for part in node.get("Plans", ())), 0)
    return int((rows + left_out) * node["Actual Loops"])


def _line(node: dict[str, Any]) -> str:
    names = (node["Node Type"], node.get("Index Name"), node.get("Relation Name"), f"{_rows(node)} rows")
    return " ".join(filter(None, names))


def note(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
    """Keep a statement that is about to be sent, where it is a SELECT."""
    if statement.lstrip().startswith("SELECT") and not many:
        with open(os.environ[_NOTED], "a", encoding="utf-8") as file:
            file.write(json.dumps([statement, values], default=str) + "\n")


if __name__ == "__main__":
    from statements import note as once  # of the module, which stays: Streamlit runs this file for each visit

    if not event.contains(Engine, "before_cursor_execute", once):
        event.listen(Engine, "before_cursor_execute", once)
    runpy.run_path(str(_APP), run_name="__main__")
