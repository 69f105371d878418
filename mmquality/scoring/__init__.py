"""Listings → mismatch scores and unified embeddings: networks, neighbours and clicks, weighed together."""

from mmquality.scoring.arrivals import Arrived, Ground, arrival_scores
from mmquality.scoring.evidence import Gathered, Listings
from mmquality.scoring.fitting import Fitted, fit_scales
from mmquality.scoring.networks import (
    Read,
    frozen,
    mismatch_logits,
    read_block,
    read_blocks,
)
from mmquality.scoring.scores import gathered_scores, mismatch_scores, trust_behind

__all__ = [
    "Arrived",
    "Fitted",
    "Ground",
    "Listings",
    "Gathered",
    "Read",
    "arrival_scores",
    "fit_scales",
    "frozen",
    "gathered_scores",
    "mismatch_logits",
    "mismatch_scores",
    "read_block",
    "read_blocks",
    "trust_behind",
]
