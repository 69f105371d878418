"""The mismatch ranking against a truth that training and scoring never see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mmquality.data.tables import read_table
from mmquality.errors import InputFileError
from mmquality.evaluation.metrics import mismatch_metrics


def read_columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """The whole of a small table, these columns only, as text."""
    chunks = [chunk.frame[columns] for chunk in read_table(path, columns)]
    return pd.concat(chunks, ignore_index=True)


def read_split(path: Path) -> pd.Series[str]:
    """listing_id → split (train, valid, test)."""
    return read_columns(path, ["listing_id", "split"]).set_index("listing_id")["split"]


def evaluate_mismatch(scores: pd.DataFrame, truth: Path, split: Path | None = None) -> dict[str, object]:
    """Metrics of `scores` (listing_id, score) for the catalogue, its test split, and each kind of mismatch.

    `truth` lists the mismatched listings (listing_id, kind). Each kind is judged against the listings that
    the truth does not name. Raises `InputFileError` where truth and catalogue have no listing in common.
    """
    planted = read_columns(truth, ["listing_id", "kind"]).set_index("listing_id")["kind"]
    if not scores["listing_id"].isin(planted.index).any():
        raise InputFileError(
            f"No listing of {truth} is in the workspace. Give the truth of the catalogue that was imported."
        )
    kind = scores["listing_id"].map(planted).fillna("").to_numpy(dtype=object)
    score = scores["score"].to_numpy(dtype=np.float64)
    mismatched = np.asarray(kind != "")
    result: dict[str, object] = {"catalogue": mismatch_metrics(score, mismatched)}
    if split is not None:
        test = scores["listing_id"].map(read_split(split)).eq("test").to_numpy()
        result["test"] = mismatch_metrics(score[test], mismatched[test])
    result["by_kind"] = {
        name: mismatch_metrics(score[judged], mismatched[judged])
        for name in sorted(set(kind) - {""})
        if (judged := (kind == name) | ~mismatched).any()
    }
    return result
