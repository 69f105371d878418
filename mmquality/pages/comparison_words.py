"""What the names in the comparison tables stand for, one line each."""

from __future__ import annotations

METHODS = {
    "ours": "the scores of the dashboard: the networks, the neighbours and the click log weighed together",
    "random": "a number drawn for each listing: what guessing is worth",
    "clipscore": "title and photo compared by CLIP, which learnt from pairs of the web alone",
    "cosine": "title and photo compared as the encoders give them; nothing is learnt",
    "ridge cosine": "the title's embedding predicted from the photo's by ridge regression, then compared",
    "cca": "title and photo compared in the space in which they agree most (canonical correlations)",
    "lemon": "whether listings of like photos have like titles, and the reverse; published constants",
    "lemon tuned": "lemon with constants tuned on labelled catalogues",
    "logistic regression": "a linear classifier that learns to tell own photos from swapped ones",
    "mlp": "the same task learnt by a small neural network",
    "confident learning": "whether the photo looks like the listing's category; blind within one",
    "infonce": "a head trained as CLIP is, each title against the other photos of its batch",
    "inputs of the peers": "the principal components that all peers read, computed once",
}

SPACES = {
    "ours": "the unified embedding, by which the dashboard finds neighbours",
    "title": "the title's embedding alone",
    "photo": "the photo's embedding alone",
    "concat": "both embeddings side by side",
    "pca concat": "both side by side, reduced to their principal components",
    "infonce": "one head on both embeddings, trained on the listings clicked together",
}

PROJECTIONS = {
    "identity": "none: title and photo are compared as the towers give them",
    "linear": "one matrix for both",
    "transe": "as they are, moved by one vector from title to photo",
    "transh": "onto a plane, then moved along it (ours)",
    "transr": "by one matrix, then moved in the space that it leads to",
}

PARTS = {
    "whole catalogue": "every listing, against all known mismatches",
    "test": "the listings that a split keeps for testing",
    "swap any": "the photo of any other listing",
    "swap related": "the photo of another kind of product of the same category",
    "copied": "the photo of another listing, saved anew",
    "placeholder": "a picture without any product",
    "accessory or box": "the box, the charger or the manual instead of the product",
}
