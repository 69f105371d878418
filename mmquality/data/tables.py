"""Tables from files that other people made: CSV, JSON Lines and Parquet, in chunks, every value a string.

Strings, because an id such as `007` or a title such as `NA` must come through as it was written; `values.py`
reads numbers and times from them. The empty string stands for all that a file may use for "nothing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, TextIO, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmquality.anywhere import Place, place
from mmquality.config import ImportLimits
from mmquality.data.delimited import DELIMITERS, LONGEST_LINE, Lines, Record, read_blocks, read_records
from mmquality.data.float_ids import FloatIds
from mmquality.data.input_file import ROW, check_utf8, column_names, file_kind, open_text
from mmquality.data.json_rows import json_row
from mmquality.errors import InputFileError
from mmquality.records import RowProblem

_MOST_ROWS = 50_000  # in a chunk
_MOST_CELLS = 1_000_000
_MOST_CHARACTERS = 10_000_000
_TOO_LONG = f"is longer than {LONGEST_LINE:,} characters"
_SHOWN = 200  # characters of a value that a problem quotes

_T = TypeVar("_T")
_Piece = tuple[pa.Table, list[RowProblem]]  # rows as in a `TableChunk`, and those that are none


@dataclass(frozen=True)
class TableChunk:
    """Some rows of a file: its columns as strings, and `_row`, the row's number.

    Rows are numbered as in `RowProblem`. In CSV a row is a record, as in a spreadsheet: a title with line
    breaks is one row, blank lines count, and the header is row 1. In JSON Lines it is the line, from 1, in
    Parquet the row, from 1.
    """

    frame: pd.DataFrame
    problems: list[RowProblem]


def read_table(
    path: str | Place,
    required: Sequence[str] = (),
    limits: ImportLimits | None = None,
    known: Iterable[str] = (),
) -> Iterator[TableChunk]:
    """Read CSV (comma, tab, semicolon or bar), JSON Lines (both also .gz) or Parquet.

    A chunk has at most 50,000 rows. A record of the wrong length or a bad JSON line is a problem of its
    chunk. Ids that are floats in the whole file are read as integers (`float_ids`; `known` are the ids of the
    catalogue). The file is opened by this call, which raises `InputFileError` where it cannot be used at all
    or lacks a column of `required`; only damage deep inside a Parquet file shows later.
    """
    read = partial(_chunks, place(path), required, limits)
    chunks = read()
    first = _first(path, chunks)
    ids = FloatIds(lambda: (chunk.frame for chunk in read()), known)
    return (replace(chunk, frame=ids.as_integers(chunk.frame)) for chunk in chain([first], chunks))


def first_chunk(
    path: str | Place, required: Sequence[str] = (), limits: ImportLimits | None = None
) -> TableChunk:
    """The first rows of what `read_table` reads, ids as written: for a look before long work. Raises as it
    does."""
    return _first(path, _chunks(place(path), required, limits))


def _first(path: str | Place, chunks: Iterator[TableChunk]) -> TableChunk:
    first = next(chunks, None)
    if first is None:
        raise InputFileError(f"{path} has no rows; write the file again.")
    return first


def _chunks(path: Place, required: Sequence[str], limits: ImportLimits | None) -> Iterator[TableChunk]:
    kind = file_kind(path)
    if kind == "parquet":
        return _parquet_chunks(path, required, limits or ImportLimits())
    check_utf8(path, limits)
    return _csv_chunks(path, required) if kind == "csv" else _json_chunks(path, required)


def row_problem(path: Place, row: int, column: str, reason: str, value: str = "") -> RowProblem:
    """A problem that is fit to be stored and shown: the value shortened, without control characters."""
    shown = "".join(c if c.isprintable() else " " for c in value[:_SHOWN]).strip()
    return RowProblem(path.name, row, column, reason, shown + ("…" if len(value) > _SHOWN else ""))


def rows_per_chunk(columns: int) -> int:
    """As many rows as a chunk of so many columns may have."""
    return max(1, min(_MOST_ROWS, _MOST_CELLS // max(columns, 1)))


def _batches(
    items: Iterator[tuple[int, _T]], rows: int, characters: Callable[[_T], int]
) -> Iterator[list[tuple[int, _T]]]:
    """Up to `rows` items at a time, fewer where they are long."""
    batch: list[tuple[int, _T]] = []
    total = 0
    for item in items:
        batch.append(item)
        total += characters(item[1])
        if len(batch) >= rows or total >= _MOST_CHARACTERS:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def _parquet_chunks(path: Place, required: Sequence[str], limits: ImportLimits) -> Iterator[TableChunk]:
    from mmquality.data.parquet import Amounts, parquet_frames

    amounts = Amounts(rows_per_chunk, LONGEST_LINE, _MOST_CHARACTERS)
    for rows, frame, too_long in parquet_frames(path, required, amounts, limits):
        frame.insert(0, ROW, rows)
        yield TableChunk(frame, [row_problem(path, row, "", _TOO_LONG) for row in too_long])


def _csv_chunks(path: Place, required: Sequence[str]) -> Iterator[TableChunk]:
    headers = {delimiter: _header(path, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: _fit(headers[each][1], required))
    row, header = headers[delimiter]
    if isinstance(header, str):
        raise InputFileError(f"{path} has a header that {header}; write the file again.")
    names = column_names(path, header, required)
    with open_text(path) as handle:
        pieces = _csv_pieces(path, names, read_blocks(handle, delimiter, len(names)), row)
        for table, problems in _cut(pieces, rows_per_chunk(len(names))):
            yield TableChunk(table.to_pandas(), problems)


def _csv_pieces(
    path: Place, names: list[str], blocks: Iterator[pa.Table | list[Record]], header: int
) -> Iterator[_Piece]:
    """What each block holds below the header, which is this row."""
    first = 1
    for block in blocks:
        skipped, end = max(0, header + 1 - first), first + len(block)
        if skipped < len(block):
            if isinstance(block, list):
                yield _of_records(path, names, list(enumerate(block, start=first))[skipped:])
            else:
                yield _of_columns(names, block.slice(skipped), range(first + skipped, end))
        first = end


def _of_columns(names: list[str], block: pa.Table, rows: range) -> _Piece:
    numbers = pa.array(np.arange(rows.start, rows.stop))
    table = pa.Table.from_arrays([numbers, *block.columns], [ROW, *names])
    blank: Any = True
    for column in block.columns:
        blank = pc.and_(blank, pc.equal(pc.binary_length(column), 0))
        if not pc.any(blank).as_py():
            return table, []
    return table.filter(pc.invert(blank)), []


def _cut(pieces: Iterator[_Piece], rows: int) -> Iterator[_Piece]:
    """The same in pieces of up to `rows` rows, fewer where they are long."""
    table, problems, nothing = None, list[RowProblem](), True
    for more, found in pieces:
        table = more if table is None else pa.concat_tables([table, more])
        problems += found
        while len(table) >= (most := _fitting(table, rows)):
            last, nothing = table[ROW][most - 1].as_py(), False
            yield table.slice(0, most), [problem for problem in problems if problem.row < last]
            table = table.slice(most)
            problems = [problem for problem in problems if problem.row > last]
    if table is not None and (len(table) or problems or nothing):
        yield table, problems


def _fitting(table: pa.Table, rows: int) -> int:
    """How many rows of the table one chunk takes; more than it has where all of them are too few."""
    lengths = np.zeros(len(table), np.int64)
    for name in table.column_names[1:]:
        lengths += pc.binary_length(table[name]).to_numpy()
    return min(rows, int(np.searchsorted(np.cumsum(lengths), _MOST_CHARACTERS)) + 1)


def _header(path: Place, delimiter: str) -> tuple[int, Record]:
    """The first record that is not blank, and its row."""
    with open_text(path) as handle:
        for row, record in enumerate(chain.from_iterable(read_records(handle, delimiter)), start=1):
            if any(record):
                return row, record
    raise InputFileError(f"{path} is empty; write the file again.")


def _fit(header: Record, required: Sequence[str]) -> tuple[int, int]:
    """How well a delimiter fits: it finds the required columns, and many of them."""
    if isinstance(header, str):
        return -1, 0
    names = {name.strip() for name in header}
    return sum(name in names for name in required), len(header)


def _of_records(path: Place, names: list[str], batch: list[tuple[int, Record]]) -> _Piece:
    rows, records, problems = [], [], []
    for row, record in batch:
        if isinstance(record, str):
            problems.append(row_problem(path, row, "", record))
        elif len(record) == len(names):
            if any(record):
                rows.append(row)
                records.append(record)
        elif any(record):
            fields = "1 field" if len(record) == 1 else f"{len(record)} fields"
            reason = f"has {fields} where the header has {len(names)}"
            problems.append(row_problem(path, row, "", reason, record[0]))
    columns = zip(*records, strict=True) if records else [()] * len(names)
    texts = [pa.array(column, pa.large_string()) for column in columns]
    return pa.Table.from_arrays([pa.array(rows, pa.int64()), *texts], [ROW, *names]), problems


def _json_chunks(path: Place, required: Sequence[str]) -> Iterator[TableChunk]:
    checked = False
    with open_text(path) as handle:
        for batch in _batches(_numbered_lines(handle), _MOST_ROWS, len):
            if not checked and batch[0][1].lstrip().startswith("["):
                raise InputFileError(f"{path} is a JSON array; write one object per line instead.")
            rows, problems = _json_rows(path, batch)
            if not rows and not checked and problems:
                first = problems[0]
                why = f"line {first.row} {first.reason}; write one object per line."
                raise InputFileError(f"{path} is not JSON Lines: {why}")
            names = list(dict.fromkeys(name for _, row in rows for name in row))
            column_names(path, names, () if checked else required)
            names = list(dict.fromkeys([*names, *required]))
            checked = checked or bool(rows)
            step = rows_per_chunk(len(names))
            for start in range(0, len(rows) or 1, step):
                yield _json_chunk(rows[start : start + step], names, [] if start else problems)


def _numbered_lines(handle: TextIO) -> Iterator[tuple[int, str]]:
    """Every line that is not blank; one that is too long comes as the empty string."""
    lines = Lines(handle)
    for row, line in enumerate(lines, start=1):
        if line.strip():
            yield row, "" if lines.cut else line
        lines.start_record()


def _json_rows(
    path: Place, batch: list[tuple[int, str]]
) -> tuple[list[tuple[int, dict[str, str]]], list[RowProblem]]:
    rows, problems = [], []
    for number, line in batch:
        row = json_row(line) if line else _TOO_LONG
        if isinstance(row, str):
            problems.append(row_problem(path, number, "", row, line))
        else:
            rows.append((number, row))
    return rows, problems


def _json_chunk(
    rows: list[tuple[int, dict[str, str]]], names: list[str], problems: list[RowProblem]
) -> TableChunk:
    columns = {name: [row.get(name, "") for _, row in rows] for name in names}
    return TableChunk(_frame([number for number, _ in rows], columns), problems)


def _frame(rows: list[int], columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    frame = pd.DataFrame(columns, dtype="str")
    frame.insert(0, ROW, pd.Series(rows, dtype="int64"))
    return frame
