"""The vectors of what arrived after a version was published: folders, each of them written once.

They are numbered; the database says which number counts, so that readers see a new one together with the
ranks that belong to it. Beside its own vectors a folder names the earlier ones that count together with it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmquality.config import Workspace
from mmquality.errors import ModelFileError, RemovedListingError, UnknownListingError
from mmquality.ids import Ids
from mmquality.index import GrownIndex, NeighbourIndex, VectorIndex, Vectors
from mmquality.pipeline.folders import whole_folder
from mmquality.pipeline.ground import Standing
from mmquality.pipeline.places import arrivals_path
from mmquality.records import ModelVersion, Space
from mmquality.store import Moved, Store

_PARTS = "parts.json"
_LARGE = 20_000  # listings of a part that is not written again
_A_WHILE = 600.0  # seconds for which a reader may still open what counted before


@dataclass(frozen=True)
class ArrivedVectors:
    """Listings that arrived, in every space that pages read and those that the next are held against."""

    spaces: Mapping[Space, NeighbourIndex]
    standing: Standing

    def save(self, folder: Path, parts: Sequence[int]) -> None:
        """Write all of it into the place of `folder`, and which folders count together with it."""
        with whole_folder(folder) as part:
            (part / _PARTS).write_text(json.dumps(list(parts)), encoding="utf-8")
            for space, index in self.spaces.items():
                index.save(part / f"{space}.faiss")
            (part / "ground").mkdir()
            self.standing.save(part / "ground")

    @classmethod
    def load(cls, folder: Path) -> ArrivedVectors:
        """What `save` wrote, mapped. Raises `ModelFileError`."""
        return cls({space: load_space(folder, space) for space in Space}, Standing.load(folder / "ground"))


@dataclass(frozen=True)
class Part:
    """The arrivals in one numbered folder."""

    number: int
    vectors: ArrivedVectors

    @property
    def ids(self) -> Ids:
        """Of its listings, row by row."""
        return self.vectors.standing.titles.ids


def parts_of(workspace: Workspace, version: str, number: int) -> list[int]:
    """The folders that together hold what arrived, as it was written the `number`-th time; 0 = nothing."""
    if not number:
        return []
    path = arrivals_path(workspace, version, number) / _PARTS
    if not path.exists():  # an earlier mmquality wrote everything into one folder
        return [number]
    try:
        return [int(part) for part in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise ModelFileError(
            f"{path} cannot be read ({error}). Run `mmquality score`, then `mmquality index`."
        ) from error


def load_parts(workspace: Workspace, version: str, number: int) -> list[Part]:
    """What arrived, as it was written the `number`-th time, mapped. Raises `ModelFileError`."""
    numbers = parts_of(workspace, version, number)
    return [Part(n, ArrivedVectors.load(arrivals_path(workspace, version, n))) for n in numbers]


def arrived_in(workspace: Workspace, version: ModelVersion, space: Space) -> list[NeighbourIndex]:
    """What arrived since a version was published, in one space, mapped. Raises `ModelFileError`."""
    numbers = parts_of(workspace, version.name, version.arrivals)
    return [load_space(arrivals_path(workspace, version.name, number), space) for number in numbers]


def load_space(folder: Path, space: Space) -> NeighbourIndex:
    """The arrivals of one folder in one space, mapped. Raises `ModelFileError`."""
    return NeighbourIndex.load(folder / f"{space}.faiss")


def keep_part(
    workspace: Workspace, version: str, number: int, parts: Sequence[Part], new: ArrivedVectors, moved: Moved
) -> list[Part]:
    """Write what arrived into the folder `number`; gives the parts that count from then on.

    The last parts go into the same folder as long as none is larger than what is there: so there are few, and
    a listing is written again as often as their sizes double. Those that do not stand (`moved`) go nowhere.
    """
    kept, stale = list(parts), stale_of([part.ids for part in parts], moved)
    while kept and len(kept[-1].ids) <= len(new.standing.trust) < _LARGE:
        part = kept.pop()
        new = _together(part.vectors, set(part.ids) - stale.pop(), new)
    folder = arrivals_path(workspace, version, number)
    numbers = [*(part.number for part in kept), number]
    new.save(folder, numbers)
    return [*kept, Part(number, ArrivedVectors.load(folder))]


def stale_of(parts: Sequence[Iterable[str]], moved: Moved) -> list[set[str]]:
    """Of each part the ids that are found in it no more: they left, or stand in a later part."""
    stale: list[set[str]] = []
    later: set[str] = set()
    for part in reversed(parts):
        ids = set(part)
        stale.append((ids - moved.arrived) | (ids & later))
        later |= ids
    return stale[::-1]


def grown(first: VectorIndex, arrived: Sequence[NeighbourIndex], moved: Moved) -> GrownIndex:
    """A version's own index and those of the arrivals as one, as the ranking has them."""
    stale = stale_of([index.ids for index in arrived], moved)
    return GrownIndex((first, moved.gone), *zip(arrived, stale, strict=True))


def check_held(store: Store, version: str, listing_id: str, index: VectorIndex) -> None:
    """Raises `UnknownListingError` where a version's index does not hold a listing, and says why."""
    if listing_id in index:
        return
    store.listing(listing_id)  # raises where the catalogue does not hold it either
    if store.removed([listing_id]):
        raise RemovedListingError(listing_id)
    raise UnknownListingError(
        f"Listing {listing_id!r} was imported after model {version} had scored the catalogue. "
        "Run `mmquality encode`, then `mmquality arrive`."
    )


def forget_earlier(workspace: Workspace, version: str) -> None:
    """Remove folders that no reader opens any more: they stopped counting a while ago."""
    folder = arrivals_path(workspace, version, 0).parent
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
    counted = [
        number
        for number, after in zip(numbers, [*numbers[1:], None], strict=True)
        if after is None or time.time() - _written(workspace, version, after) < _A_WHILE
    ]
    needed = {part for number in counted for part in parts_of(workspace, version, number)}
    for number in set(numbers) - needed:
        shutil.rmtree(arrivals_path(workspace, version, number), ignore_errors=True)


def _written(workspace: Workspace, version: str, number: int) -> float:
    return arrivals_path(workspace, version, number).stat().st_mtime


def _together(part: ArrivedVectors, standing: Collection[str], new: ArrivedVectors) -> ArrivedVectors:
    """Those of a part that stand, and then the new ones."""
    mine, now = part.standing, new.standing
    kept = [listing_id for listing_id in mine.titles.ids if listing_id in standing]
    spaces = {s: _joined(index, kept, new.spaces[s]) for s, index in part.spaces.items()}
    titles, photos = _joined(mine.titles, kept, now.titles), _joined(mine.photos, kept, now.photos)
    trust = np.concatenate([mine.trust[mine.titles.rows(kept)], now.trust])
    return ArrivedVectors(spaces, Standing(titles, photos, trust))


def _joined(index: NeighbourIndex, kept: list[str], other: NeighbourIndex) -> NeighbourIndex:
    vectors: list[Vectors] = [index.vectors(kept)] if kept else []
    vectors.append(other.vectors(list(other.ids)))
    return NeighbourIndex.build(np.concatenate(vectors), [*kept, *other.ids])
