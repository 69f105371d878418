"""Listings → mismatch scores and unified embeddings: networks, neighbours and clicks, weighed together."""

from mmquality.scoring.evidence import Listings
from mmquality.scoring.fitting import Fitted, fit_scales
from mmquality.scoring.networks import UNSEEN, mismatch_logits, unified_embeddings
from mmquality.scoring.scores import mismatch_scores

__all__ = [
    "UNSEEN",
    "Fitted",
    "Listings",
    "fit_scales",
    "mismatch_logits",
    "mismatch_scores",
    "unified_embeddings",
]
