"""Nearest neighbours among listings: FAISS over unit vectors, with the listing ids beside it.

Up to some size all vectors are gone through; an index of more than that has them in lists in its file, and
finds nearly all of the nearest in a fraction of the time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.ids import Ids, map_table, save_table
from mmquality.index import lists
from mmquality.index.lists import Vectors

_GONE_THROUGH = 100_000_000  # numbers, rows × dimensions: a search of so many takes some ten milliseconds
_RECALL = f"recall@{lists.NEAREST}"  # in the file of ids


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1, so that inner product is cosine; a zero row stays zero. Shape (n, d)."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(lengths == 0, 1, lengths), dtype=np.float32)


def distance_of(cosine: Vectors) -> Vectors:
    """Euclidean distance of two unit vectors from their cosine: ‖a − b‖ = √(2 − 2 aᵀb), 0 … 2."""
    return np.sqrt(np.clip(2 - 2 * cosine, 0, 4))


class NeighbourIndex:
    """Neighbours by inner product of unit vectors, exact as built; in a file they have half precision.

    Rounded, a cosine is off by less than 0.001, and a search takes half the time and half the memory.

    :param recall: the share of a listing's ten nearest that a search finds, as measured when it was saved
    """

    def __init__(self, index: faiss.Index, ids: Ids, recall: float = 1.0) -> None:
        self.ids, self.recall = ids, recall
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors, ids: Sequence[str]) -> NeighbourIndex:
        """Index `vectors` (n, d), normalised here; `ids[i]` names row i."""
        if len(vectors) != len(ids):
            raise ValueError(f"{len(vectors)} vectors for {len(ids)} ids")
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(unit(vectors))
        return cls(index, Ids(ids))

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, listing_id: str) -> bool:
        return listing_id in self.ids

    def vectors(self, listing_ids: Sequence[str]) -> Vectors:
        """The unit vectors of `listing_ids`, shape (len, d)."""
        return self.vectors_at(self.rows(listing_ids))

    def vectors_at(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """The unit vectors of these rows, shape (len, d)."""
        found: Vectors = self._index.reconstruct_batch(rows)
        return unit(found) if self._is_rounded else found

    def rows(self, listing_ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Where `listing_ids` stand in the index, (len,)."""
        return np.array([self._row(listing_id) for listing_id in listing_ids], dtype=np.int64)

    def search(self, queries: Vectors, k: int) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Rows and distances of the k nearest, each (len(queries), min(k, n)), nearest first."""
        k = min(k, len(self))
        if k < 1:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        queries = unit(queries)
        index: Any = self._index
        in_lists = isinstance(index, faiss.IndexIVF)
        cosines, rows = lists.search(index, queries, k) if in_lists else index.search(queries, k)
        if self._is_rounded:  # so it is not of unit length: what was found is measured anew
            pairs = zip(queries, rows, strict=True)
            # A sum of its own for each pair: a matrix product would round by how many there are.
            cosines = np.array(
                [np.einsum("kd,d->k", self.vectors_at(found), query) for query, found in pairs], np.float32
            )
            nearest = np.argsort(-cosines, axis=1, kind="stable")
            rows, cosines = np.take_along_axis(rows, nearest, 1), np.take_along_axis(cosines, nearest, 1)
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

    def read_ahead(self) -> None:
        """Go through all of it once, so that the next search finds it in memory."""
        nothing = np.zeros((1, self._index.d), np.float32)
        if isinstance(self._index, faiss.IndexIVF):
            lists.search_all(self._index, nothing, 1)
        else:
            self._index.search(nothing, 1)

    def save(
        self,
        path: Path,
        advance: Callable[[int], object] = lambda done: None,
        gone_through: int = _GONE_THROUGH,
    ) -> None:
        """Write the vectors to `path`, rounded to half precision and where they are more than `gone_through`
        numbers in lists; the ids beside it. `advance` is told how many rows more are done."""
        part = path.with_name(f".{path.name}.part")
        kept, recall = self._to_keep(advance, gone_through)
        faiss.write_index(kept, str(part))
        os.replace(part, path)  # never written over: somebody may have mapped the one before
        save_table(_ids_path(path), self.ids.columns(), {_RECALL: str(recall)})

    @classmethod
    def load(cls, path: Path) -> NeighbourIndex:
        """What `save` wrote, mapped, not read: the system keeps in memory what there is room for.

        A damaged or half-written index is a `ModelFileError`.
        """
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            ids, recall = _load_ids(path)
        except (RuntimeError, OSError, ValueError) as error:
            raise ModelFileError(f"The index {path} cannot be read. Run `mmquality index` again.") from error
        if len(ids) != index.ntotal:
            raise ModelFileError(
                f"The index {path} holds {index.ntotal} vectors, {len(ids)} ids. Run `mmquality index` again."
            )
        return cls(index, ids, recall)

    @property
    def _is_rounded(self) -> bool:
        return not isinstance(self._index, faiss.IndexFlat)

    def _to_keep(self, advance: Callable[[int], object], most: int) -> tuple[faiss.Index, float]:
        """What goes into the file, and its recall."""
        if len(self) * self._index.d <= most:
            return self._rounded(advance), 1.0
        made = lists.lists_of(self._index, advance)
        return (made.index, made.recall) if made else (self._rounded(lambda done: None), 1.0)

    def _rounded(self, advance: Callable[[int], object]) -> faiss.Index:
        kind = faiss.ScalarQuantizer.QT_fp16
        rounded = faiss.IndexScalarQuantizer(self._index.d, kind, faiss.METRIC_INNER_PRODUCT)
        lists.fill(rounded, self._index, advance)
        return rounded

    def _row(self, listing_id: str) -> int:
        row = self.ids.row(listing_id)
        if row is None:
            raise UnknownListingError(
                f"Listing {listing_id!r} is not in the index. Run `mmquality index` after an import."
            )
        return row


def _load_ids(path: Path) -> tuple[Ids, float]:
    """The ids, and the recall of the index that they name."""
    earlier = path.with_suffix(".ids.json")  # how earlier versions of mmquality kept them
    if earlier.exists():
        ids = json.loads(earlier.read_text(encoding="utf-8"))
        if not isinstance(ids, list) or not all(isinstance(listing_id, str) for listing_id in ids):
            raise ValueError("it is not a list of ids")
        return Ids(ids), 1.0
    table: Any = map_table(_ids_path(path))
    told = table.schema.metadata or {}
    return Ids.of(table), float(told.get(_RECALL.encode(), 1.0))


def _ids_path(path: Path) -> Path:
    return path.with_suffix(".ids.arrow")
