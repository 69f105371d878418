"""The mismatch ranking against a truth that training and scoring never see."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from mmquality.data.tables import read_table
from mmquality.errors import InputFileError
from mmquality.evaluation.calibration import brier_score, expected_calibration_error
from mmquality.evaluation.metrics import Array, Bools, mismatch_metrics


def read_columns(path: Path, columns: list[str], known: Iterable[str] = ()) -> pd.DataFrame:
    """The whole of a small table, these columns only, as text; `known` are the catalogue's ids."""
    chunks = [chunk.frame[columns] for chunk in read_table(path, columns, known=known)]
    return pd.concat(chunks, ignore_index=True)


def read_by_listing(path: Path, column: str, known: Iterable[str] = ()) -> pd.Series[str]:
    """listing_id → `column`; raises `InputFileError` where the file says two things of one listing."""
    table = read_columns(path, ["listing_id", column], known)
    table = table.assign(listing_id=table["listing_id"].str.strip()).drop_duplicates()
    twice = table["listing_id"][table["listing_id"].duplicated()]
    if len(twice):
        raise InputFileError(
            f"{path} gives listing {twice.iloc[0]!r} more than one {column}; leave one line for each listing."
        )
    return table.set_index("listing_id")[column]


def read_split(path: Path, known: Iterable[str] = ()) -> pd.Series[str]:
    """listing_id → split (train, valid, test)."""
    return read_by_listing(path, "split", known)


def evaluate_mismatch(scores: pd.DataFrame, truth: Path, split: Path | None = None) -> dict[str, object]:
    """Metrics of `scores` (listing_id, score) for the catalogue, its test split, and each kind of mismatch.

    `truth` lists the mismatched listings (listing_id, kind). Each kind is judged against the listings that
    the truth does not name; how far the score is a probability ("ece", "brier") is said of catalogue and test
    split alone, because a kind on its own is rarer than the mismatches that the score speaks of. Raises
    `InputFileError` where truth and catalogue have no listing in common.
    """
    planted = read_by_listing(truth, "kind", scores["listing_id"])
    mismatched = scores["listing_id"].isin(planted.index).to_numpy(dtype=np.bool_)
    if not mismatched.any():
        raise InputFileError(
            f"No listing of {truth} is in the workspace. Give the truth of the catalogue that was imported."
        )
    kind = scores["listing_id"].map(planted).fillna("").to_numpy(dtype=object)
    score = scores["score"].to_numpy(dtype=np.float64)
    result: dict[str, object] = {"catalogue": _with_calibration(score, mismatched)}
    if split is not None:
        test = scores["listing_id"].map(read_split(split, scores["listing_id"])).eq("test").to_numpy()
        result["test"] = _with_calibration(score[test], mismatched[test])
    judged = {name: (kind == name) | ~mismatched for name in sorted(set(kind) - {""})}
    by_kind = {name: mismatch_metrics(score[rows], mismatched[rows]) for name, rows in judged.items()}
    return result | {"by_kind": by_kind}


def _with_calibration(score: Array, truth: Bools) -> dict[str, float | int | None]:
    return mismatch_metrics(score, truth) | {
        "ece": expected_calibration_error(score, truth),
        "brier": brier_score(score, truth),
    }
