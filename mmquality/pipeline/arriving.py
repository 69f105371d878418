"""New listings, and those with another title or photo, join the model in force at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmquality.checkpoint import Checkpoint, load_checkpoint
from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import Speller
from mmquality.errors import WorkspaceError
from mmquality.index import NeighbourIndex
from mmquality.pipeline.arrivals import ArrivedVectors, forget_earlier, grown
from mmquality.pipeline.assembling import known_clicks
from mmquality.pipeline.building import check_encoders
from mmquality.pipeline.context import Told, context_vectors, load_centres, title_side
from mmquality.pipeline.ground import Standing, load_ground
from mmquality.pipeline.locking import alone_in
from mmquality.pipeline.places import arrivals_path, open_store
from mmquality.pipeline.progress import Advance, Reporter, Silent
from mmquality.pipeline.streaming import keeping
from mmquality.pipeline.trained import folds_of
from mmquality.pipeline.unified import unified_dim
from mmquality.records import ModelVersion, Space
from mmquality.scoring import Arrived, Ground, Listings, arrival_scores, read_blocks
from mmquality.store import Arrival, Moved, Store


@dataclass(frozen=True)
class ArriveSummary:
    """What `arrive` did."""

    version: str
    arrived: int
    not_encoded: int  # they wait on


@dataclass(frozen=True)
class _Encoded:
    """Listings as the model reads them; row i of each is the same one."""

    listings: pd.DataFrame
    titles: np.ndarray  # (n, dim) of the titles alone
    text: np.ndarray  # (n, title_dim) with what stands beside them
    photos: np.ndarray  # (n, photo_dim)


def arrive(workspace: Workspace, reporter: Reporter | None = None) -> ArriveSummary:
    """Score what is encoded and not yet in the version in force, and let it join ranking and neighbours.

    Listings that came or changed since the catalogue was scored; the others' scores stay. Readers see all of
    it or nothing, and a run that was stopped is made good by the next. Raises `WorkspaceError` where no model
    is in force, or the catalogue was encoded for another one.
    """
    reporter = reporter or Silent()
    with open_store(workspace) as store, alone_in(workspace):
        version = store.current_version()
        if version is None:
            raise WorkspaceError(
                f"No model has been published in {workspace.root}. Run `mmquality build` first."
            )
        waiting = store.waiting(version.name)
        if waiting.empty:
            return ArriveSummary(version.name, 0, 0)
        checkpoint = load_checkpoint(workspace.models / version.name)
        check_encoders(workspace, checkpoint)
        encoded = _encoded(workspace, version, checkpoint, waiting)
        arrived = 0
        if len(encoded.listings):
            with reporter.stage("Scoring new listings", len(encoded.listings)) as advance:
                arrived = _join(workspace, store, version, checkpoint, encoded, advance)
    return ArriveSummary(version.name, arrived, len(waiting) - len(encoded.listings))


def _join(
    workspace: Workspace,
    store: Store,
    version: ModelVersion,
    checkpoint: Checkpoint,
    encoded: _Encoded,
    advance: Advance,
) -> int:
    """Score the listings, write their vectors, and let both count together."""
    ids, model = encoded.listings["listing_id"].tolist(), workspace.models / version.name
    moved = store.moved(version.name)
    # One that is scored anew is no neighbour of what it was.
    others = replace(moved, gone=moved.gone | set(ids), arrived=moved.arrived - set(ids))
    before = (
        ArrivedVectors.load(arrivals_path(workspace, version.name, version.arrivals))
        if version.arrivals
        else None
    )
    listings = Listings(
        encoded.text, encoded.photos, folds_of(model, encoded.listings), *_clicks(workspace, encoded.listings)
    )
    networks, config = (checkpoint.network, checkpoint.fold_networks), checkpoint.training_config
    unified = np.empty((len(listings), unified_dim(checkpoint.network_config)), np.float32)
    read = keeping(read_blocks(*networks, encoded.text, encoded.photos), unified, config, advance)
    scored = arrival_scores(checkpoint, listings, _ground(load_ground(model), before, others), read)
    vectors = _vectors(encoded, scored, unified)
    if before is not None:
        vectors = before.with_others(vectors, others.arrived)
    number = version.arrivals + 1
    vectors.save(arrivals_path(workspace, version.name, number))
    told = zip(
        encoded.listings["listing_no"].tolist(), ids, scored.scores.tolist(),
        encoded.listings["change_no"].tolist(), strict=True,
    )  # fmt: skip
    arrived = store.add_arrivals(version.name, [Arrival(*one) for one in told], number)
    forget_earlier(workspace, version, number)
    return arrived


def _encoded(
    workspace: Workspace, version: ModelVersion, checkpoint: Checkpoint, waiting: pd.DataFrame
) -> _Encoded:
    """Those of the waiting listings whose title and photo are encoded."""
    titles = EmbeddingCache(workspace.embeddings, checkpoint.text_encoder)
    photos = EmbeddingCache(workspace.embeddings, checkpoint.photo_encoder)
    lacking = waiting["title_hash"].isin(titles.missing(list(waiting["title_hash"])))
    lacking |= waiting["photo_hash"].isin(photos.missing(list(waiting["photo_hash"])))
    listings = waiting[~lacking].reset_index(drop=True)
    fields = checkpoint.network_config.context_fields
    centres = load_centres(workspace.models / version.name, fields)
    of_titles = titles.get(list(listings["title_hash"]))
    context = context_vectors(Told.of([listings], fields), titles, centres)
    text = title_side(of_titles, list(listings["title"]), context[:], Speller())
    return _Encoded(listings, of_titles, text, photos.get(list(listings["photo_hash"])))


def _clicks(workspace: Workspace, listings: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Impressions and clicks at each place, both (n, places); the log is read only where it names one."""
    if listings["impressions"].any():
        return known_clicks(workspace, list(listings["listing_id"]))
    return np.zeros((len(listings), 0), np.float32), np.zeros((len(listings), 0), np.float32)


def _ground(known: Standing, arrived: ArrivedVectors | None, moved: Moved) -> Ground:
    """What the next arrivals are held against."""
    if arrived is None:
        return Ground(grown(known.titles, None, moved), grown(known.photos, None, moved), known.trust)
    later = arrived.standing
    return Ground(
        grown(known.titles, later.titles, moved),
        grown(known.photos, later.photos, moved),
        np.concatenate([known.trust, later.trust]),
    )


def _vectors(encoded: _Encoded, scored: Arrived, unified: np.ndarray) -> ArrivedVectors:
    """The arrivals in every space. Who they are clicked with moves them once all is scored again."""
    ids = encoded.listings["listing_id"].tolist()
    spaces = {Space.UNIFIED: unified, Space.TITLE: encoded.titles, Space.PHOTO: encoded.photos}
    return ArrivedVectors(
        {space: NeighbourIndex.build(vectors, ids) for space, vectors in spaces.items()},
        Standing.of(ids, scored.titles, scored.photos, scored.trust),
    )
