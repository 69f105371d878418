"""The click log of an import: checked while it is read, kept aside, and merged once everything was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from mmquality.anywhere import Place
from mmquality.config import ImportLimits, Workspace
from mmquality.data.click_log import check_co_clicks, check_impressions, read_co_clicks, read_impressions
from mmquality.data.sieve import check_problems
from mmquality.errors import InputFileError
from mmquality.ids import bare_id
from mmquality.pipeline.kept_clicks import Kind, Merged, merge_clicks
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.spool import Spool
from mmquality.records import REMOVED, UNKNOWN, RowProblem
from mmquality.store import Store

KINDS: tuple[Kind, ...] = ("impressions", "co_clicks")


@dataclass
class ClickFile:
    """What one file of clicks holds, before anything is written."""

    kind: Kind
    usable: Spool
    used: int = 0  # rows; of pairs more than `usable` has where some are named twice

    def check(self, path: Place, limits: ImportLimits) -> None:
        """Raise `InputFileError` where the file cannot be used at all, which is asked before long work.

        Text is gone through to its end for that, and once more when it is read: it may have changed while
        photos were checked, and the pass takes a twentieth of the reading's time.
        """
        check_impressions(path, limits) if self.kind == "impressions" else check_co_clicks(path, limits)

    def read(
        self,
        path: Place,
        known: pd.Index,
        store: Store | None,
        problems: list[RowProblem],
        limits: ImportLimits,
        reporter: Reporter,
    ) -> None:
        """Keep the rows that can be used; the others join `problems`. `store` has the listings, if any.

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
        problems[before:] = _removed(problems[before:], store)
        if len(problems) > before and not self.used and not known.empty:
            raise InputFileError(
                f"None of the rows of {path} can be used ({_first(problems[before], known)}). "
                "Nothing was imported; check its columns, and that its ids are those of the listings."
            )

    def merge(self, workspace: Workspace) -> Merged:
        """Let the rows count in the workspace."""
        return merge_clicks(workspace.clicks, self.kind, self.usable) if self.used else Merged(0, 0)


def _removed(problems: list[RowProblem], store: Store | None) -> list[RowProblem]:
    """The problems; of a listing that is not in the catalogue any more, that it was removed."""
    unknown = {problem.value for problem in problems if problem.reason == UNKNOWN}
    removed = store.removed(unknown) if store is not None else set()
    return [
        replace(problem, reason=REMOVED)
        if problem.reason == UNKNOWN and problem.value in removed
        else problem
        for problem in problems
    ]


def _first(problem: RowProblem, known: pd.Index) -> str:
    """The first of the problems with its value, and the id in the catalogue that may be meant."""
    what = f"{problem.column}: {problem.value!r} {problem.reason}" if problem.value else problem.words
    said = f"row {problem.row}, {what}, is the first"
    if problem.reason != UNKNOWN or not problem.value:
        return said
    bare = bare_id(problem.value)
    same = next((listing_id for listing_id in known if bare_id(listing_id) == bare), None)
    return said if same is None else f"{said}; the catalogue has {same!r}"
