"""The ranking by category and by seller: counted once for a model version and import, kept beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from mmquality.config import Workspace
from mmquality.ids import map_table, save_table
from mmquality.store import Groups, Store

_COLUMNS = "category", "seller"


def group_ranks(workspace: Workspace, store: Store, version: str) -> tuple[Groups, ...]:
    """The version in force by category and by seller, as the last import left them.

    Counting goes through the whole catalogue (a million listings take seconds), so it is done when a version
    is put in force; who asks later maps the file.
    """
    path = _path(workspace, version, len(store.import_reports()))
    with suppress(OSError, ValueError, KeyError):  # not there, or damaged: it can be counted again
        return tuple(map(_read, map_table(path).select(_COLUMNS).columns))
    found = store.ranked_groups(*_COLUMNS)
    if path.parent.is_dir():
        save_table(path, dict(zip(_COLUMNS, map(_written, found), strict=True)))
    return found


def _path(workspace: Workspace, version: str, imports: int) -> Path:
    return workspace.models / version / f"groups-{imports}.arrow"


def _written(groups: Groups) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(groups.codes, pa.array(groups.names, pa.large_string()))


def _read(column: pa.ChunkedArray) -> Groups:
    (piece,) = column.chunks
    return Groups(piece.dictionary.to_pylist(), piece.indices.to_numpy())
