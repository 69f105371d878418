"""Listings → mismatch scores and unified embeddings: networks, neighbours and clicks, weighed together."""

from mmquality.scoring.arrivals import Arrived, Ground, arrival_scores
from mmquality.scoring.evidence import Listings
from mmquality.scoring.fitting import Fitted, fit_scales
from mmquality.scoring.networks import UNSEEN, mismatch_logits, standardised_inputs, unified_embeddings
from mmquality.scoring.scores import mismatch_scores, trust_behind

__all__ = [
    "UNSEEN",
    "Arrived",
    "Fitted",
    "Ground",
    "Listings",
    "arrival_scores",
    "fit_scales",
    "mismatch_logits",
    "mismatch_scores",
    "standardised_inputs",
    "trust_behind",
    "unified_embeddings",
]
