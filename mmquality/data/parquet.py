"""Parquet files as frames of strings, written as a person would write the values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmquality.anywhere import Place, as_from_a_disk
from mmquality.config import ImportLimits
from mmquality.data.float_ids import is_id
from mmquality.data.input_file import bomb, column_names
from mmquality.errors import InputFileError

_WHOLE = 1e15  # floats below this are exact integers where they are whole
_NOTHING = pa.scalar("", pa.large_string())
_NUMBER = 25  # characters of one, and of all else that is not text, at most

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Amounts:
    """How much of a file is made into text at a time."""

    rows: Callable[[int], int]  # for so many columns
    longest_row: int  # characters
    characters: int  # of all rows together


def parquet_frames(
    path: Place, required: Sequence[str], amounts: Amounts, limits: ImportLimits
) -> Iterator[tuple[Ints, pd.DataFrame, list[int]]]:
    """The file's rows in order, every column as strings, "" for null: their numbers, they themselves, and the
    numbers of those that are too long.

    Whole floats lose their ".0" but in a column of ids, which are as CSV would have them (`float_ids`); times
    are UTC, lists and structs are JSON; a column of bytes that are not text is "". Raises `InputFileError`.
    """
    try:
        with as_from_a_disk(path), path.open("rb") as opened:
            texts = _checked(path, pq.read_metadata(opened), limits)
            # A text that comes back in many rows is held once until it is known how long they are.
            with pq.ParquetFile(opened, read_dictionary=texts) as file:
                names = column_names(path, file.schema_arrow.names, required)
                first = 1
                for batch in file.iter_batches(batch_size=amounts.rows(len(names))):
                    yield from _frames(batch, first, names, amounts)
                    first += batch.num_rows
    # ValueError: names that are not UTF-8. IndexError: a text that its dictionary does not have.
    except (pa.ArrowException, OSError, ValueError, IndexError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputFileError(f"{path} is no readable Parquet file ({why[:200]}); write it again.") from error


def _checked(path: Place, told: Any, limits: ImportLimits) -> list[str]:
    """The columns of text, by their paths; raises `InputFileError` where the file is a bomb."""
    cells = told.num_rows * told.num_columns
    bytes_ = sum(told.row_group(i).total_byte_size for i in range(told.num_row_groups))
    if max(bytes_, 8 * cells) > limits.of(path.stat().st_size):
        raise bomb(path)
    columns = [told.schema.column(i) for i in range(told.num_columns)]
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _frames(
    batch: pa.RecordBatch, first: int, names: list[str], amounts: Amounts
) -> Iterator[tuple[Ints, pd.DataFrame, list[int]]]:
    """The rows of a batch, whose first has the number `first`, in pieces that are not too long."""
    lengths = sum((_lengths(column) for column in batch.columns), np.zeros(batch.num_rows, np.int64))
    rows = np.flatnonzero(lengths <= amounts.longest_row)
    too_long = (np.flatnonzero(lengths > amounts.longest_row) + first).tolist()
    pieces = np.cumsum(lengths[rows]) // amounts.characters
    for piece in np.split(rows, np.flatnonzero(np.diff(pieces)) + 1):
        taken = batch if len(piece) == batch.num_rows else batch.take(pa.array(piece))
        columns = {name: _text(taken.column(i), ".0" if is_id(name) else "") for i, name in enumerate(names)}
        yield piece + first, pd.DataFrame(columns), too_long
        too_long = []


def _lengths(array: pa.Array) -> Ints:
    """Bytes that each row has as text, about: (len(array),)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        known = np.append(_lengths(array.dictionary), 0)  # the last one is for null
        return np.asarray(known[array.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        ends = np.asarray(array.offsets)
        inside = np.concatenate([[0], np.cumsum(_lengths(array.values))])
        return np.asarray(inside[ends[1:]] - inside[ends[:-1]])
    if pa.types.is_struct(kind):
        return sum((_lengths(field) for field in array.flatten()), np.zeros(len(array), np.int64))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return np.asarray(pc.binary_length(array).fill_null(0).cast(pa.int64()))
    return np.full(len(array), _NUMBER)


def _text(array: pa.Array, point: str) -> pd.Series[str]:
    """The values as text, a whole float with `point` at its end."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _text(array.dictionary_decode(), point)
    if pa.types.is_nested(kind):
        found = [
            "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in array.to_pylist()
        ]
        return pd.Series(found, dtype="str")
    if pa.types.is_floating(kind):
        array = _floats(array, point)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.cast(pa.timestamp(kind.unit))  # the stored moment, which is UTC
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        array = _bytes(array)
    strings = array.cast(pa.large_string())
    strings.validate(full=True)  # a writer may have stored bytes that are not UTF-8
    return pd.Series(strings.fill_null("").to_pandas(), dtype="str")


def _floats(array: pa.Array, point: str) -> pa.Array:
    array = array.cast(pa.float64())
    finite = pc.is_finite(array)
    whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _WHOLE))
    integers = pc.if_else(whole, array, 0.0).cast(pa.int64()).cast(pa.large_string())
    integers = pc.binary_join_element_wise(integers, pa.scalar(point, pa.large_string()), _NOTHING)
    text = pc.if_else(whole, integers, array.cast(pa.large_string()))
    return pc.if_else(finite, text, pa.scalar(None, pa.large_string()))


def _bytes(array: pa.Array) -> pa.Array:
    """Text where the bytes are text: some writers store strings without saying so."""
    try:
        return array.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.nulls(len(array), pa.large_string())
