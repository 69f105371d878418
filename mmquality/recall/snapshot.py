"""A model version at one moment: its neighbours in every space, and which of its listings a filter wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mmquality.config import Workspace
from mmquality.errors import ModelFileError, UnknownFilterError, WorkspaceError
from mmquality.index import VectorIndex
from mmquality.index.keeping import load
from mmquality.pipeline.arrivals import arrived_in, check_held, grown
from mmquality.pipeline.places import index_path, version_in_force
from mmquality.records import ModelVersion, Space
from mmquality.store import RankingQuery, Store

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

FEW = 20_000  # listings: so many are compared one by one; so many neighbours are looked through
_FILTERS = 64  # remembered: those of a shop's pages come again and again
_TRIES = 5  # while listings arrive


@dataclass(frozen=True)
class Matching:
    """Listings that a filter wants: their rows in every space, and their mismatch scores, both (n,)."""

    rows: Ints
    scores: Doubles


class Snapshot:
    """What recall answers from until the ranking changes. Nothing of it changes; threads share it."""

    def __init__(
        self, store: Store, version: ModelVersion, own: Mapping[Space, VectorIndex],
        spaces: Mapping[Space, VectorIndex],
    ) -> None:  # fmt: skip
        self.store, self.version, self.own, self.spaces = store, version, own, spaces
        self.few = lru_cache(_FILTERS)(self._few)
        self._names: set[str] | None = None

    @classmethod
    def take(cls, workspace: Workspace, store: Store, before: Snapshot | None = None) -> Snapshot:
        """The version in force as it is now; `before` itself where nothing has changed since.

        Raises `WorkspaceError` where no version is in force, `ModelFileError` where its files are damaged.
        """
        for tried in range(1, _TRIES + 1):
            version = version_in_force(workspace, store)
            if before is not None and before.version == version:
                return before
            try:
                taken = cls._of(workspace, store, version, before)
            except ModelFileError:  # files of arrivals go when the next ones come
                if tried == _TRIES or store.current_version() == version:
                    raise
                continue
            if store.current_version() == version:
                return taken
        raise WorkspaceError(f"The ranking of {workspace.root} changes all the time; try again.")

    @classmethod
    def _of(
        cls, workspace: Workspace, store: Store, version: ModelVersion, before: Snapshot | None
    ) -> Snapshot:
        same = before is not None and (before.version.name, before.version.created_at) == (
            version.name, version.created_at,
        )  # fmt: skip
        if before is not None and same:
            own = before.own
        else:
            paths = {space: index_path(workspace, version.name, space) for space in Space}
            own = {space: load(path, workspace.vectors_url) for space, path in paths.items()}
        if not version.revision:
            return cls(store, version, own, own)
        moved = store.moved(version.name)
        spaces = {s: grown(index, arrived_in(workspace, version, s), moved) for s, index in own.items()}
        return cls(store, version, own, spaces)

    def index(self, listing_id: str, space: Space) -> VectorIndex:
        """The index that holds a listing. Raises `UnknownListingError` where it does not, and says why."""
        index = self.spaces[space]
        check_held(self.store, self.version.name, listing_id, index)
        return index

    def check_filters(self, query: RankingQuery) -> None:
        """Raises `UnknownFilterError` for an attribute that cannot be filtered by."""
        asked = {name for name, _ in query.attributes}
        if self._names is None or asked - self._names:  # an import may have brought it since
            self._names = self.store.filter_names()
        for name in sorted(asked - self._names):
            raise UnknownFilterError(
                f"The catalogue has no attribute {name!r} to filter by; it has category"
                f"{''.join(f', {known}' for known in sorted(self._names))}."
            )

    def _few(self, query: RankingQuery) -> Matching | None:
        """The listings that a filter wants; None where they are more than `FEW`."""
        found = self.store.scores_where(query, FEW + 1)
        return None if len(found) > FEW else self.matching(found)

    def matching(self, scores: Mapping[str, float]) -> Matching:
        """These listings, those apart that have no row."""
        ids = self.spaces[Space.UNIFIED].ids
        rows = np.array([-1 if (row := ids.row(i)) is None else row for i in scores], np.int64)
        order = np.argsort(rows)[(rows < 0).sum() :]
        return Matching(rows[order], np.array(list(scores.values()), np.float64)[order])
