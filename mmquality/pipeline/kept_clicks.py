"""The click log as it is kept: two files without duplicates, merged and read many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.util import hash_pandas_object

from mmquality.errors import WorkspaceError
from mmquality.files import whole_file

Kind = Literal["impressions", "co_clicks"]

_IDENTITY = {  # what makes two rows the same event, and what tells which of them to keep (the largest)
    "impressions": (["session_id", "shown_at", "seed_listing_id", "listing_id", "position"], "clicked"),
    "co_clicks": (["listing_id", "other_id"], "weight"),
}
_TEXT = pa.large_string()
_SCHEMA = {
    "impressions": pa.schema(
        {
            "session_id": _TEXT,
            "shown_at": pa.timestamp("us", "UTC"),
            "seed_listing_id": _TEXT,
            "listing_id": _TEXT,
            "position": pa.int64(),
            "clicked": pa.bool_(),
        }
    ),
    "co_clicks": pa.schema({"listing_id": _TEXT, "other_id": _TEXT, "weight": pa.float64()}),
}
_ROWS = 500_000  # in memory at once


class Merged(NamedTuple):
    """What a merge changed."""

    new: int  # rows that were not there
    raised: int  # rows that were there, and count more now: clicked, or of a larger weight

    def __bool__(self) -> bool:
        return any(self)


def merge_clicks(folder: Path, kind: Kind, frames: Iterable[pd.DataFrame]) -> Merged:
    """Merge rows into `folder`/impressions.parquet or co_clicks.parquet.

    A row that is there already is kept once: as clicked if it was clicked in either, with the larger weight.
    The file is replaced in one atomic step. `frames` are gone through twice: the same rows are told by a hash
    of 64 bits, so that memory holds two numbers of each; among ten million rows, two that differ share one
    by chance in three of a million logs.
    """

    def tables() -> Iterator[pa.Table]:
        for frame in chain(click_parts(folder, kind), frames):
            yield pa.Table.from_pandas(frame, _SCHEMA[kind], preserve_index=False)

    path = folder / f"{kind}.parquet"
    kept = _rows_kept(path)
    newest, raised = _newest(tables(), kind, kept)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part, pq.ParquetWriter(part, _SCHEMA[kind]) as writer:
        start = 0
        for table in tables():
            writer.write_table(table.filter(pa.array(newest[start : start + len(table)])))
            start += len(table)
    return Merged(int(newest.sum()) - kept, raised)


def click_parts(folder: Path, kind: Kind, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """What `merge_clicks` keeps in `folder` (all columns or these) in parts; none before the first merge.

    Raises `WorkspaceError`.
    """
    path = folder / f"{kind}.parquet"
    if not path.exists():
        return
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=columns):
                yield batch.to_pandas()
    except (ValueError, OSError) as error:
        raise _damaged(path, error) from error


def _rows_kept(path: Path) -> int:
    if not path.exists():
        return 0
    try:
        return int(pq.read_metadata(path).num_rows)
    except (ValueError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(f"{path} is damaged ({error}); delete it and import the click log again.")


def _newest(tables: Iterable[pa.Table], kind: Kind, kept: int) -> tuple[npt.NDArray[np.bool_], int]:
    """Of each row whether it is the one to keep: of the same event the largest, of those the last.

    And for how many of the first `kept` rows, which are different events, it is a larger one.
    """
    identity, value = _IDENTITY[kind]
    hashes, values = [np.empty(0, np.uint64)], [np.empty(0, np.float64)]
    for table in tables:
        frame = table.to_pandas()
        hashes.append(np.asarray(hash_pandas_object(frame[identity], index=False), np.uint64))
        values.append(frame[value].to_numpy(np.float64))
    events, counted = np.concatenate(hashes), np.concatenate(values)
    order = np.lexsort((counted, events))
    last = np.ones(len(order), bool)
    last[:-1] = events[order[1:]] != events[order[:-1]]
    newest = np.zeros(len(order), bool)
    newest[order[last]] = True
    event, stored = np.cumsum(last) - last, order < kept
    largest = counted[order[last]][event[stored]]
    return newest, int((largest > counted[order[stored]]).sum())
