"""The comparison tables of a workspace, as `mmquality evaluate peers` and `mmquality ablate` left them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError

ABOUT = "about.json"
_ABLATION = ("variant", "metric"), ("mean", "spread", "seeds")
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # name: columns of text, columns of numbers
    "peers_mismatch": (("method", "part"), ("ap", "low", "high", "spread", "seeds")),
    "peers_recall": (("method",), ("k", "recall", "low", "high", "spread", "seeds")),
    "projections": _ABLATION,
    "losses": _ABLATION,
    "cost": (("method",), ("seconds", "peak_mb")),
}


@dataclass(frozen=True)
class EvaluationTable:
    """One table: its rows in the order they were written, and what was measured, when."""

    name: str  # a key of `TABLES`
    rows: pd.DataFrame
    about: dict[str, Any] = field(default_factory=dict)  # version, seeds, listings, at, truth; {} if not told


def read_tables(workspace: Workspace) -> dict[str, EvaluationTable]:
    """The tables that are there and have a row, by name, in the order of `TABLES`.

    Numbers are floats, NaN where the file has none. Raises `WorkspaceError` for a file that is damaged.
    """
    folder = workspace.evaluations
    found = {name: folder / f"{name}.csv" for name in TABLES if (folder / f"{name}.csv").exists()}
    about = _about(folder / ABOUT) if found else {}
    tables = (EvaluationTable(name, _rows(path, name), about.get(name, {})) for name, path in found.items())
    return {table.name: table for table in tables if len(table.rows)}


def _rows(path: Path, name: str) -> pd.DataFrame:
    texts, numbers = TABLES[name]
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        missing = [column for column in (*texts, *numbers) if column not in table]
        if missing:
            raise ValueError(f"it has no column {missing[0]!r}")
        return table[[*texts, *numbers]].assign(**{c: _floats(table[c]) for c in numbers})
    except (OSError, ValueError) as error:  # pandas' errors and wrong UTF-8 are ValueErrors
        raise _damaged(path, error) from error


def _floats(column: pd.Series[str]) -> pd.Series[float]:
    return pd.to_numeric(column.where(column.str.strip() != "")).astype("float64")


def _about(path: Path) -> dict[str, dict[str, Any]]:
    """What each table says of itself; nothing where that was not written."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not (isinstance(content, dict) and all(isinstance(told, dict) for told in content.values())):
            raise ValueError("it holds no object for each table")
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    return content


def _damaged(path: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"{path} cannot be read ({error}). Delete it, then run `mmquality evaluate peers` or "
        "`mmquality ablate` again."
    )
