"""The click log of an import: checked while it is read, kept aside, and merged once everything was read."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mmquality.anywhere import Place
from mmquality.config import ImportLimits, Workspace
from mmquality.data.click_log import read_co_clicks, read_impressions
from mmquality.data.sieve import check_problems
from mmquality.errors import InputFileError
from mmquality.pipeline.kept_clicks import Kind, Merged, merge_clicks
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.spool import Spool
from mmquality.records import RowProblem

KINDS: tuple[Kind, ...] = ("impressions", "co_clicks")


@dataclass
class ClickFile:
    """What one file of clicks holds, before anything is written."""

    kind: Kind
    usable: Spool
    used: int = 0  # rows; of pairs more than `usable` has where some are named twice

    def read(
        self,
        path: Place,
        known: pd.Index,
        problems: list[RowProblem],
        limits: ImportLimits,
        reporter: Reporter,
    ) -> None:
        """Keep the rows that can be used; the others join `problems`.

        Raises `InputFileError` where there are listings, and none of the rows is on any: a model would be
        trained as if nobody had clicked.
        """
        before = len(problems)
        if self.kind == "impressions":
            chunks = read_impressions(path, known, limits)
        else:
            chunks = read_co_clicks(path, known, limits, reporter.say)
        with reporter.stage(f"Reading {path.name}") as advance:
            for chunk in chunks:
                self.usable.add(chunk.frame)
                self.used += chunk.used
                problems += chunk.problems
                check_problems(path, problems, limits)
                advance(chunk.used + len(chunk.problems))
        if len(problems) > before and not self.used and not known.empty:
            first = problems[before]
            raise InputFileError(
                f"None of the rows of {path} can be used (row {first.row}, {first.words}, is the first). "
                "Nothing was imported; check its columns, and that its ids are those of the listings."
            )

    def merge(self, workspace: Workspace) -> Merged:
        """Let the rows count in the workspace."""
        return merge_clicks(workspace.clicks, self.kind, self.usable) if self.used else Merged(0, 0)
