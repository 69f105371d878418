"""Tables that are made once, kept as files beside a model version, and mapped by whoever asks later."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from mmquality.config import Workspace
from mmquality.ids import map_table, save_table
from mmquality.pipeline.places import index_path
from mmquality.records import Space
from mmquality.store import Groups, Store

_COLUMNS = "category", "seller"
_MADE_FOR = "made_for"


def keep(workspace: Workspace, store: Store, version: str) -> None:
    """Make the tables of a version that was put in force, before somebody waits for them."""
    group_ranks(workspace, store, version)
    ranked_numbers(workspace, store, version)


def group_ranks(workspace: Workspace, store: Store, version: str) -> tuple[Groups, ...]:
    """The version in force by category and by seller, as the last import left them.

    Counting goes through the whole catalogue: a million listings take seconds.
    """

    def count() -> dict[str, Any]:
        return dict(zip(_COLUMNS, map(_written, store.ranked_groups(*_COLUMNS)), strict=True))

    made_for = f"{_published(store, version)} {len(store.import_reports())}"
    table = _kept(_path(workspace, version, "groups"), made_for, count)
    return tuple(_read(table[name]) for name in _COLUMNS)


def ranked_numbers(workspace: Workspace, store: Store, version: str) -> pd.DataFrame:
    """What `Store.ranked_numbers` says of a published version, with what it ranks now."""

    def read() -> dict[str, Any]:
        found = store.ranked_numbers(version)
        return {str(name): found[name].to_numpy() for name in found}

    made_for = _published(store, version)
    found: pd.DataFrame = _kept(_path(workspace, version, "ranked"), made_for, read).to_pandas()
    return found


def _path(workspace: Workspace, version: str, name: str) -> Path:
    return index_path(workspace, version, Space.UNIFIED).with_name(f"{name}.arrow")


def _published(store: Store, version: str) -> str:
    """When a version was published, which tells it from one of the same name in another database, and how
    often its ranking has changed since."""
    found = (v for v in store.versions() if v.name == version)
    return next((f"{v.created_at.isoformat()} {v.revision}" for v in found), "")


def _kept(path: Path, made_for: str, make: Callable[[], dict[str, Any]]) -> Any:
    """The table in a file, if it was made for the same; otherwise it is made now."""
    with suppress(OSError, ValueError):  # not there, or damaged: it can be made again
        table = map_table(path)
        if (table.schema.metadata or {}).get(_MADE_FOR.encode()) == made_for.encode():
            return table
    columns = make()
    if os.access(path.parent, os.W_OK):  # in a workspace that may only be read it is made each time
        save_table(path, columns, {_MADE_FOR: made_for})
    return pa.table(columns)


def _written(groups: Groups) -> Any:
    return pa.DictionaryArray.from_arrays(groups.codes, pa.array(groups.names, pa.large_string()))


def _read(column: Any) -> Groups:
    piece = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return Groups(piece.dictionary.to_pylist(), piece.indices.to_numpy())
