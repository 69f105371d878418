"""The sieve: rows of one chunk on their way through the checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mmquality.anywhere import Place
from mmquality.config import ImportLimits
from mmquality.data.input_file import ROW
from mmquality.data.tables import TableChunk, row_problem
from mmquality.errors import InputFileError
from mmquality.records import RowProblem


def check_problems(path: Place, problems: Sequence[RowProblem], limits: ImportLimits) -> None:
    """Raise `InputFileError` where there are so many problems that `path` is not the file it should be."""
    if len(problems) > limits.max_problems:
        first = problems[0]
        raise InputFileError(
            f"{path} has more than {limits.max_problems:,} rows that cannot be used (row {first.row}, "
            f"{first.words}, is the first). Nothing was imported; check the file, or raise the limit "
            "(--limit max_problems=…)."
        )


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
            for row, why, value in zip(refused[ROW].tolist(), reasons, map(str, refused[column]), strict=True)
        ]
        self.frame = self.frame[np.logical_not(mask)]
