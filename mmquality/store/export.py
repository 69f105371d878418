"""Exports of labels: CSV for spreadsheets, Parquet and JSON Lines for programs; whole or not there.

The CSV is made for spreadsheets: it starts with a byte order mark, without which Excel takes UTF-8 for the
local code page and spoils titles (read it as "utf-8-sig"; pandas does so by itself), and a cell that a
spreadsheet would run as a formula gets a leading apostrophe. The other two hold every text exactly as it is.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from mmquality.errors import MMQualityError
from mmquality.store.database import batches
from mmquality.store.label_pages import LabelledListing, LabelQuery, LabelReader

EXPORT_SCHEMA = pa.schema(
    [
        pa.field("label_id", pa.int64(), nullable=False),
        pa.field("listing_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("category", pa.string()),
        pa.field("image", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("note", pa.string(), nullable=False),
        pa.field("analyst", pa.string(), nullable=False),
        pa.field("created_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("model_version", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("rank", pa.int64()),
        pa.field("drawn", pa.string(), nullable=False),
        pa.field("score_hidden", pa.bool_(), nullable=False),
        pa.field("batch", pa.string()),
    ]
)
EXPORT_COLUMNS = tuple(EXPORT_SCHEMA.names)
_ROW_GROUP = 20_000
# What spreadsheets take for the start of a formula; the last four are the wide forms of the first four.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def export_labels(
    store: LabelReader,
    path: str | Path,
    query: LabelQuery | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> int:
    """Write the query's labels, the newest first, to a .csv, .parquet or .jsonl file and give their number.

    A file that is there is replaced only once the new one is complete. `advance` is called with how many more
    are written. Raises `MMQualityError` for another suffix or a folder that cannot be written.
    """
    target = Path(path)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise MMQualityError(f"Labels cannot be exported to {target.name}; end it in {', '.join(_WRITERS)}.")
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}.tmp")
    try:
        count = write(unfinished, _rows(store, query, advance))
        os.replace(unfinished, target)
    except OSError as error:
        raise MMQualityError(
            f"The labels could not be written to {target}: {error.strerror}. Choose another place."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _rows(
    store: LabelReader, query: LabelQuery | None, advance: Callable[[int], object]
) -> Iterator[dict[str, Any]]:
    with closing(store.iter_labels(query)) as stream:
        for labelled in stream:
            yield _row(labelled)
            advance(1)


def _row(labelled: LabelledListing) -> dict[str, Any]:
    values = asdict(labelled.label)
    values |= {"title": labelled.title, "category": labelled.category, "image": labelled.image}
    values["verdict"] = labelled.label.verdict.value
    values["reason"] = None if labelled.label.reason is None else labelled.label.reason.value
    values["drawn"] = labelled.label.drawn.value
    return {name: values[name] for name in EXPORT_COLUMNS}


def _write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, EXPORT_COLUMNS)
        writer.writeheader()
        for row in rows:
            row["created_at"] = row["created_at"].isoformat()
            writer.writerow({name: safe_cell(value) for name, value in row.items()})
            count += 1
    return count


def safe_cell(value: object) -> object:
    """The value as a spreadsheet may have it: text that it would run as a formula is led by an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _write_parquet(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with pq.ParquetWriter(path, EXPORT_SCHEMA) as writer:
        for batch in batches(rows, _ROW_GROUP):
            writer.write_table(pa.Table.from_pylist(batch, schema=EXPORT_SCHEMA))
            count += len(batch)
    return count


def _write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            row["created_at"] = row["created_at"].isoformat()
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


_WRITERS: dict[str, Callable[[Path, Iterable[dict[str, Any]]], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
}
