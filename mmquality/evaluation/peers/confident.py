"""Confident learning: does the photo look like the listing's own category?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mmquality.evaluation.peers.catalogue import Doubles, Ints, PeerCatalogue

_FEWEST = 10  # listings; a smaller category teaches nothing, and its listings are judged by nothing


def confident_learning(data: PeerCatalogue) -> Doubles:
    """1 − the label quality of each listing's category, seen from its photo.

    Northcutt et al., "Confident Learning" (JAIR 2021), as cleanlab ranks: out-of-sample probabilities
    `p_k` of the categories, here from a logistic regression on the photo outside the listing's fold; less the
    threshold `t_k`, the mean `p_k` of the listings that are labelled k; renormalised; and the normalised
    margin `(p_own − max_{k ≠ own} p_k + 1) / 2`. A listing of no usable category scores 0.5.
    """
    assert data.category is not None
    names, label = np.unique(data.category.astype(str), return_inverse=True)
    sizes = np.bincount(label)
    usable = (sizes >= _FEWEST) & (names != "")
    if usable.sum() < 2:
        return np.full(len(data), 0.5)
    known = usable[label]
    dense = np.cumsum(usable) - 1
    scores = np.full(len(data), 0.5)
    probability = out_of_sample(data, known, dense[label], int(usable.sum()))
    scores[known] = 1 - label_quality(probability[known], dense[label][known])
    return scores


def label_quality(probability: Doubles, label: Ints) -> Doubles:
    """cleanlab's `normalized_margin` of threshold-adjusted probabilities, (n, classes) and (n,) → (n,)."""
    classes = probability.shape[1]
    threshold = np.array(
        [probability[label == k, k].mean() if (label == k).any() else 1.0 for k in range(classes)]
    )
    adjusted = probability - threshold + threshold.max()
    adjusted /= adjusted.sum(axis=1, keepdims=True)
    rows = np.arange(len(label))
    own = adjusted[rows, label]
    adjusted[rows, label] = -np.inf
    return np.asarray((own - adjusted.max(axis=1) + 1) / 2)


def out_of_sample(data: PeerCatalogue, known: npt.NDArray[np.bool_], label: Ints, classes: int) -> Doubles:
    """Probabilities of the categories from the photo, by models that never saw the fold, (n, classes)."""
    from sklearn.linear_model import LogisticRegression

    probability = np.zeros((len(data), classes))
    for number in np.unique(data.fold):
        held = data.fold == number
        train = known & ~held
        if len(np.unique(label[train])) < 2:
            probability[held] = 1 / classes
            continue
        fitted = LogisticRegression(C=0.01, max_iter=1_000).fit(data.y[train], label[train])
        probability[np.ix_(held, fitted.classes_)] = fitted.predict_proba(data.y[held])
    return probability
