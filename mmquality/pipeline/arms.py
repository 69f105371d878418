"""What each arm of an experiment recommends under a seed listing: lists of title, photo, unified recall."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mmquality.evaluation.recall import concatenated
from mmquality.index import VectorIndex
from mmquality.pipeline.progress import Advance
from mmquality.records import FLAGGED, Space

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class Arm(StrEnum):
    """One way to recommend; the first is what the others are held against."""

    TITLE = "title only"
    PHOTO = "photo only"
    CONCATENATED = "title beside photo"
    UNIFIED = "unified"
    FILTERED = "unified, filtered"


CONTROL = Arm.TITLE
LOOK_UPS = 4  # in as many indexes is each seed looked up
_DEPTH = 4  # times as many are looked up as are shown, so that the filter has others to show
_BLOCK = 256  # seeds looked up at a time
_SPACES = {Arm.TITLE: Space.TITLE, Arm.PHOTO: Space.PHOTO, Arm.UNIFIED: Space.UNIFIED}


def arm_lists(
    indexes: Mapping[Space, VectorIndex], scores: Doubles, seeds: Ints, k: int, advance: Advance
) -> dict[Arm, Ints]:
    """The rows that each arm shows under each of `seeds`, (len(seeds), min(k, n − 1)), best first.

    `scores` (n,) are the mismatch scores of the indexes' rows. The filter shows what scores below `FLAGGED`,
    and the rest only where there is nothing else nearby.
    """
    lists = {arm: _nearest(indexes[space], seeds, _DEPTH * k, advance) for arm, space in _SPACES.items()}
    lists[Arm.CONCATENATED] = _nearest(concatenated(indexes), seeds, k, advance)
    unified = lists[Arm.UNIFIED]
    flagged_last = np.argsort(scores[unified] >= FLAGGED, axis=1, kind="stable")
    lists[Arm.FILTERED] = np.take_along_axis(unified, flagged_last, axis=1)
    return {arm: lists[arm][:, :k] for arm in Arm}


def _nearest(index: VectorIndex, seeds: Ints, k: int, advance: Advance) -> Ints:
    found = []
    for start in range(0, len(seeds), _BLOCK):
        block = seeds[start : start + _BLOCK]
        found.append(index.search_others(index.vectors_at(block), block, k)[0])
        advance(len(block))
    return np.concatenate(found)
