"""A new version against the one in force, on the labels that neither was taught by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError
from mmquality.evaluation.bootstrap import average_precision_gain
from mmquality.evaluation.calibration import brier_score, expected_calibration_error
from mmquality.evaluation.metrics import mismatch_metrics
from mmquality.pipeline.judgement import Figures, Judgement
from mmquality.pipeline.label_snapshot import load_snapshot
from mmquality.pipeline.scored import load_scores
from mmquality.records import Verdict

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def judge(models: Path, before: str, after: str) -> Judgement:
    """Compare two versions in the folder `models` on the labels that `after` kept apart."""
    labels = load_snapshot(models / after)
    if labels is None:
        raise ModelFileError(f"Model {after} has no frozen labels. Restore its folder, or retrain.")
    apart = labels[labels["held_out"]][["listing_id", "verdict"]]
    for name, version in (("before", before), ("after", after)):
        scores = load_scores(models / version).set_index("listing_id")["score"]
        apart = apart.assign(**{name: apart["listing_id"].map(scores)})
    apart = apart.dropna()  # a listing that came after the version before is in one of them alone
    truth = (apart["verdict"] == Verdict.MISMATCH).to_numpy()
    scores_before, scores_after = (apart[name].to_numpy(dtype=np.float64) for name in ("before", "after"))
    return Judgement(
        before=before,
        after=after,
        labels=len(truth),
        mismatches=int(truth.sum()),
        figures_before=_figures(scores_before, truth),
        figures_after=_figures(scores_after, truth),
        gain=average_precision_gain(scores_before, scores_after, truth),
        blind=load_snapshot(models / before) is not None,
    )


def _figures(score: Doubles, truth: Bools) -> Figures:
    metrics = mismatch_metrics(score, truth)
    return Figures(
        ap=metrics["ap"],
        precision=metrics["precision_at_n"],
        ece=expected_calibration_error(score, truth),
        brier=brier_score(score, truth),
    )
