"""Comparison tables on disk: CSV and Markdown for people, CSV in the workspace for the Models page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mmquality.anywhere import Place, as_from_a_disk, written
from mmquality.config import Workspace
from mmquality.pipeline.evaluations import ABOUT
from mmquality.pipeline.folders import replace_text
from mmquality.pipeline.locking import alone_in

# name: what a row is, what a column is ("" = the table is as wide as it will be), the figure
_SHAPES = {
    "projections": ("variant", "metric", "mean"),
    "losses": ("variant", "metric", "mean"),
    "peers_mismatch": ("method", "part", "ap"),
    "peers_recall": ("method", "k", "recall"),
}


def keep_tables(
    workspace: Workspace, tables: Mapping[str, pd.DataFrame], about: Mapping[str, Mapping[str, Any]]
) -> None:
    """Put tables into the workspace, each file whole or not at all; others that are there stay.

    :param about: table → what was measured (version, seeds, listings, at, truth)
    """
    folder = workspace.evaluations
    with alone_in(workspace):
        folder.mkdir(exist_ok=True)
        for name, table in tables.items():
            replace_text(folder / f"{name}.csv", table.to_csv(index=False))
        told = {name: dict(content) for name, content in about.items()}
        replace_text(folder / ABOUT, json.dumps(_told_before(folder / ABOUT) | told, indent=2) + "\n")


def write_tables(folder: Place, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write each table into `folder`, a path or a URL, as NAME.csv and NAME.md. Raises `OSError`."""
    with as_from_a_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        _write(folder / f"{name}.csv", table.to_csv(index=False))
        _write(folder / f"{name}.md", as_markdown(name, table) + "\n")


def _write(place: Place, text: str) -> None:
    with written(place) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def as_markdown(name: str, table: pd.DataFrame) -> str:
    """A table as Markdown, as wide as people read it: `0.912 (0.890–0.930) ± 0.004`."""
    cells = table
    if name in _SHAPES:
        row, column, _ = _SHAPES[name]
        told = table.assign(told=[_told(name, record) for record in table.to_dict("records")])
        wide = told.pivot(index=row, columns=column, values="told").fillna("–")
        wide = wide.reindex(index=told[row].unique(), columns=told[column].unique())
        cells = wide.rename(columns=lambda c: f"recall@{c}" if column == "k" else c).reset_index()
    header = [str(column) for column in cells.columns]
    body = [[_cell(value) for value in row] for row in cells.itertuples(index=False)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ["---"] * len(header), *body))


def _told(name: str, record: Mapping[Any, Any]) -> str:
    value = record[_SHAPES[name][2]]
    if pd.isna(value):
        return "–"
    interval = f" ({record['low']:.3f}–{record['high']:.3f})" if pd.notna(record.get("low")) else ""
    spread = f" ± {record['spread']:.3f}" if pd.notna(record["spread"]) else ""
    return f"{value:.3f}{interval}{spread}"


def _cell(value: object) -> str:
    if value is None or value != value:  # nothing, or not a number
        return "–"
    if isinstance(value, float):
        return f"{value:.1f}"
    return str(value).replace("|", "\\|")


def _told_before(path: Path) -> dict[str, Any]:
    """What the tables that are there say of themselves; nothing where that cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the tables of now are told anew below
        return {}
    return content if isinstance(content, dict) else {}
