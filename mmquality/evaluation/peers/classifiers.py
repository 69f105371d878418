"""Peers that learn to tell a listing's own photo from a swapped one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Protocol

import numpy as np

from mmquality.evaluation.peers.aligned import cca_maps
from mmquality.evaluation.peers.catalogue import (
    Doubles,
    Floats,
    Ints,
    PeerCatalogue,
    out_of_fold,
    swaps,
)
from mmquality.index import unit

_SURE = 1e-9  # probabilities are kept this far from 0 and 1


class _Classifier(Protocol):
    def fit(self, features: Floats, label: Ints) -> object: ...

    def predict_proba(self, features: Floats) -> Doubles: ...


def logistic_regression(data: PeerCatalogue) -> Doubles:
    """Logit that a photo is swapped, by logistic regression on `[x, y, |x′ − y′|, x′ ⊙ y′]`."""
    from sklearn.linear_model import LogisticRegression

    return _own_or_swapped(data, lambda: LogisticRegression(C=3e-4, max_iter=500))


def multilayer_perceptron(data: PeerCatalogue) -> Doubles:
    """Logit that a photo is swapped, by a network with one hidden layer on `[x, y, |x′ − y′|, x′ ⊙ y′]`."""
    from sklearn.neural_network import MLPClassifier

    def network() -> _Classifier:
        # A fixed, short run: stopping early by a held-out tenth ended too soon where listings are few.
        made: _Classifier = MLPClassifier(
            (256,), alpha=30.0, learning_rate_init=1e-3, max_iter=10, random_state=data.seed
        )
        return made

    return _own_or_swapped(data, network)


def _own_or_swapped(data: PeerCatalogue, make: Callable[[], _Classifier]) -> Doubles:
    """Out-of-fold logits of "swapped".

    The listings that a CCA was fitted on look matched in its space whatever they are, and a classifier that
    is taught on them trusts it too much (AP 0.49 instead of 0.76). So one half of the training folds fits the
    CCA, the other half teaches the classifier; then they change places, and both logits are averaged.
    """
    x, y = data.x, data.y

    def score(train: Ints, held: Ints) -> Doubles:
        rng = np.random.default_rng([data.seed, int(data.fold[held[0]])])
        first = np.isin(data.fold[train], np.unique(data.fold[train])[::2])
        halves = [train[first], train[~first]] if not first.all() else [train, train]
        logits = [
            _taught(data, x, y, make(), aligned, taught, held, rng)
            for aligned, taught in (halves, reversed(halves))
        ]
        return np.asarray(np.mean(logits, axis=0))

    return out_of_fold(data, score)


def _taught(
    data: PeerCatalogue,
    x: Floats,
    y: Floats,
    classifier: _Classifier,
    aligned: Ints,
    taught: Ints,
    held: Ints,
    rng: np.random.Generator,
) -> Doubles:
    """Logits of the rows `held` from a classifier taught on the rows `taught` in the space of `aligned`."""
    from scipy.special import logit
    from sklearn.exceptions import ConvergenceWarning

    a, b = cca_maps(x[aligned], y[aligned])

    def features(title: Ints, photo: Ints) -> Floats:
        u, v = unit(x[title] @ a), unit(y[photo] @ b)
        root = np.float32(u.shape[1] ** 0.5)  # entries of a unit vector are about 1/√d: scaled up to about 1
        return np.hstack([x[title], y[photo], root * np.abs(u - v), root * root * u * v])

    title, photo = swaps(data, taught, rng)
    shown = np.vstack([features(taught, taught), features(title, photo)])
    with warnings.catch_warnings():
        # The last step of an iteration limit is as good an end as any other: the penalty decides.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(shown, np.repeat([0, 1], [len(taught), len(title)]))
    probability = classifier.predict_proba(features(held, held))[:, 1]
    return np.asarray(logit(np.clip(probability, _SURE, 1 - _SURE)))
