"""A dashboard that notes every SELECT it sends: `MMQ_STATEMENTS` names the file.

Run by Streamlit in the place of app.py. For SQLite: what was noted is looked at by `plans_of`.
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

_APP = Path(__file__).parents[1] / "app.py"
_NOTED = "MMQ_STATEMENTS"
_LARGE = ("listings", "scores", "listing_values")  # as many rows as listings, or more
_SCAN = re.compile(rf"SCAN ({'|'.join(_LARGE)})\b")
_MANY = 500_000  # steps; thousands of rows that a page shows take no more
_PIECE = 1_000  # steps of SQLite's machine between two looks at the count


@dataclass(frozen=True)
class Looked:
    """How SQLite answers one statement."""

    statement: str
    plan: list[str]
    steps: int  # of its virtual machine, to thousands

    def scans(self, listings: int) -> bool:
        """Whether it goes through a large table: by its plan, unless LIMIT stops it, or by what it did."""
        stopped = "LIMIT" in self.statement and self.steps < listings
        many = self.steps >= max(2 * listings, _MANY)
        return many or (any(map(_SCAN.search, self.plan)) and not stopped)


def plans_of(database: Path, noted: Path) -> Iterator[Looked]:
    """Ask SQLite for the plan of everything noted, and let it answer once more, counting."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    for line in dict.fromkeys(noted.read_text(encoding="utf-8").splitlines()):
        statement, values = json.loads(line)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        pieces = [0]

        def one_more(pieces: list[int] = pieces) -> None:
            pieces[0] += 1

        connection.set_progress_handler(one_more, _PIECE)
        connection.execute(statement, values).fetchall()
        connection.set_progress_handler(None, 0)
        yield Looked(" ".join(statement.split()), plan, pieces[0] * _PIECE)
    connection.close()


def _note(_: Any, __: Any, statement: str, values: Any, ___: Any, many: bool) -> None:
    if statement.lstrip().startswith("SELECT") and not many:
        with open(os.environ[_NOTED], "a", encoding="utf-8") as file:
            file.write(json.dumps([statement, values], default=str) + "\n")


if __name__ == "__main__":
    if not event.contains(Engine, "before_cursor_execute", _note):
        event.listen(Engine, "before_cursor_execute", _note)
    runpy.run_path(str(_APP), run_name="__main__")
