"""`Recall`: a workspace opened for the question "what is similar to this?", by as many threads as like."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Self

import numpy as np

from mmquality.config import ImportLimits, Workspace
from mmquality.errors import MMQualityError
from mmquality.index import Vectors, distance_of
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import load_settings
from mmquality.recall.asked import Asked, Mismatch
from mmquality.recall.diversity import POOL, diverse
from mmquality.recall.newcomer import Encoders, Newcomer, NewListing
from mmquality.recall.searching import Hits, Wanted, nearest
from mmquality.recall.snapshot import Snapshot
from mmquality.recall.users import mixed, user_vector
from mmquality.recall.weights import read_weight
from mmquality.records import ModelVersion, Space
from mmquality.store import Store

_LOOK = 1.0  # seconds between two looks at what is in force
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Similar:
    """A listing that was found.

    `distance` is the Euclidean distance of the unit vectors in the space asked for: 0 = same, 2 = opposite;
    `mismatch` the listing's mismatch score, 0 … 1.
    """

    listing_id: str
    position: int  # 1 = first
    distance: float
    mismatch: float


@dataclass(frozen=True)
class Found:
    """An answer, and which model version at which revision of its ranking gave it."""

    version: str
    revision: int
    listings: tuple[Similar, ...]


class Recall:
    """Similar listings of one workspace. It follows what is published and what arrives, within a second or
    as soon as that is open; until then it answers from what was in force before. Threads may share it."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        """Use `open`. Raises `WorkspaceError` or `ModelFileError` where there is nothing to answer from."""
        self.workspace, self._store = workspace, store
        self._snapshot = Snapshot.take(workspace, store)
        self._encoders: Encoders | None = None
        self._newcomer: Newcomer | None = None
        self._refreshing, self._loading, self._closed = Lock(), Lock(), Event()
        self.trouble = ""  # why what is in force now cannot be followed; "" where it is
        self._watch = Thread(target=self._follow, name="recall", daemon=True)
        self._watch.start()

    @classmethod
    def open(cls, workspace: Workspace | str | Path) -> Self:
        """Open a workspace that has a model in force. Raises `WorkspaceError` or `ModelFileError`."""
        if not isinstance(workspace, Workspace):
            workspace = Workspace.at(workspace)
        store = open_store(workspace)
        try:
            return cls(workspace, store)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Follow nothing any more, and let go of the database."""
        self._closed.set()
        self._watch.join()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> ModelVersion:
        """The model version that answers now."""
        return self._snapshot.version

    def refresh(self) -> None:
        """Answer from what is in force now. Where it raises `WorkspaceError`, `ModelFileError` or
        `EncoderError`, what was in force before goes on answering."""
        with self._refreshing:
            taken, newcomer = Snapshot.take(self.workspace, self._store, self._snapshot), self._newcomer
            if taken.version.name != self.version.name:
                taken.spaces[Space.UNIFIED].read_ahead()
                if newcomer is not None:
                    newcomer = Newcomer(self.workspace, taken.version.name, self._ready_encoders())
            self._snapshot, self._newcomer = taken, newcomer

    def warm_up(self) -> None:
        """Have in memory what answers need, some seconds of work, so that the first one is not slow.

        Raises `EncoderError` or `ModelFileError` where no new listing can be read; others can be asked for.
        """
        self._store.read_ahead()
        self._snapshot.spaces[Space.UNIFIED].read_ahead()
        self._reader(self._snapshot)

    def similar(
        self,
        listing_id: str,
        k: int = 10,
        space: Space = Space.UNIFIED,
        where: Mapping[str, str | Sequence[str]] | None = None,
        mismatch: Mismatch | None = None,
        diversity: float = 0.0,
        clicks: Sequence[str] = (),
    ) -> Found:
        """The k listings nearest to one of the catalogue, never itself; see `Asked`.

        Raises `QuestionError`, `UnknownListingError`, and of its kind `NotLearntError` for clicks where
        nobody has learnt how much they count.
        """
        asked = Asked(k, space, where or {}, mismatch, diversity, clicks)
        snapshot = self._snapshot
        index = snapshot.index(listing_id, space)
        row = index.rows([listing_id])
        return self._found(snapshot, index.vectors_at(row)[0], asked, row)

    def similar_to(
        self,
        listing: NewListing,
        k: int = 10,
        space: Space = Space.UNIFIED,
        where: Mapping[str, str | Sequence[str]] | None = None,
        mismatch: Mismatch | None = None,
        diversity: float = 0.0,
        clicks: Sequence[str] = (),
        limits: ImportLimits | None = None,
    ) -> Found:
        """The k listings nearest to one that is not in the catalogue, as if it had just arrived.

        Raises as `similar` does, `PhotoProblem` for its photo, and `EncoderError` where it cannot be encoded.
        """
        asked = Asked(k, space, where or {}, mismatch, diversity, clicks)
        snapshot = self._snapshot
        listing = listing.checked(limits or ImportLimits())
        vector = self._reader(snapshot).vectors(listing)[space]
        return self._found(snapshot, vector, asked, np.empty(0, np.int64))

    def _found(self, snapshot: Snapshot, vector: Vectors, asked: Asked, own: np.ndarray) -> Found:
        index, query = snapshot.spaces[asked.space], asked.query(snapshot.version.name)
        snapshot.check_filters(query)
        clicked = np.array([row for i in asked.clicks if (row := index.ids.row(i)) is not None], np.int64)
        towards = self._towards(vector, index.vectors_at(clicked)) if asked.clicks else vector
        wanted = Wanted(query, asked.below, np.concatenate([own, clicked]))
        pool = POOL * asked.k if asked.diversity else asked.k
        hits = nearest(snapshot, asked.space, towards, pool, wanted)
        if asked.diversity:
            cosines = (1 - hits.distances**2 / 2).astype(np.float32)
            hits = hits[diverse(cosines, index.vectors_at(hits.rows), asked.k, asked.diversity)]
        hits = _suspects_last(hits, asked.mismatch) if asked.mismatch else hits
        if towards is not vector:  # people are told how far a listing is from what they look at
            away = distance_of(index.vectors_at(hits.rows) @ vector)
            hits = Hits(hits.rows, away, hits.scores)
        found = zip(hits.rows.tolist(), hits.distances.tolist(), hits.scores.tolist(), strict=True)
        listings = (Similar(index.ids[row], n, far, score) for n, (row, far, score) in enumerate(found, 1))
        return Found(snapshot.version.name, snapshot.version.revision, tuple(listings))

    def _towards(self, vector: Vectors, clicked: Vectors) -> Vectors:
        weight = read_weight(self.workspace)
        if not len(clicked) or not weight.mix:
            return vector
        return mixed(vector, user_vector(clicked, weight.half_life), weight.mix)

    def _reader(self, snapshot: Snapshot) -> Newcomer:
        """What reads new listings as the snapshot's version does."""
        reader = self._newcomer
        if reader is None or reader.version != snapshot.version.name:
            reader = Newcomer(self.workspace, snapshot.version.name, self._ready_encoders())
            self._newcomer = reader
        return reader

    def _ready_encoders(self) -> Encoders:
        with self._loading:
            settings = load_settings(self.workspace)
            if self._encoders is None or self._encoders.choices != (
                settings.text_choice,
                settings.photo_choice,
            ):
                self._encoders = Encoders(self.workspace)
            return self._encoders

    def _follow(self) -> None:
        while not self._closed.wait(_LOOK):
            try:
                self.refresh()
                self.trouble = ""
            except (MMQualityError, OSError) as error:
                if str(error) != self.trouble:
                    _log.warning("Recall goes on with model %s: %s", self.version.name, error)
                self.trouble = str(error)


def _suspects_last(hits: Hits, mismatch: Mismatch) -> Hits:
    """Those with a high mismatch score behind the others; where they were dropped, nothing changes."""
    return hits[np.argsort(hits.scores >= mismatch.threshold, kind="stable")]
