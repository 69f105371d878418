"""A catalogue beside its truth, in one order: what comparisons and ablations measure on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import TrainingConfig, Workspace
from mmquality.data.click_log import read_co_clicks
from mmquality.errors import InputFileError
from mmquality.evaluation.truth import read_by_listing, read_split
from mmquality.pipeline.assembling import Assembled, assemble
from mmquality.pipeline.context import fields_of_version
from mmquality.pipeline.places import open_store
from mmquality.training.data import Bools, Floats, Ints, TrainingData
from mmquality.training.groups import grouped_folds


@dataclass(frozen=True)
class MeasuredCatalogue:
    """Row i of every array is the same listing, in the order of `assembled.catalogue`."""

    assembled: Assembled
    kind: npt.NDArray[np.object_] | None  # (n,) of mismatch, None where the truth does not name the listing
    test: Bools | None  # (n,) in the test part, where a split was given
    category: npt.NDArray[np.object_]  # (n,) "" where it is not known
    version: str  # the model in force, "" where there is none

    @property
    def data(self) -> TrainingData:
        """What training reads."""
        return self.assembled.data

    @property
    def title_vectors(self) -> Floats:
        """(n, dim) of the titles alone."""
        found: Floats = self.assembled.title_vectors[:]
        return found

    @property
    def ids(self) -> list[str]:
        """Listing ids."""
        return list(self.assembled.catalogue["listing_id"])

    @property
    def mismatched(self) -> Bools | None:
        """(n,) where there is a truth."""
        return None if self.kind is None else np.array([k is not None for k in self.kind])

    def held_out(self) -> Bools:
        """(n,) the part that is measured on: the test listings, or one grouped fold without a split."""
        if self.test is not None:
            return self.test
        config = TrainingConfig()
        return np.asarray(grouped_folds(self.data, config.folds, config.seed) == 0)

    def about(self, seeds: int, truth: str) -> dict[str, Any]:
        """What a table says of itself."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return {
            "version": self.version, "seeds": seeds, "listings": len(self.data), "at": at, "truth": truth,
        }  # fmt: skip


def measured_catalogue(
    workspace: Workspace, truth: Path | None = None, split: Path | None = None
) -> MeasuredCatalogue:
    """Read a workspace that is encoded, with its truth and its split. Peers have all of it in memory.

    Beside the title stands what the model in force reads there, so that it can be trained again.
    Raises `InputFileError` where truth or split do not belong to this catalogue.
    """
    with open_store(workspace) as store:
        current = store.current_version()
        fields = fields_of_version(workspace, current.name) if current else None
        assembled = assemble(workspace, store, fields).in_memory()
        categories = store.catalogue_frame(["listing_id", "category"]).set_index("listing_id")["category"]
    ids = assembled.catalogue["listing_id"]
    kind = None if truth is None else _kinds(ids, truth)
    test = None if split is None else _test_part(ids, split)
    category = categories.reindex(ids).fillna("").to_numpy(dtype=object)
    return MeasuredCatalogue(assembled, kind, test, category, current.name if current else "")


def pairs_in(path: Path, ids: list[str]) -> Ints:
    """The co-clicked pairs of a file as rows of `ids`, (m, 2)."""
    known = pd.Index(ids)
    chunks = [chunk.frame for chunk in read_co_clicks(path, known)]
    frame = pd.concat(chunks, ignore_index=True)
    ends = [known.get_indexer(pd.Index(frame[column])) for column in ("listing_id", "other_id")]
    pairs = np.unique(np.sort(np.stack(ends, axis=1), axis=1), axis=0).astype(np.int64)
    if not len(pairs):
        raise InputFileError(f"{path} has no pair whose listings are both in the workspace.")
    return pairs


def _kinds(ids: pd.Series[str], truth: Path) -> npt.NDArray[np.object_]:
    planted = read_by_listing(truth, "kind", ids)
    named = ids.isin(planted.index).to_numpy()
    if not named.any():
        raise InputFileError(
            f"No listing of {truth} is in the workspace. Give the truth of the catalogue that was imported."
        )
    kind = np.full(len(ids), None, dtype=object)
    kind[named] = planted.reindex(ids[named]).to_numpy(dtype=object)
    return kind


def _test_part(ids: pd.Series[str], split: Path) -> Bools:
    test = ids.map(read_split(split, ids)).eq("test").to_numpy(dtype=np.bool_)
    if not test.any():
        raise InputFileError(f"No listing of the workspace is in the test part of {split}.")
    return test
