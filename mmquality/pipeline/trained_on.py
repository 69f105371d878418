"""Which listings a model in its folder was trained on, as they then were; read without the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmquality.errors import ModelFileError
from mmquality.records import UNSEEN

Ints = npt.NDArray[np.int64]

TRAINED_CONTENT = [
    "listing_id",
    "title_hash",
    "photo_hash",
]  # with another title or photo it is another listing
TRAINED_ON = "trained_on.parquet"
_SOME = 10_000  # listings that are picked out of the file, not read with all others


def folds_of(folder: Path, listings: pd.DataFrame) -> Ints:
    """The fold of each listing, `UNSEEN` where the model was trained without it as it now is, (n,)."""
    path = folder / TRAINED_ON
    if listings.empty:  # of which pyarrow cannot tell that they are ids
        return np.empty(0, dtype=np.int64)
    some = [("listing_id", "in", listings["listing_id"].tolist())] if len(listings) <= _SOME else None
    try:
        trained_on = pd.read_parquet(path, filters=some)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ModelFileError(f"{path} cannot be read ({error}). Restore it, or train again.") from error
    row = _found(listings["listing_id"], trained_on["listing_id"])
    known = row >= 0
    for name in TRAINED_CONTENT:
        known[known] = listings[name][known].array == trained_on[name].array[row[known]]
    fold = np.full(len(listings), UNSEEN, dtype=np.int64)
    fold[known] = trained_on["fold"].to_numpy()[row[known]]
    return fold


def _found(wanted: pd.Series[str], known: pd.Series[str]) -> Ints:
    """The row of each id among those that are `known`, -1 where it is not; in half the memory of a merge."""
    row = pc.index_in(pa.array(wanted), value_set=pa.array(known))
    return np.asarray(row.fill_null(-1).to_numpy(), dtype=np.int64)
