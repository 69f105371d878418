"""Calibration against analysts' verdicts: what the score said when they looked, and what they said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import pandas as pd

from mmquality.evaluation.calibration import BINS, ReliabilityBin, brier_score, error_of, reliability
from mmquality.records import Verdict
from mmquality.store import Store

FEWEST = 30  # verdicts; with fewer a curve would say nothing
_PER_BIN = 15


@dataclass(frozen=True)
class LabelCalibration:
    """How the scores that analysts saw agree with their verdicts."""

    curve: list[ReliabilityBin]
    error: float | None  # expected calibration error
    brier: float | None
    mismatches: int
    matches: int

    @property
    def enough(self) -> bool:
        """Whether there are verdicts enough, and of both kinds, to read anything from it."""
        return self.mismatches + self.matches >= FEWEST and min(self.mismatches, self.matches) > 0


def judged_scores(store: Store) -> pd.DataFrame:
    """version, score, mismatch (bool) of every verdict that counts; `unsure` says neither.

    The score is the one that the analyst saw: it was given before the verdict was, so no model has learnt the
    verdict from it. A verdict on a listing that had no score is left out.
    """
    with closing(store.iter_labels()) as labelled:
        rows = [
            (row.label.model_version, row.label.score, row.label.verdict is Verdict.MISMATCH)
            for row in labelled
            if row.label.score is not None and row.label.verdict is not Verdict.UNSURE
        ]
    return pd.DataFrame(rows, columns=["version", "score", "mismatch"])


def label_calibration(judged: pd.DataFrame) -> LabelCalibration:
    """Calibration of `judged` (score, mismatch), in bins of at least 15 verdicts."""
    score = judged["score"].to_numpy(dtype="float64")
    mismatch = judged["mismatch"].to_numpy(dtype="bool")
    curve = reliability(score, mismatch, bins=min(max(len(judged) // _PER_BIN, 1), BINS))
    return LabelCalibration(
        curve=curve,
        error=error_of(curve),
        brier=brier_score(score, mismatch),
        mismatches=int(mismatch.sum()),
        matches=int((~mismatch).sum()),
    )
