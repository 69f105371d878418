"""What arrivals are scored against, kept beside a model version's scores when the catalogue is scored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError
from mmquality.index import NeighbourIndex, Vectors
from mmquality.pipeline.folders import whole_folder
from mmquality.rows import Rows

Doubles = npt.NDArray[np.float64]

GROUND = "ground"
_GONE_THROUGH = 10_000_000  # numbers: a thousand arrivals are looked up at once, in a second
_TITLES, _PHOTOS, _TRUST, _CHANGES = "titles.faiss", "photos.faiss", "trust.npy", "changes.json"


@dataclass(frozen=True)
class Standing:
    """Listings in the spaces of the standardised inputs, and how far each is trusted, row by row."""

    titles: NeighbourIndex
    photos: NeighbourIndex
    trust: Doubles  # (n,)

    @classmethod
    def of(cls, ids: Sequence[str], titles: Vectors, photos: Vectors, trust: Doubles) -> Standing:
        """Of the standardised inputs (n, title_components) and (n, photo_components)."""
        return cls(NeighbourIndex.build(titles, ids), NeighbourIndex.build(photos, ids), trust)

    def save(self, folder: Path) -> None:
        """Write it into a folder that is there."""
        self.titles.save(folder / _TITLES, gone_through=_GONE_THROUGH)
        self.photos.save(folder / _PHOTOS, gone_through=_GONE_THROUGH)
        np.save(folder / _TRUST, self.trust)

    @classmethod
    def load(cls, folder: Path) -> Standing:
        """What `save` wrote; vectors are mapped. Raises `ModelFileError`."""
        indexes = NeighbourIndex.load(folder / _TITLES), NeighbourIndex.load(folder / _PHOTOS)
        try:
            return cls(*indexes, np.load(folder / _TRUST))
        except (OSError, ValueError, EOFError) as error:
            raise _unreadable(folder / _TRUST, error) from error


def keep_ground(
    version: Path, ids: Iterable[str], titles: Rows, photos: Rows, trust: Doubles, changes: int
) -> None:
    """Keep a `Standing` in a version's folder, whole or not at all; very many vectors go there in blocks.

    :param titles: standardised, unit length, (n, title_components)
    :param photos: (n, photo_components)
    :param changes: the catalogue's last one when it was read
    """
    with whole_folder(version / GROUND) as folder:
        for vectors, name in ((titles, _TITLES), (photos, _PHOTOS)):
            NeighbourIndex.write(folder / name, vectors, ids, gone_through=_GONE_THROUGH)
        np.save(folder / _TRUST, trust)
        (folder / _CHANGES).write_text(json.dumps(changes), encoding="utf-8")


def load_ground(version: Path) -> Standing:
    """What `keep_ground` kept. Raises `ModelFileError`, also where an earlier mmquality kept none."""
    if not (version / GROUND).exists():
        raise ModelFileError(
            f"Model {version.name} was scored by an earlier mmquality, which kept nothing to hold new "
            "listings against. Run `mmquality score`, then `mmquality index`, once."
        )
    return Standing.load(version / GROUND)


def changes_known(version: Path) -> int | None:
    """The catalogue's last change when the version scored it; None where nobody noted it."""
    path = version / GROUND / _CHANGES
    if not path.exists():
        return None
    try:
        return int(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ModelFileError:
    return ModelFileError(f"{path} cannot be read ({error}). Run `mmquality score`, then `mmquality index`.")
