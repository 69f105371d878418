"""Nearest neighbours among listings: FAISS over unit vectors, with the listing ids beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError, UnknownListingError

Vectors = npt.NDArray[np.float32]


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1, so that inner product is cosine; a zero row stays zero. Shape (n, d)."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(lengths == 0, 1, lengths), dtype=np.float32)


def distance_of(cosine: Vectors) -> Vectors:
    """Euclidean distance of two unit vectors from their cosine: ‖a − b‖ = √(2 − 2 aᵀb), 0 … 2."""
    return np.sqrt(np.clip(2 - 2 * cosine, 0, 4))


class NeighbourIndex:
    """Exact neighbours by inner product of unit vectors (`faiss.IndexFlatIP`)."""

    def __init__(self, index: faiss.Index, ids: Sequence[str]) -> None:
        self.ids = list(ids)
        self._index = index
        self._rows = {listing_id: row for row, listing_id in enumerate(self.ids)}

    @classmethod
    def build(cls, vectors: Vectors, ids: Sequence[str]) -> NeighbourIndex:
        """Index `vectors` (n, d), normalised here; `ids[i]` names row i."""
        if len(vectors) != len(ids):
            raise ValueError(f"{len(vectors)} vectors for {len(ids)} ids")
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(unit(vectors))
        return cls(index, ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, listing_id: str) -> bool:
        return listing_id in self._rows

    def vectors(self, listing_ids: Sequence[str]) -> Vectors:
        """The unit vectors of `listing_ids`, shape (len, d)."""
        found: Vectors = self._index.reconstruct_batch(self.rows(listing_ids))
        return found

    def rows(self, listing_ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Where `listing_ids` stand in the index, (len,)."""
        return np.array([self._row(listing_id) for listing_id in listing_ids], dtype=np.int64)

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Rows and distances of the k nearest, each (len(queries), min(k, n)), nearest first."""
        k = min(k, len(self))
        if k < 1:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        cosines, rows = self._index.search(unit(queries), k)
        return rows, distance_of(cosines)

    def search_others(
        self, queries: Vectors, own: npt.NDArray[np.int64], k: int
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """As `search`, for queries that are rows of the index: `own` (len(queries),) are never found.

        Each (len(queries), min(k, n - 1)).
        """
        k = min(k, len(self) - 1)
        rows, distances = self.search(queries, k + 1)
        # Among many copies of a vector a row may not find itself; then the last one found is left out.
        itself_last = np.argsort(rows == own[:, None], axis=1, kind="stable")[:, :k]
        return np.take_along_axis(rows, itself_last, axis=1), np.take_along_axis(
            distances, itself_last, axis=1
        )

    def nearest(self, listing_id: str, k: int) -> list[tuple[str, float]]:
        """The k listings nearest to a listing of the index, never itself, as (id, distance)."""
        itself = [listing_id]
        rows, distances = self.search_others(self.vectors(itself), self.rows(itself), k)
        return [(self.ids[r], float(d)) for r, d in zip(rows[0], distances[0], strict=True)]

    def save(self, path: Path) -> None:
        """Write the vectors to `path` and the ids beside it."""
        faiss.write_index(self._index, str(path))
        _ids_path(path).write_text(json.dumps(self.ids), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> NeighbourIndex:
        """Read what `save` wrote; a damaged or half-written index is a `ModelFileError`."""
        try:
            index = faiss.read_index(str(path))
            ids = json.loads(_ids_path(path).read_text(encoding="utf-8"))
        except (RuntimeError, OSError, ValueError) as error:
            raise ModelFileError(f"The index {path} cannot be read. Run `mmquality index` again.") from error
        if not isinstance(ids, list) or not all(isinstance(listing_id, str) for listing_id in ids):
            raise ModelFileError(f"{_ids_path(path)} is not a list of ids. Run `mmquality index` again.")
        if len(ids) != index.ntotal:
            raise ModelFileError(
                f"The index {path} holds {index.ntotal} vectors, {len(ids)} ids. Run `mmquality index` again."
            )
        return cls(index, ids)

    def _row(self, listing_id: str) -> int:
        try:
            return self._rows[listing_id]
        except KeyError:
            raise UnknownListingError(
                f"Listing {listing_id!r} is not in the index. Run `mmquality index` after an import."
            ) from None


def _ids_path(path: Path) -> Path:
    return path.with_suffix(".ids.json")
