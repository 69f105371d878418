"""What a scientist would try first: other rankings of mismatches, on the same embeddings and folds.

Every peer is a pure function of a `PeerCatalogue`: a float64 score of each listing, higher = more likely
mismatched. Whatever a peer learns of which title goes with which photo, it learns outside a listing's fold.
"""

from __future__ import annotations

from collections.abc import Callable

from mmquality.evaluation.peers.aligned import cca_cosine, cosine, random, ridge_cosine
from mmquality.evaluation.peers.catalogue import Doubles, PeerCatalogue
from mmquality.evaluation.peers.classifiers import logistic_regression, multilayer_perceptron
from mmquality.evaluation.peers.confident import confident_learning
from mmquality.evaluation.peers.contrastive import info_nce
from mmquality.evaluation.peers.lemon import lemon, lemon_tuned

Peer = Callable[[PeerCatalogue], Doubles]

PEERS: dict[str, Peer] = {
    "random": random,
    "cosine": cosine,
    "ridge cosine": ridge_cosine,
    "cca": cca_cosine,
    "lemon": lemon,
    "lemon tuned": lemon_tuned,
    "logistic regression": logistic_regression,
    "mlp": multilayer_perceptron,
    "confident learning": confident_learning,
    "infonce": info_nce,
}


def peers_for(data: PeerCatalogue) -> list[str]:
    """The names of the peers that this catalogue allows: plain cosine needs titles and photos of one
    dimension, confident learning at least two categories."""
    left_out = set()
    if data.titles.shape[1] != data.photos.shape[1]:
        left_out.add("cosine")
    if data.category is None or len(set(data.category)) < 2:
        left_out.add("confident learning")
    return [name for name in PEERS if name not in left_out]
