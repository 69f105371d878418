"""Exports of labels: for spreadsheets, for programs, for Label Studio and Argilla; whole or not there.

The CSV is made for spreadsheets: it starts with a byte order mark, without which Excel takes UTF-8 for the
local code page and spoils titles (read it as "utf-8-sig"; pandas does so by itself), and a cell that a
spreadsheet would run as a formula gets a leading apostrophe. The others hold every text exactly as it is.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmquality.anywhere import Place, place, written
from mmquality.data.spreadsheets import safe_text
from mmquality.errors import MMQualityError
from mmquality.records import REASONS
from mmquality.store.audit import AUDIT_COLUMNS, AuditQuery, AuditStore
from mmquality.store.database import batches
from mmquality.store.label_pages import EXPORTED, LabelQuery, LabelReader
from mmquality.store.label_tools import write_argilla, write_label_studio
from mmquality.store.reports import PROBLEM_COLUMNS, ReportStore

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
        pa.field("threshold", pa.float64()),
        pa.field("neighbours", pa.string()),  # a JSON list of listing_ids
        pa.field("explanation_id", pa.int64()),
        pa.field("suggestion", pa.string()),
    ]
)
EXPORT_COLUMNS = tuple(column.name for column in EXPORTED)
_AT_ONCE = 20_000  # rows held at a time; a row group of a Parquet file
Batches = Iterator[list[Any]]  # rows


def export_labels(
    store: LabelReader,
    path: str | Place,
    query: LabelQuery | None = None,
    advance: Callable[[int], object] = lambda done: None,
    reasons: Mapping[str, str] = REASONS,
) -> int:
    """Write the query's labels, the newest first, to a file whose name ends in one of `EXPORT_ENDINGS`.

    Gives their number. A file that is there is replaced only once the new one is complete; for a URL it is
    made on this machine first. `advance` is called with how many more are written; `reasons` (code → words)
    are those that other tools may offer. Raises `MMQualityError` for another ending or a place that cannot be
    written.
    """
    writers = {ending: partial(write, reasons=reasons) for ending, write in _WRITERS.items()}
    return _export("labels", place(path), store.iter_labels(query), writers, advance)


def export_audit(
    store: AuditStore,
    path: str | Place,
    query: AuditQuery | None = None,
    advance: Callable[[int], object] = lambda done: None,
) -> int:
    """Write who did what to a .csv or .jsonl file, as `export_labels` writes labels."""
    return _export("deeds", place(path), store.iter_audit(query), _OF_DEEDS, advance)


def export_problems(
    store: ReportStore,
    path: str | Place,
    report_id: int,
    advance: Callable[[int], object] = lambda done: None,
) -> int:
    """Write the problems of an import to a .csv or .jsonl file, as `export_labels` writes labels."""
    return _export("problems", place(path), _problems(store, report_id), _OF_PROBLEMS, advance)


def _problems(store: ReportStore, report_id: int) -> Generator[Any, None, None]:
    page = 1
    while rows := store.import_problems(report_id, page, _AT_ONCE).rows:
        yield from map(attrgetter(*PROBLEM_COLUMNS), rows)
        page += 1


def _export(
    what: str,
    target: Place,
    stream: Generator[Any, None, None],
    writers: Mapping[str, Callable[[Path, Batches], None]],
    advance: Callable[[int], object],
) -> int:
    """Write a stream by the writer of the target's ending, whole or not at all, and give its length."""
    ending = next((ending for ending in writers if target.name.lower().endswith(ending)), None)
    if ending is None:
        raise MMQualityError(
            f"{what.capitalize()} cannot be exported to {target.name}; end it in {', '.join(writers)}."
        )
    count = 0

    def counted() -> Batches:
        nonlocal count
        for some in batches(stream, _AT_ONCE):
            yield some
            count += len(some)
            advance(len(some))

    try:
        with closing(stream), written(target) as unfinished:
            writers[ending](unfinished, counted())
    except OSError as error:
        why = error.strerror or error
        raise MMQualityError(
            f"The {what} could not be written to {target}: {why}. Choose another place."
        ) from error
    return count


def _write_csv(path: Path, rows: Batches, columns: Sequence[str] = EXPORT_COLUMNS, **_: object) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for some in rows:
            writer.writerows([_cell(value) for value in row] for row in some)


def _cell(value: object) -> object:
    if isinstance(value, str):
        return safe_text(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _write_parquet(path: Path, rows: Batches, **_: object) -> None:
    with pq.ParquetWriter(path, EXPORT_SCHEMA) as writer:
        for some in rows:
            values = zip(*some, strict=True)
            writer.write_table(
                pa.table([pa.array(v, f.type) for v, f in zip(values, EXPORT_SCHEMA, strict=True)],
                         schema=EXPORT_SCHEMA)
            )  # fmt: skip


def _write_jsonl(path: Path, rows: Batches, columns: Sequence[str] = EXPORT_COLUMNS, **_: object) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, default=datetime.isoformat).encode
    with path.open("w", encoding="utf-8") as file:
        for some in rows:
            file.writelines(encode(dict(zip(columns, row, strict=True))) + "\n" for row in some)


_WRITERS: dict[str, Callable[..., None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_jsonl,
    ".label-studio.zip": write_label_studio,
    ".argilla.zip": write_argilla,
}
EXPORT_ENDINGS = tuple(_WRITERS)
_OF_DEEDS = {
    ".csv": partial(_write_csv, columns=AUDIT_COLUMNS),
    ".jsonl": partial(_write_jsonl, columns=AUDIT_COLUMNS),
}
_OF_PROBLEMS = {
    ".csv": partial(_write_csv, columns=PROBLEM_COLUMNS),
    ".jsonl": partial(_write_jsonl, columns=PROBLEM_COLUMNS),
}
