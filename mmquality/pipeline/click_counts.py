"""How often each listing was shown and clicked at each place on the page: the log counted in parts.

Memory holds two numbers for each listing and place where there is anything to count, however long the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from mmquality.pipeline.kept_clicks import click_parts

Ints = npt.NDArray[np.int64]

PLACES = 50  # on a page, told apart; deeper ones count as the last
_WAITING = 4_000_000  # events that wait before they are counted in, at least


class PlaceCounts:
    """How often listings were shown and clicked at each place, while a log is gone through."""

    def __init__(self) -> None:
        self._kinds, self._times = np.empty(0, np.int64), np.empty(0, np.int64)
        self._waiting: list[Ints] = []
        self._waits = 0

    def add(self, rows: npt.NDArray[np.integer], places: Ints, clicked: npt.NDArray[np.bool_]) -> None:
        """Impressions of `rows` at their places, from 0, and which were clicked; all (impressions,)."""
        self._waiting.append((rows.astype(np.int64) * PLACES + places) * 2 + clicked)
        self._waits += len(rows)
        if self._waits > max(len(self._kinds), _WAITING):  # as many as were counted: the work stays linear
            self._settle()

    def of(self, n: int) -> tuple[csr_array, csr_array]:
        """Impressions and clicks of n rows, both (n, deepest place), float32."""
        self._settle()
        cells, clicked = np.divmod(self._kinds, 2)
        rows, places = np.divmod(cells, PLACES)
        shape = n, int(places.max(initial=-1)) + 1

        def counted(some: slice | npt.NDArray[np.bool_]) -> csr_array:
            return csr_array((self._times[some].astype(np.float32), (rows[some], places[some])), shape=shape)

        return counted(slice(None)), counted(clicked == 1)

    def _settle(self) -> None:
        new, times = np.unique(np.concatenate([np.empty(0, np.int64), *self._waiting]), return_counts=True)
        self._waiting, self._waits = [], 0
        kinds, to = np.unique(np.concatenate([self._kinds, new]), return_inverse=True)
        summed = np.zeros(len(kinds), np.int64)
        summed[to[: len(self._kinds)]] = self._times
        summed[to[len(self._kinds) :]] += times
        self._kinds, self._times = kinds, summed


@dataclass(frozen=True)
class ClickCounts:
    """Row by row."""

    listing_ids: list[str]
    shown: csr_array  # (n, places) impressions at each place, place 1 first
    clicked: csr_array  # (n, places) how many of them were clicked

    def totals(self) -> pd.DataFrame:
        """listing_id, impressions and clicks."""
        shown, clicked = (of.sum(axis=1, dtype=np.int64) for of in (self.shown, self.clicked))
        return pd.DataFrame({"listing_id": self.listing_ids, "impressions": shown, "clicks": clicked})


def counted_clicks(folder: Path) -> ClickCounts:
    """The impressions in `folder`, of all that were ever shown, whoever was shown first first.

    Raises `WorkspaceError`.
    """
    counts, row_of = PlaceCounts(), dict[str, int]()
    for part, places in impressions_in_parts(folder, ["listing_id"]):
        codes, ids = pd.factorize(part["listing_id"].to_numpy(object))
        numbers = np.fromiter((row_of.setdefault(one, len(row_of)) for one in ids), np.int64, len(ids))
        counts.add(numbers[codes], places, part["clicked"].to_numpy(np.bool_))
    return ClickCounts(list(row_of), *counts.of(len(row_of)))


def impressions_in_parts(folder: Path, columns: list[str]) -> Iterator[tuple[pd.DataFrame, Ints]]:
    """These columns of the log and `clicked`, and the places, from 0. Raises `WorkspaceError`."""
    for part in click_parts(folder, "impressions", [*columns, "position", "clicked"]):
        yield part, (part.pop("position").clip(1, PLACES) - 1).to_numpy(np.int64)
