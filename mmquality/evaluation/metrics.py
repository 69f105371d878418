"""Metrics of a ranking; scikit-learn's where it has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def mismatch_metrics(score: Array, truth: Bools) -> dict[str, float | int | None]:
    """AUC, average precision, precision at the number of positives and at 50, of scores (n,) against `truth`.

    A figure that is not defined (no positive or no negative) is None.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # slow to import

    n, positives = len(truth), int(truth.sum())
    defined = 0 < positives < n
    return {
        "auc": float(roc_auc_score(truth, score)) if defined else None,
        "ap": float(average_precision_score(truth, score)) if defined else None,
        "precision_at_n": precision_at(score, truth, positives),
        "precision_at_50": precision_at(score, truth, 50),
        "n": n,
        "positives": positives,
    }


def precision_at(score: Array, truth: Bools, k: int) -> float | None:
    """The share of true mismatches among the k worst (all of them where there are fewer); None for k = 0."""
    worst = np.argsort(-score, kind="stable")[:k]
    return float(truth[worst].mean()) if len(worst) else None


def recall_at(found: list[list[str]], wanted: list[set[str]], k: int) -> float | None:
    """Mean over queries of hits among the first k, divided by min(k, wanted); None without queries."""
    shares = [len(set(f[:k]) & w) / min(k, len(w)) for f, w in zip(found, wanted, strict=True) if w]
    return float(np.mean(shares)) if shares else None
