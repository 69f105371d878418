"""What the pages and the command line read: the store and the neighbours of the model version in force."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Self

import pandas as pd

from mmquality.anywhere import Place, place
from mmquality.config import Workspace
from mmquality.errors import ModelFileError, WorkspaceError
from mmquality.index import GrownIndex, VectorIndex, distance_of
from mmquality.index.keeping import load
from mmquality.pipeline.arrivals import arrived_in, check_held, grown
from mmquality.pipeline.click_report import ClickReader
from mmquality.pipeline.evidence import Evidence, EvidenceReader, Glance
from mmquality.pipeline.places import background_path, index_path, no_version, open_store, thumbnail_path
from mmquality.pipeline.recall_lists import LOOKED_AT, Comparison
from mmquality.pipeline.scored import load_known_pairs
from mmquality.pipeline.settings import load_settings
from mmquality.records import Listing, ModelVersion, Neighbour, Space, product_of
from mmquality.store import Store

_FIRST_PAGE = 2.0  # seconds for which who opened the catalogue has the disk to himself
_SEARCHED_AT_ONCE = 100_000  # listings of an index that a whole page of photos is looked up in


class Catalogue:
    """A workspace opened for reading, at the model version that was in force when it was opened."""

    def __init__(self, workspace: Workspace) -> None:
        """Open `workspace`; raises `WorkspaceError` where there is none."""
        self.workspace = workspace
        self.store: Store = open_store(workspace)
        self.version: ModelVersion | None = self.store.current_version()
        self.clicks = ClickReader(workspace, self.store)
        self._indexes: dict[Space, VectorIndex] = {}
        self._grown: dict[tuple[int, Space], VectorIndex] = {}  # by the version's revision
        self._evidence = EvidenceReader(self.store, self._index, self._background)

    def read_ahead(self) -> None:
        """Beside everything else, bring a large catalogue into memory before somebody waits for it."""
        if self.version is not None and self.version.listings > _SEARCHED_AT_ONCE:
            timer = Timer(_FIRST_PAGE, self._read_ahead)
            timer.daemon = True
            timer.start()

    def _read_ahead(self) -> None:
        self.store.read_ahead()
        with suppress(ModelFileError):  # the page that needs it will say so
            for space in (Space.UNIFIED, Space.PHOTO, Space.TITLE):
                self._index(space).read_ahead()

    def follow(self, version: ModelVersion) -> None:
        """Go on with what arrived and left since, of the version that is open."""
        self.version = version

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def published_version(self) -> ModelVersion:
        """The version in force; raises `WorkspaceError` where none was published yet."""
        if self.version is None:
            raise no_version(self.workspace)
        return self.version

    @property
    def name(self) -> str:
        """The catalogue's name for people; its folder's where it was given none."""
        return load_settings(self.workspace).name or self.workspace.root.name

    def neighbours(self, listing_id: str, space: Space, k: int = 10) -> list[Neighbour]:
        """The k nearest listings in `space`, nearest first, never the listing itself.

        Raises `UnknownListingError` for one that the catalogue or the version in force does not hold.
        """
        return self._as_neighbours(listing_id, self._nearest(listing_id, space, k))

    def distances(self, listing_id: str, others: Sequence[str], space: Space) -> list[float]:
        """How far each of `others` is from a listing in `space`: Euclidean, of unit vectors, 0 … 2."""
        index = self._index(space)
        if not others:
            return []
        found: list[float] = distance_of(index.vectors(others) @ index.vectors([listing_id])[0]).tolist()
        return found

    def comparison(
        self, listing_id: str, k: int = 10, beside: Sequence[Space] = (Space.TITLE,)
    ) -> Comparison:
        """What unified recall finds for one listing, and what the spaces `beside` it find."""
        found = {space: self._nearest(listing_id, space, LOOKED_AT) for space in (*beside, Space.UNIFIED)}
        lists = {space: self._as_neighbours(listing_id, near[:k]) for space, near in found.items()}
        listed = sorted({n.listing_id for near in lists.values() for n in near})
        return Comparison(
            lists,
            {space: {i: place for place, (i, _) in enumerate(near, 1)} for space, near in found.items()},
            dict(zip(listed, self.distances(listing_id, listed, Space.UNIFIED), strict=True)),
        )

    def evidence(self, listing_id: str, k: int = 6) -> Evidence:
        """What speaks for or against a listing's photo. Raises as `neighbours` does."""
        listing = self.store.listing(listing_id)
        check_held(self.store, self.published_version().name, listing_id, self._index(Space.PHOTO))
        report = self.clicks.report()
        standing = report.standing(listing_id) if report else None
        return self._evidence.evidence(listing, k, standing)

    def glances(self, listing_ids: Sequence[str]) -> dict[str, Glance]:
        """The short evidence of each of these listings that was scored, for a page of cards.

        Empty where the catalogue is too large to look up a whole page while somebody waits.
        """
        if len(self._index(Space.PHOTO)) > _SEARCHED_AT_ONCE:
            return {}
        return self._evidence.glances(listing_ids)

    def scores(self) -> pd.DataFrame:
        """The mismatch score of every listing that the version in force ranks now: listing_id, score.

        The worst first; with what arrived since it was published, without what was removed.
        """
        return self.store.version_scores(self.published_version().name)[["listing_id", "score"]]

    def indexes(self) -> dict[Space, VectorIndex]:
        """The index of every space, all in the same order: as the catalogue was scored, arrivals left out.

        What was removed since has its row there, and is found no more.
        """
        own = {space: self._own_index(space) for space in Space}
        gone = [i for i in self.store.removed() if i in own[Space.UNIFIED]]
        return {space: GrownIndex((index, gone)) for space, index in own.items()} if gone else own

    def indexes_to_recommend(self) -> dict[Space, VectorIndex]:
        """As `indexes`; raises `WorkspaceError` where fewer than two listings can be found in them."""
        found = self.indexes()
        if len(found[Space.UNIFIED]) < 2:
            raise WorkspaceError(
                f"Of what model {self.published_version().name} scored fewer than two listings are in the "
                "catalogue: none can be recommended under another. Import listings, then train and score "
                "again."
            )
        return found

    def known_pairs(self) -> pd.DataFrame | None:
        """The co-clicked pairs that the version in force knows: listing_id, other_id; None if untold."""
        return load_known_pairs(self.workspace.models / self.published_version().name)

    def products(self) -> dict[str, str]:
        """listing_id → the product whose variant it is, for the listings that name one."""
        catalogue = self.store.catalogue_frame(["listing_id", "attributes"])
        named = zip(catalogue["listing_id"], catalogue["attributes"], strict=True)
        return {i: product for i, attributes in named if (product := product_of(attributes))}

    def thumbnail(self, listing: Listing) -> Place:
        """A small JPEG of the listing's photo; the photo itself where no thumbnail was made."""
        path = thumbnail_path(self.workspace, listing.photo_hash)
        return path if path.exists() else place(listing.photo_path)

    def _nearest(self, listing_id: str, space: Space, k: int) -> list[tuple[str, float]]:
        index = self._index(space)
        check_held(self.store, self.published_version().name, listing_id, index)
        return index.nearest(listing_id, k)

    def _as_neighbours(self, listing_id: str, found: Sequence[tuple[str, float]]) -> list[Neighbour]:
        if not found:
            return []
        titles = self._index(Space.TITLE)
        similarities = titles.vectors([i for i, _ in found]) @ titles.vectors([listing_id])[0]
        return [
            Neighbour(other, position, distance, float(similarity))
            for position, ((other, distance), similarity) in enumerate(
                zip(found, similarities, strict=True), 1
            )
        ]

    def _index(self, space: Space) -> VectorIndex:
        """As the ranking is now: with what arrived, without what left."""
        version, own = self.published_version(), self._own_index(space)
        if not version.revision:
            return own
        key = version.revision, space
        found = self._grown.get(key)
        if found is None:
            arrived = arrived_in(self.workspace, version, space)
            found = grown(own, arrived, self.store.moved(version.name))
            others = {k: index for k, index in self._grown.items() if k[0] == version.revision}
            self._grown = {**others, key: found}
        return found

    def _own_index(self, space: Space) -> VectorIndex:
        if space not in self._indexes:
            self._indexes[space] = self._load(space)
        return self._indexes[space]

    def _background(self) -> Path:
        return background_path(self.workspace, self.published_version().name)

    def _load(self, space: Space) -> VectorIndex:
        path = index_path(self.workspace, self.published_version().name, space)
        return load(path, self.workspace.vectors_url)
