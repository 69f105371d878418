"""Scoring a catalogue of any length: what its listings are read for goes to disk, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmquality.checkpoint import Checkpoint
from mmquality.config import TrainingConfig, Workspace
from mmquality.engine import Engine
from mmquality.graph import propagate
from mmquality.memory import give_back_free_memory
from mmquality.pipeline.encoded import EncodedCatalogue
from mmquality.pipeline.held_out import load_held_out
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.progress import Advance
from mmquality.pipeline.scoring_work import read_by
from mmquality.pipeline.trained_on import folds_of
from mmquality.pipeline.unified import own_vectors, unified_dim
from mmquality.rows import New, Rows, Writable
from mmquality.scoring import Gathered, Listings, Read, gathered_scores, trust_behind


@dataclass(frozen=True)
class Scored:
    """What a model makes of a catalogue, row by row."""

    scores: npt.NDArray[np.float64]  # (n,)
    trust: npt.NDArray[np.float64]  # (n,) how far its photo is believed to be its own
    titles: Rows  # (n, title_components) standardised, unit length
    photos: Rows  # (n, photo_components)
    unified: Rows  # (n, d)
    pairs: npt.NDArray[np.int64]  # (m, 2) rows of the listings that the unified vectors know to go together


def score_catalogue(
    workspace: Workspace,
    checkpoint: Checkpoint,
    model: Path,
    encoded: EncodedCatalogue,
    new: New,
    advance: Advance,
    engine: Engine,
) -> Scored:
    """Score every listing with the model in the folder `model`; `new` gives room for what is kept meanwhile.

    `advance` is told of each block that the networks have read.
    """
    ids, config = encoded.listings["listing_id"], checkpoint.training_config
    clicks = known_clicks(workspace.clicks, ids)
    folds = folds_of(model, encoded.listings)
    listings = Listings(encoded.title_side, encoded.photos, folds, clicks.shown, clicks.clicked)
    give_back_free_memory()  # of what was read, before the long work
    read = read_by(engine, checkpoint.network, checkpoint.fold_networks, encoded)
    own = new((len(listings), unified_dim(checkpoint.network_config)), np.float32)
    gathered = Gathered.of(len(listings), keeping(read, own, config, advance), new)
    held_out, weight = load_held_out(model), config.propagation_weight or 0.0
    pairs = (known_clicks(workspace.clicks, ids, held_out) if held_out else clicks).pairs
    unified = own
    if len(pairs) and weight:  # before the long look for neighbours: what was just written is still in memory
        unified = new(own.shape, np.float32)
        propagate(own, pairs, weight, unified)
    scores = gathered_scores(checkpoint, listings, gathered, new)
    trust = trust_behind(scores, listings, checkpoint.scales)
    return Scored(scores, trust, gathered.titles, gathered.photos, unified, pairs)


def keeping(read: Iterable[Read], own: Writable, config: TrainingConfig, advance: Advance) -> Iterator[Read]:
    """The same blocks, while each listing's own unified vector is written into `own`."""
    start = 0
    for some in read:
        rows = slice(start, start := start + len(some.z))
        own[rows] = own_vectors(some, config)
        yield some
        advance(len(some.z))
