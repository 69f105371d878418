"""What pages and pipeline need of an index, wherever its vectors are: in files here, or in a database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmquality.errors import UnknownListingError
from mmquality.ids import Ids
from mmquality.index.lists import Vectors

RowNumbers = npt.NDArray[np.int64]


def unit(vectors: Vectors) -> Vectors:
    """RowNumbers scaled to length 1, so that inner product is cosine; a zero row stays zero. Shape (n, d)."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]  # `np.linalg.norm` makes the squares
    return np.divide(vectors, np.where(lengths == 0, 1, lengths), dtype=np.float32)


def distance_of(cosine: Vectors) -> Vectors:
    """Euclidean distance of two unit vectors from their cosine: ‖a − b‖ = √(2 − 2 aᵀb), 0 … 2."""
    return np.sqrt(np.clip(2 - 2 * cosine, 0, 4))


class VectorIndex(ABC):
    """Neighbours among the unit vectors of listings: row i is the listing `ids[i]`.

    :param recall: the share of a listing's ten nearest that a search finds, as measured when it was made
    """

    def __init__(self, ids: Ids, recall: float) -> None:
        self.ids, self.recall = ids, recall

    @abstractmethod
    def search(self, queries: Vectors, k: int) -> tuple[RowNumbers, Vectors]:
        """RowNumbers and distances of the k nearest, each (len(queries), min(k, n)), nearest first."""

    @abstractmethod
    def vectors_at(self, rows: RowNumbers) -> Vectors:
        """The unit vectors of these rows, shape (len, d)."""

    @abstractmethod
    def read_ahead(self) -> None:
        """Have all of it in memory before the next search."""

    @property
    def gone(self) -> frozenset[str]:
        """Those of `ids` that keep their rows and are found no more."""
        return frozenset()

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, listing_id: str) -> bool:
        return listing_id in self.ids

    def vectors(self, listing_ids: Sequence[str]) -> Vectors:
        """The unit vectors of `listing_ids`, shape (len, d)."""
        return self.vectors_at(self.rows(listing_ids))

    def rows(self, listing_ids: Sequence[str]) -> RowNumbers:
        """Where `listing_ids` stand in the index, (len,)."""
        return np.array([self._row(listing_id) for listing_id in listing_ids], dtype=np.int64)

    def search_others(self, queries: Vectors, own: RowNumbers, k: int) -> tuple[RowNumbers, Vectors]:
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

    def _row(self, listing_id: str) -> int:
        row = self.ids.row(listing_id)
        if row is None:
            raise UnknownListingError(
                f"Listing {listing_id!r} is not in the index. Run `mmquality index` after an import."
            )
        return row
