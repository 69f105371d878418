"""The vectors of what arrived after a version was published: a few small files, all of them replaced at once.

They are numbered; the database says which number counts, so that readers see a new one together with the
ranks that belong to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmquality.config import Workspace
from mmquality.index import GrownIndex, NeighbourIndex, VectorIndex, Vectors
from mmquality.pipeline.folders import whole_folder
from mmquality.pipeline.ground import Standing
from mmquality.pipeline.places import arrivals_path
from mmquality.records import ModelVersion, Space
from mmquality.store import Moved


@dataclass(frozen=True)
class ArrivedVectors:
    """Listings that arrived, in every space that pages read and those that the next are held against."""

    spaces: Mapping[Space, NeighbourIndex]
    standing: Standing

    def save(self, folder: Path) -> None:
        """Write all of it into the place of `folder`."""
        with whole_folder(folder) as part:
            for space, index in self.spaces.items():
                index.save(part / f"{space}.faiss")
            (part / "ground").mkdir()
            self.standing.save(part / "ground")

    @classmethod
    def load(cls, folder: Path) -> ArrivedVectors:
        """What `save` wrote, mapped. Raises `ModelFileError`."""
        return cls({space: load_space(folder, space) for space in Space}, Standing.load(folder / "ground"))

    def with_others(self, other: ArrivedVectors, ids: Collection[str]) -> ArrivedVectors:
        """These, those of them that `ids` names, and then the `other` ones."""
        kept = [listing_id for listing_id in self.standing.titles.ids if listing_id in ids]
        rows = self.standing.titles.rows(kept)
        spaces = {s: _joined(index, kept, other.spaces[s]) for s, index in self.spaces.items()}
        mine, new = self.standing, other.standing
        titles, photos = _joined(mine.titles, kept, new.titles), _joined(mine.photos, kept, new.photos)
        return ArrivedVectors(spaces, Standing(titles, photos, np.concatenate([mine.trust[rows], new.trust])))


def load_space(folder: Path, space: Space) -> NeighbourIndex:
    """The arrivals in one space, mapped. Raises `ModelFileError`."""
    return NeighbourIndex.load(folder / f"{space}.faiss")


def grown(first: VectorIndex, arrived: NeighbourIndex | None, moved: Moved) -> GrownIndex:
    """A version's own index and that of the arrivals as one, as the ranking has them."""
    stale = () if arrived is None else set(arrived.ids) - moved.arrived
    return GrownIndex(first, arrived, moved.gone, stale)


def forget_earlier(workspace: Workspace, version: ModelVersion, number: int) -> None:
    """Remove what no reader opens any more: all before the files that counted until now."""
    for n in range(1, number - 1):
        shutil.rmtree(arrivals_path(workspace, version.name, n), ignore_errors=True)


def _joined(index: NeighbourIndex, kept: list[str], other: NeighbourIndex) -> NeighbourIndex:
    vectors: list[Vectors] = [index.vectors(kept)] if kept else []
    vectors.append(other.vectors(list(other.ids)))
    return NeighbourIndex.build(np.concatenate(vectors), [*kept, *other.ids])
