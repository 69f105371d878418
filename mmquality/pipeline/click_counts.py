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
    """How often listings were named at a place."""

    def __init__(self) -> None:
        self._cells, self._times = np.empty(0, np.int64), np.empty(0, np.int64)
        self._waiting: list[Ints] = []
        self._waits = 0

    def add(self, rows: npt.NDArray[np.integer], places: npt.NDArray[np.integer]) -> None:
        """Each of `rows` once at its place, from 0; both (events,)."""
        self._waiting.append(rows.astype(np.int64) * PLACES + places)
        self._waits += len(rows)
        if self._waits > max(len(self._cells), _WAITING):  # as many as were counted: the work stays linear
            self._settle()

    def of(self, n: int, places: int) -> csr_array:
        """(n, places), float32."""
        self._settle()
        at = np.divmod(self._cells, PLACES)
        return csr_array((self._times.astype(np.float32), at), shape=(n, places))

    @property
    def places(self) -> int:
        """The deepest place that was named, from 1; 0 without any."""
        self._settle()
        return int((self._cells % PLACES).max(initial=-1)) + 1

    def _settle(self) -> None:
        new, times = np.unique(np.concatenate([np.empty(0, np.int64), *self._waiting]), return_counts=True)
        self._waiting, self._waits = [], 0
        cells, to = np.unique(np.concatenate([self._cells, new]), return_inverse=True)
        summed = np.zeros(len(cells), np.int64)
        summed[to[: len(self._cells)]] = self._times
        summed[to[len(self._cells) :]] += times
        self._cells, self._times = cells, summed


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
    shown, clicked, row_of = PlaceCounts(), PlaceCounts(), dict[str, int]()
    for part, places in impressions_in_parts(folder, ["listing_id"]):
        codes, ids = pd.factorize(part["listing_id"].to_numpy(object))
        numbers = np.fromiter((row_of.setdefault(one, len(row_of)) for one in ids), np.int64, len(ids))
        rows, was_clicked = numbers[codes], part["clicked"].to_numpy(np.bool_)
        shown.add(rows, places)
        clicked.add(rows[was_clicked], places[was_clicked])
    shape = len(row_of), shown.places
    return ClickCounts(list(row_of), shown.of(*shape), clicked.of(*shape))


def impressions_in_parts(folder: Path, columns: list[str]) -> Iterator[tuple[pd.DataFrame, Ints]]:
    """These columns of the log and `clicked`, and the places, from 0. Raises `WorkspaceError`."""
    for part in click_parts(folder, "impressions", [*columns, "position", "clicked"]):
        yield part, (part.pop("position").clip(1, PLACES) - 1).to_numpy(np.int64)
