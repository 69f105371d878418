"""Listings → mismatch scores and unified embeddings: networks, neighbours and clicks, weighed together."""

from mmquality.scoring.evidence import Listings
from mmquality.scoring.fitting import Fitted, fit_scales
from mmquality.scoring.networks import (
    UNSEEN,
    Read,
    mismatch_logits,
    read_block,
    read_blocks,
    unified_embeddings,
)
from mmquality.scoring.scores import mismatch_scores

__all__ = [
    "UNSEEN",
    "Fitted",
    "Listings",
    "Read",
    "fit_scales",
    "mismatch_logits",
    "mismatch_scores",
    "read_block",
    "read_blocks",
    "unified_embeddings",
]
