"""What a model's training listings were like, kept with the model: what later ones are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError
from mmquality.evaluation.drift import Leading

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

REFERENCE = "reference.npz"  # in a model's folder; versions of an earlier mmquality have none
_SOME = 4_000  # training listings drawn: half for the directions, half to be held against
_SEED = 7


@dataclass(frozen=True)
class SpaceReference:
    """Where training listings lie along the leading directions of one embedding.

    The directions are those of other listings than the coordinates are of: on its own listings a direction
    shows more spread than on any others, and each model would seem to drift at once.
    """

    leading: Leading
    coordinates: Doubles  # (m, c)

    @classmethod
    def of(cls, vectors: Floats) -> SpaceReference:
        """Of `vectors` (n, dim) in an order of chance."""
        half = len(vectors) // 2
        leading = Leading.of(vectors[:half])
        return cls(leading, leading.coordinates(vectors[half:]))


@dataclass(frozen=True)
class Reference:
    """Titles and photos of training listings, and how many of them each category had."""

    titles: SpaceReference
    photos: SpaceReference
    categories: Counter[str]  # "" = none

    @classmethod
    def of(cls, titles: Floats, photos: Floats, categories: Counter[str]) -> Reference:
        """Of training listings that `some_of` drew: (n, dim), (n, photo_dim); categories of all of them."""
        return cls(SpaceReference.of(titles), SpaceReference.of(photos), categories)

    def save(self, folder: Path) -> None:
        """Beside the model in `folder`."""
        arrays = {
            "categories": np.array(list(self.categories), dtype=np.str_),
            "listings": np.array(list(self.categories.values()), dtype=np.int64),
        }
        for name, space in (("title", self.titles), ("photo", self.photos)):
            arrays |= {
                f"{name}_centre": space.leading.centre,
                f"{name}_directions": space.leading.directions,
                f"{name}_coordinates": space.coordinates.astype(np.float32),
            }
        np.savez(folder / REFERENCE, allow_pickle=False, **arrays)


def some_of(listings: int) -> npt.NDArray[np.int64]:
    """The rows of at most 4,000 of so many listings, in an order of chance, the same each time."""
    return np.random.default_rng(_SEED).permutation(listings)[:_SOME]


def load_reference(folder: Path) -> Reference | None:
    """What was kept with the model in `folder`; None where nothing was. Raises `ModelFileError`."""
    path = folder / REFERENCE
    try:
        with np.load(path, allow_pickle=False) as kept:
            names, listings = kept["categories"].tolist(), kept["listings"].tolist()
            categories = Counter(dict(zip(names, listings, strict=True)))
            return Reference(_space(kept, "title"), _space(kept, "photo"), categories)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelFileError(f"{path} cannot be read ({error}). Restore it, or train again.") from error


def _space(kept: Mapping[str, Any], name: str) -> SpaceReference:
    leading = Leading(kept[f"{name}_centre"], kept[f"{name}_directions"])
    return SpaceReference(leading, kept[f"{name}_coordinates"].astype(np.float64))
