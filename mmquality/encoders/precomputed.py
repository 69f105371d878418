"""Vectors made elsewhere (BERT, ResNet, anything): a `.npy` array with its ids, or one Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mmquality.errors import EncoderError, InputFileError
from mmquality.ids import same_id

# What NumPy and pandas raise for a file that is not what it says.
_UNREADABLE = (OSError, ValueError, EOFError, SyntaxError, TypeError, OverflowError, MemoryError, TokenError)


@dataclass(frozen=True)
class Vectors:
    """One vector per listing id."""

    id: str  # like an encoder's id: other vectors, another id
    listing_ids: pd.Index[str]  # unique
    array: np.ndarray  # float32 (listings, dim), finite

    @property
    def dim(self) -> int:
        return int(self.array.shape[1])

    def rows(self, listing_ids: Sequence[str]) -> np.ndarray:
        """float32 (len(listing_ids), dim), in that order. Raises EncoderError where an id has no vector."""
        places = self.listing_ids.get_indexer(pd.Index(list(listing_ids), dtype="str"))
        absent = np.flatnonzero(places < 0)
        if len(absent):
            first = listing_ids[absent[0]]
            raise EncoderError(
                f"{len(absent)} of {len(listing_ids)} listings have no vector (the first: {first!r}); "
                "add their vectors to the file, or leave those listings out of the catalogue."
            )
        return self.array[places]


def read_vectors(vectors: Path, ids: Path | None = None) -> Vectors:
    """The vectors of a Parquet file, or of an `.npy` file (listings, dim) whose row i is that of id i.

    A Parquet file has a column `listing_id`, and one column of lists or one column of numbers per dimension.
    `ids` is `.txt` (an id per line), `.csv` (a column `listing_id`, or a single one) or `.npy`.
    Raises InputFileError where a file is unreadable, an id is empty or double, or a number is not finite.
    """
    if vectors.suffix == ".parquet" and ids is None:
        return _checked(vectors, vectors, *_read_parquet(vectors))
    if vectors.suffix == ".npy" and ids is not None:
        return _checked(vectors, ids, _read_ids(ids), _read_npy(vectors))
    raise InputFileError(
        f"{vectors}: give a .parquet file alone, or an .npy file together with a file of ids."
    )


def _checked(path: Path, id_file: Path, ids: pd.Index[str], array: np.ndarray) -> Vectors:
    if array.ndim != 2 or array.dtype.kind not in "fiu" or array.shape[1] == 0:
        found = f"{array.dtype} of shape {array.shape}"
        raise InputFileError(
            f"{path} should hold numbers of shape (listings, dim), not {found}; save it again."
        )
    if len(ids) != len(array):
        raise InputFileError(
            f"{path} holds {len(array)} vectors for {len(ids)} ids in {id_file.name}; give one id per vector."
        )
    if ids.has_duplicates:
        double = ids[ids.duplicated()][0]
        raise InputFileError(f"{id_file}: the id {double!r} has two vectors; keep one for each id.")
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is found below
        array = np.array(array, dtype=np.float32, order="C")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise InputFileError(
            f"{path}: {len(bad)} vectors hold NaN or infinite numbers (the id {ids[bad[0]]!r} is the first); "
            "make them again, or leave those ids out."
        )
    digest = hashlib.sha256("\n".join(ids).encode())
    digest.update(array.data)
    return Vectors(f"precomputed-{digest.hexdigest()[:12]}", ids, array)


def _read_npy(path: Path) -> np.ndarray:
    try:
        return _mapped(path)
    except _UNREADABLE as error:
        raise InputFileError(f"{path} cannot be read as an .npy array ({error}); save it again.") from error


def _mapped(path: Path) -> np.ndarray:
    """An array as it lies in its file, which must hold as many numbers as it says."""
    mapped: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    return mapped


def _read_ids(path: Path) -> pd.Index[str]:
    try:
        if path.suffix == ".npy":
            return _text_ids(path, pd.Series(np.array(_mapped(path))))
        if path.suffix == ".csv":
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
            return _text_ids(path, frame[_id_column(path, list(frame.columns))])
        return _text_ids(path, pd.Series(path.read_text("utf-8-sig").removesuffix("\n").split("\n")))
    except _UNREADABLE as error:
        raise InputFileError(f"{path} cannot be read as a list of ids ({error}); save it again.") from error


def _read_parquet(path: Path) -> tuple[pd.Index[str], np.ndarray]:
    try:
        # What pandas noted in a file may be anything; the columns themselves say all that is needed.
        frame = pq.read_table(path).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputFileError(f"{path} cannot be read as Parquet ({error}); write it again.") from error
    id_column = _id_column(path, list(frame.columns))
    ids = _text_ids(path, frame[id_column])
    numbers = frame.drop(columns=id_column)
    if list(numbers.dtypes) != [np.dtype(object)]:
        return ids, numbers.to_numpy()
    try:
        return ids, np.stack(numbers.iloc[:, 0].to_list())
    except (TypeError, ValueError) as error:
        raise InputFileError(
            f"{path}: the lists of column {numbers.columns[0]} differ in length ({error}); write it again."
        ) from error


def _id_column(path: Path, columns: list[str]) -> str:
    if columns.count("listing_id") == 1:
        return "listing_id"
    if "listing_id" in columns:
        raise InputFileError(f"{path} has more than one column listing_id; rename the others.")
    if len(columns) == 1:
        return columns[0]
    has = ", ".join(columns[:20])
    raise InputFileError(f"{path} has no column listing_id (it has {has}); name the ids so.")


def _text_ids(path: Path, values: pd.Series[Any]) -> pd.Index[str]:
    """The ids as text; whole numbers are written out, fractions are no ids."""
    if pd.api.types.is_float_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise InputFileError(
            f"{path}: ids must be text or whole numbers, not {values.dtype}; write them as text."
        )
    ids = values.astype(str).map(same_id, na_action="ignore")
    gaps = np.flatnonzero(values.isna() | (ids == ""))
    if len(gaps):
        raise InputFileError(f"{path}: the id of vector {gaps[0] + 1} is empty; every vector needs an id.")
    return pd.Index(ids, dtype="str")
