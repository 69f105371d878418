"""Comparison tables: methods against a truth, with bootstrap intervals and the spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.evaluation.bootstrap import average_precision_interval, mean_and_spread, mean_interval

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MISMATCH_COLUMNS = ["method", "part", "ap", "low", "high", "spread", "seeds"]
RECALL_COLUMNS = ["method", "k", "recall", "low", "high", "spread", "worst", "seeds"]
ABLATION_COLUMNS = ["variant", "metric", "mean", "spread", "seeds"]


def mismatch_table(
    scores: Mapping[str, Doubles], kind: npt.NDArray[np.object_], test: Bools | None = None
) -> pd.DataFrame:
    """Average precision of each method on the catalogue, its test part and each kind of mismatch.

    A kind is judged against the listings that the truth does not name. `spread` is the standard deviation
    over seeds; the interval is that of the mean over seeds, over listings.

    :param scores: method → (seeds, n)
    :param kind: (n,) the kind of mismatch, None for a listing that the truth does not name
    :param test: (n,) where there is a test part
    """
    mismatched = np.array([k is not None for k in kind])
    everyone = np.ones(len(kind), dtype=np.bool_)
    parts = {"catalogue": everyone} | ({} if test is None else {"test": test})
    for name in sorted({k for k in kind if k}):
        parts[f"kind:{name}"] = (kind == name) | ~mismatched
    rows = []
    for method, of_seeds in scores.items():
        for part, judged in parts.items():
            found = average_precision_interval(of_seeds[:, judged], mismatched[judged])
            _, spread = mean_and_spread(_average_precisions(of_seeds[:, judged], mismatched[judged]))
            rows.append([method, part, found.value, found.low, found.high, spread, len(of_seeds)])
    return pd.DataFrame(rows, columns=MISMATCH_COLUMNS)


def recall_table(recalls: Mapping[str, Sequence[Mapping[int, Doubles]]]) -> pd.DataFrame:
    """Recall@k of each method: method → for each seed, k → recall of each query, (queries,).

    `worst` is that of the worst seed.
    """
    rows = []
    for method, of_seeds in recalls.items():
        for k in of_seeds[0]:
            by_seed = np.stack([seed[k] for seed in of_seeds])
            found = mean_interval(by_seed.mean(axis=0))
            recall = by_seed.mean(axis=1)
            _, spread = mean_and_spread(recall.tolist())
            rows.append([method, k, found.value, found.low, found.high, spread, recall.min(), len(of_seeds)])
    return pd.DataFrame(rows, columns=RECALL_COLUMNS)


def ablation_table(runs: Mapping[str, Sequence[Mapping[str, float | None]]]) -> pd.DataFrame:
    """Mean and spread of each measure: variant → for each seed, measure → value (None = not defined)."""
    rows = []
    for variant, of_seeds in runs.items():
        for metric in of_seeds[0]:
            values = [value for seed in of_seeds if (value := seed[metric]) is not None]
            if values:
                rows.append([variant, metric, *mean_and_spread(values), len(values)])
    return pd.DataFrame(rows, columns=ABLATION_COLUMNS)


def _average_precisions(scores: Doubles, truth: Bools) -> list[float]:
    if not 0 < truth.sum() < len(truth):
        return []
    from sklearn.metrics import average_precision_score  # slow to import

    return [float(average_precision_score(truth, score)) for score in scores]
