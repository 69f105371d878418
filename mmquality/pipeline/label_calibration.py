"""Calibration against analysts' verdicts: what the score said when they looked, and what they said."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mmquality.evaluation.calibration import BINS, ReliabilityBin, brier_score, error_of, reliability

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


def label_calibration(judged: pd.DataFrame) -> LabelCalibration:
    """Calibration of `judged` (`SummaryStore.judged_scores`), in bins of at least 15 verdicts."""
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
