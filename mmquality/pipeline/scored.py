"""What a model version made of each listing: its score and its unified vector, as files in its folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.errors import ModelFileError
from mmquality.pipeline.folders import whole_folder
from mmquality.rows import Rows, Stored

_COLUMNS = ["listing_id", "title_hash", "photo_hash"]
_FOLDER, _SCORES, _UNIFIED, _PAIRS = "scored", "scores.parquet", "unified.npy", "known_pairs.npy"


def save_scored(
    version: Path,
    listings: pd.DataFrame,
    scores: npt.NDArray[np.float64],
    unified: Rows,
    known_pairs: npt.NDArray[np.int64] | None = None,
) -> None:
    """Keep the score (n,) and the unified vector (n, d) of each listing, both or neither.

    Vectors that are in a file already leave their place. `known_pairs` (m, 2) are the rows of listings that
    the vectors know to go together.
    """
    with whole_folder(version / _FOLDER) as folder:
        if isinstance(unified, Stored):
            unified.move(folder / _UNIFIED)
        else:
            np.save(folder / _UNIFIED, unified[:])
        if known_pairs is not None:
            np.save(folder / _PAIRS, known_pairs)
        listings[_COLUMNS].assign(score=scores).to_parquet(folder / _SCORES, index=False)


def has_scored(version: Path) -> bool:
    """Whether `save_scored` has kept anything of this version."""
    return (version / _FOLDER).exists()


def load_scores(version: Path) -> pd.DataFrame:
    """listing_id, title_hash, photo_hash, score of the listings scored. Raises `ModelFileError`."""
    path = version / _FOLDER / _SCORES
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise _unreadable(path, error) from error


def load_unified(version: Path) -> Stored:
    """The unified vectors (n, d) in the order of `load_scores`, on disk. Raises `ModelFileError`."""
    path = version / _FOLDER / _UNIFIED
    try:
        return Stored(path)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error


def load_known_pairs(version: Path) -> pd.DataFrame | None:
    """The pairs that the unified vectors know: listing_id < other_id. None where the version does not say.

    Raises `ModelFileError`.
    """
    path = version / _FOLDER / _PAIRS
    if not path.exists():
        return None
    ids = load_scores(version)["listing_id"].to_numpy(dtype=object)
    try:
        pairs = np.sort(ids[np.load(path)], axis=1)
    except (OSError, ValueError, EOFError, IndexError) as error:
        raise _unreadable(path, error) from error
    return pd.DataFrame(pairs, columns=["listing_id", "other_id"])


def _unreadable(path: Path, error: Exception) -> ModelFileError:
    return ModelFileError(f"{path} cannot be read ({error}). Run `mmquality score`, then `mmquality index`.")
