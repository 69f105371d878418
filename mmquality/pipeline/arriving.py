"""New listings, and those with another title or photo, join the model in force at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmquality.checkpoint import load_checkpoint
from mmquality.clicks import Counts
from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.encoders.spelling import Speller
from mmquality.index import NeighbourIndex
from mmquality.pipeline.arrivals import ArrivedVectors, Part, forget_earlier, grown, keep_part, load_parts
from mmquality.pipeline.building import check_encoders
from mmquality.pipeline.context import Told, context_vectors, load_centres, title_side
from mmquality.pipeline.ground import Standing, load_ground
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.locking import alone_in
from mmquality.pipeline.places import open_store, version_in_force
from mmquality.pipeline.progress import Advance, Reporter, Silent, untold
from mmquality.pipeline.streaming import keeping
from mmquality.pipeline.trained_on import folds_of
from mmquality.pipeline.unified import unified_dim
from mmquality.records import ModelVersion, Space
from mmquality.scoring import Arrived, Ground, Listings, arrival_scores, frozen, read_blocks
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
        version = version_in_force(workspace, store)
        waiting = store.waiting(version.name)
        if waiting.empty:
            return ArriveSummary(version.name, 0, 0)
        with reporter.stage("Scoring new listings", len(waiting)) as advance:
            return Joiner(workspace, store, version.name).join(version, waiting, advance)


class Joiner:
    """A model kept in memory, to let listings join its ranking; its caller is alone in the workspace.

    Raises `ModelFileError`, and `WorkspaceError` where the catalogue was encoded for another model.
    """

    def __init__(self, workspace: Workspace, store: Store, version: str) -> None:
        self.version, self._workspace, self._store = version, workspace, store
        self._model = workspace.models / version
        self.checkpoint = load_checkpoint(self._model)
        check_encoders(workspace, self.checkpoint)
        self._networks = frozen(self.checkpoint.network, self.checkpoint.fold_networks)
        self._own, self._speller = load_ground(self._model), Speller()
        self._centres = load_centres(self._model, self.checkpoint.network_config.context_fields)
        self._arrivals: tuple[int, list[Part]] = 0, []  # which number was written last, and what counts then
        self._moved: tuple[int, Moved] | None = None  # of which revision
        self.open_caches()

    def open_caches(self) -> None:
        """See what others have encoded meanwhile."""
        folder = self._workspace.embeddings
        self.titles = EmbeddingCache(folder, self.checkpoint.text_encoder)
        self.photos = EmbeddingCache(folder, self.checkpoint.photo_encoder)

    def fold_caches(self) -> None:
        """Let the caches have few files; nobody else may use them meanwhile."""
        self.titles.fold()
        self.photos.fold()

    def join(self, version: ModelVersion, waiting: pd.DataFrame, advance: Advance = untold) -> ArriveSummary:
        """Score those of the waiting listings that are encoded, and let them count with their vectors.

        :param version: the one in force, as it is now
        """
        lacking = ~self.titles.has(list(waiting["title_hash"])) | ~self.photos.has(
            list(waiting["photo_hash"])
        )
        encoded = self._encoded(waiting[~lacking].reset_index(drop=True))
        arrived = self._join(version, encoded, advance) if len(encoded.listings) else 0
        return ArriveSummary(version.name, arrived, int(lacking.sum()))

    def _join(self, version: ModelVersion, encoded: _Encoded, advance: Advance) -> int:
        ids, number = encoded.listings["listing_id"].tolist(), version.arrivals + 1
        moved, parts = self._moved_until(version), self._parts_until(version)
        # One that is scored anew is no neighbour of what it was.
        others = replace(moved, gone=moved.gone | set(ids), arrived=moved.arrived - set(ids))
        scored, unified = self._scored(encoded, _ground(self._own, parts, others), advance)
        parts = keep_part(
            self._workspace, version.name, number, parts, _vectors(encoded, scored, unified), others
        )
        arrivals = [Arrival(*one) for one in _told(encoded.listings, scored)]
        arrived = self._store.add_arrivals(version.name, arrivals, number)
        if arrived == len(ids):  # else somebody came between: it is read anew
            left = {listing_id for listing_id in ids if listing_id in self._own.titles.ids}
            self._moved = version.revision + 1, Moved(moved.arrived | set(ids), moved.gone | left)
        self._arrivals = number, parts
        forget_earlier(self._workspace, version.name)
        return arrived

    def _scored(self, encoded: _Encoded, ground: Ground, advance: Advance) -> tuple[Arrived, np.ndarray]:
        """What becomes of them, and their unified vectors."""
        checkpoint, clicks = self.checkpoint, _clicks(self._workspace, encoded.listings)
        listings = Listings(encoded.text, encoded.photos, folds_of(self._model, encoded.listings), *clicks)
        unified = np.empty((len(listings), unified_dim(checkpoint.network_config)), np.float32)
        blocks = read_blocks(self._networks, encoded.text, encoded.photos)
        read = keeping(blocks, unified, checkpoint.training_config, advance)
        return arrival_scores(checkpoint, listings, ground, read), unified

    def _encoded(self, listings: pd.DataFrame) -> _Encoded:
        fields = self.checkpoint.network_config.context_fields
        titles = self.titles.get(list(listings["title_hash"]))
        context = context_vectors(Told.of([listings], fields), self.titles, self._centres)
        text = title_side(titles, list(listings["title"]), context[:], self._speller)
        return _Encoded(listings, titles, text, self.photos.get(list(listings["photo_hash"])))

    def _moved_until(self, version: ModelVersion) -> Moved:
        if self._moved is None or self._moved[0] != version.revision:
            self._moved = version.revision, self._store.moved(version.name)
        return self._moved[1]

    def _parts_until(self, version: ModelVersion) -> list[Part]:
        if self._arrivals[0] != version.arrivals:
            self._arrivals = (
                version.arrivals,
                load_parts(self._workspace, version.name, version.arrivals),
            )
        return self._arrivals[1]


def _told(listings: pd.DataFrame, scored: Arrived) -> Iterator[tuple[int, str, float, int]]:
    """What the store wants to know of each arrival."""
    named = (listings[name].tolist() for name in ("listing_no", "listing_id"))
    return zip(*named, scored.scores.tolist(), listings["change_no"].tolist(), strict=True)


def _clicks(workspace: Workspace, listings: pd.DataFrame) -> tuple[Counts, Counts]:
    """Impressions and clicks at each place, both (n, places); the log is read only where it names one."""
    if listings["impressions"].any():
        clicks = known_clicks(workspace.clicks, list(listings["listing_id"]))
        return clicks.shown, clicks.clicked
    return np.zeros((len(listings), 0), np.float32), np.zeros((len(listings), 0), np.float32)


def _ground(known: Standing, parts: Sequence[Part], moved: Moved) -> Ground:
    """What the next arrivals are held against."""
    later = [part.vectors.standing for part in parts]
    return Ground(
        grown(known.titles, [standing.titles for standing in later], moved),
        grown(known.photos, [standing.photos for standing in later], moved),
        np.concatenate([known.trust, *(standing.trust for standing in later)]),
    )


def _vectors(encoded: _Encoded, scored: Arrived, unified: np.ndarray) -> ArrivedVectors:
    """The arrivals in every space. Who they are clicked with moves them once all is scored again."""
    ids = encoded.listings["listing_id"].tolist()
    spaces = {Space.UNIFIED: unified, Space.TITLE: encoded.titles, Space.PHOTO: encoded.photos}
    return ArrivedVectors(
        {space: NeighbourIndex.build(vectors, ids) for space, vectors in spaces.items()},
        Standing.of(ids, scored.titles, scored.photos, scored.trust),
    )
