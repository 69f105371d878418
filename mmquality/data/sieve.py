"""The sieve: rows of one chunk on their way through the checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmquality.anywhere import Place
from mmquality.data.input_file import ROW
from mmquality.data.tables import TableChunk, row_problem
from mmquality.records import RowProblem


class Sieve:
    """Holds the rows that passed every check so far (`frame`) and a problem for each of the others.

    A row is reported once, for the first check that it fails.
    """

    def __init__(self, path: Place, chunk: TableChunk) -> None:
        self.frame = chunk.frame
        self._path = path
        self._problems = list(chunk.problems)

    @property
    def problems(self) -> list[RowProblem]:
        """What was found so far, in the order of the file."""
        return sorted(self._problems, key=lambda problem: problem.row)

    def refuse(self, bad: pd.Series[bool], column: str, reason: str | Sequence[str]) -> None:
        """Take out the rows where `bad` holds; `reason` is one for all or one for each of them."""
        mask = bad.to_numpy(dtype=bool)
        if not mask.any():
            return
        refused = self.frame[mask]
        reasons = [reason] * len(refused) if isinstance(reason, str) else reason
        self._problems += [
            row_problem(self._path, row, column, why, value)
            for row, why, value in zip(refused[ROW].tolist(), reasons, refused[column].tolist(), strict=True)
        ]
        self.frame = self.frame[np.logical_not(mask)]
