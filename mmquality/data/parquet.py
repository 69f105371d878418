"""Parquet files as frames of strings, written as a person would write the values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmquality.anywhere import Place, as_from_a_disk
from mmquality.data.input_file import column_names
from mmquality.errors import InputFileError

_WHOLE = 1e15  # floats below this are exact integers where they are whole


def parquet_frames(
    path: Place, required: Sequence[str], rows_per_frame: Callable[[int], int]
) -> Iterator[pd.DataFrame]:
    """The file's rows in order, every column as strings, "" for null.

    Whole floats lose their ".0" (an id column with gaps is often stored as floats), times are UTC, lists and
    structs are JSON; a column of bytes that are not text is "". Raises `InputFileError`.
    """
    try:
        with as_from_a_disk(path), path.open("rb") as opened, pq.ParquetFile(opened) as file:
            names = column_names(path, file.schema_arrow.names, required)
            for batch in file.iter_batches(batch_size=rows_per_frame(len(names))):
                columns = {name: _text(batch.column(i)) for i, name in enumerate(names)}
                yield pd.DataFrame(columns)
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names that are not UTF-8
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputFileError(f"{path} is no readable Parquet file ({why[:200]}); write it again.") from error


def _text(array: pa.Array) -> pd.Series[str]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _text(array.dictionary_decode())
    if pa.types.is_nested(kind):
        found = [
            "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in array.to_pylist()
        ]
        return pd.Series(found, dtype="str")
    if pa.types.is_floating(kind):
        array = _floats(array)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        array = array.cast(pa.timestamp(kind.unit))  # the stored moment, which is UTC
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        array = _bytes(array)
    strings = array.cast(pa.large_string())
    strings.validate(full=True)  # a writer may have stored bytes that are not UTF-8
    return pd.Series(strings.fill_null("").to_pandas(), dtype="str")


def _floats(array: pa.Array) -> pa.Array:
    array = array.cast(pa.float64())
    finite = pc.is_finite(array)
    whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _WHOLE))
    integers = pc.if_else(whole, array, 0.0).cast(pa.int64()).cast(pa.large_string())
    text = pc.if_else(whole, integers, array.cast(pa.large_string()))
    return pc.if_else(finite, text, pa.scalar(None, pa.large_string()))


def _bytes(array: pa.Array) -> pa.Array:
    """Text where the bytes are text: some writers store strings without saying so."""
    try:
        return array.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.nulls(len(array), pa.large_string())
