"""The labels a model was taught by, frozen beside it, and those kept apart to judge it and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import ModelFileError
from mmquality.pipeline.versions import newest_version
from mmquality.training.groups import groups_of

if TYPE_CHECKING:  # pages read a model's labels, and need no torch for it
    from mmquality.pipeline.assembling import Assembled

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

APART = 5  # of the groups with each verdict, one in five is kept apart
SNAPSHOT = "labels.parquet"


def frozen(workspace: Workspace, assembled: Assembled) -> tuple[Assembled, pd.DataFrame]:
    """`assembled` without the labels that are kept apart, and all of them with the column `held_out`."""
    labels = assembled.labels
    if labels.empty:
        return assembled, labels.assign(held_out=np.zeros(0, dtype=np.bool_))
    newest = newest_version(workspace)
    earlier = load_snapshot(workspace.models / newest) if newest else None
    group = groups_of(assembled.data)[assembled.rows_of(labels["listing_id"])]
    apart = kept_apart(labels, group, earlier)
    return assembled.with_labels_apart(apart), labels.assign(held_out=apart)


def kept_apart(labels: pd.DataFrame, group: Ints, earlier: pd.DataFrame | None = None) -> Bools:
    """Which of `labels` (label_id, listing_id, verdict) judge models and teach none, (m,).

    A group of listings that share a title, photo or product (`group`, (m,)) is on one side, and stays there
    for good: no version was taught by what a later one is judged by. Of the groups with each verdict every
    fifth one judges, in the order in which they were labelled, so that however few labels come at a time,
    both sides grow and see the same part of the ranking.

    :param earlier: the snapshot of the version trained before (listing_id, held_out)
    """
    if earlier is None:
        earlier = pd.DataFrame({"listing_id": [], "held_out": []})
    before = labels["listing_id"].map(earlier.set_index("listing_id")["held_out"]).astype("float64")
    by_group = labels.assign(group=group, apart=before).sort_values("label_id").groupby("group", sort=False)
    # A group that taught once (0) has taught, whatever else is in it; NaN for one that has no side yet.
    groups = by_group.agg(verdict=("verdict", "first"), first=("label_id", "first"), apart=("apart", "min"))
    groups = groups.sort_values(["apart", "first"], key=lambda c: c.isna() if c.name == "apart" else c)
    dealt = groups.groupby("verdict").cumcount() % APART == APART - 1
    side = groups["apart"].where(groups["apart"].notna(), dealt.astype("float64"))
    return side.reindex(group).to_numpy() > 0


def apart_in_words(labels: object) -> str:
    """How many labels judge the model instead of teaching it, as the end of a sentence; "" for none."""
    return f"; {labels:,} labels kept apart to judge it" if labels else ""


def save_snapshot(labels: pd.DataFrame, folder: Path) -> None:
    """Keep `labels` (label_id, listing_id, verdict, …, held_out) in a model's folder."""
    labels.to_parquet(folder / SNAPSHOT, index=False)


def load_snapshot(folder: Path) -> pd.DataFrame | None:
    """The labels frozen with the model in `folder`; None where it is of before labels were frozen.

    Raises `ModelFileError`.
    """
    path = folder / SNAPSHOT
    if not path.exists():
        return None
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise ModelFileError(f"{path} cannot be read ({error}). Restore it, or train again.") from error
