"""Nearest neighbours among listings: FAISS over unit vectors, with the listing ids beside it.

Up to some size all vectors are gone through; an index of more than that has them in lists in its file, and
finds nearly all of the nearest in a fraction of the time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from mmquality.errors import ModelFileError
from mmquality.files import whole_file
from mmquality.ids import Ids, map_table, save_table
from mmquality.index import lists
from mmquality.index.lists import Vectors
from mmquality.index.seam import RowNumbers, VectorIndex, distance_of, unit
from mmquality.rows import Made, Rows, blocks

_GONE_THROUGH = 100_000_000  # numbers, rows × dimensions: a search of so many takes some ten milliseconds
_RECALL = f"recall@{lists.NEAREST}"  # in the file of ids


class NeighbourIndex(VectorIndex):
    """Neighbours by inner product of unit vectors, exact as built; in a file they have half precision.

    Rounded, a cosine is off by less than 0.001, and a search takes half the time and half the memory.
    """

    def __init__(self, index: faiss.Index, ids: Ids, recall: float = 1.0) -> None:
        super().__init__(ids, recall)
        self._index = index
        self._path: Path | None = None  # where it was loaded from

    @classmethod
    def build(cls, vectors: Vectors, ids: Sequence[str]) -> NeighbourIndex:
        """Index `vectors` (n, d), normalised here; `ids[i]` names row i."""
        check_named(vectors, ids)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(unit(vectors))
        return cls(index, Ids(ids))

    @classmethod
    def write(
        cls,
        path: Path,
        vectors: Rows,
        ids: Iterable[str],
        advance: Callable[[int], object] = lambda done: None,
        gone_through: int | None = None,
    ) -> NeighbourIndex:
        """`build`, `save` and `load`, with no more than a block of the vectors in memory as they are."""
        _write(path, at_unit_length(vectors), Ids(ids), advance, gone_through or _GONE_THROUGH)
        return cls.load(path)

    def vectors_at(self, rows: RowNumbers) -> Vectors:
        """The unit vectors of these rows, shape (len, d)."""
        found: Vectors = self._index.reconstruct_batch(rows)
        return unit(found) if self._is_rounded else found

    def search(self, queries: Vectors, k: int) -> tuple[RowNumbers, Vectors]:
        """Rows and distances of the k nearest, each (len(queries), min(k, n)), nearest first."""
        k = min(k, len(self))
        if k < 1:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        queries = unit(queries)
        index: Any = self._index
        in_lists = isinstance(index, faiss.IndexIVF)
        cosines, rows = lists.search(index, queries, k) if in_lists else index.search(queries, k)
        if (rows < 0).any():  # k are there: a damaged one is as near as nothing
            raise ModelFileError(
                f"The index {self._path} holds vectors that are no numbers. Run `mmquality index` again."
            )
        if self._is_rounded:  # so it is not of unit length: what was found is measured anew
            pairs = zip(queries, rows, strict=True)
            # A sum of its own for each pair: a matrix product would round by how many there are.
            cosines = np.array(
                [np.einsum("kd,d->k", self.vectors_at(found), query) for query, found in pairs], np.float32
            )
            nearest = np.argsort(-cosines, axis=1, kind="stable")
            rows, cosines = np.take_along_axis(rows, nearest, 1), np.take_along_axis(cosines, nearest, 1)
        return rows, distance_of(cosines)

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
        gone_through: int | None = None,
    ) -> None:
        """Write the vectors to `path`, rounded to half precision and where they are more numbers than are
        `gone_through` in lists; the ids beside it. `advance` is told how many rows more are done."""
        index = self._index
        vectors = Made(index.ntotal, index.d, index.reconstruct_batch)
        _write(path, vectors, self.ids, advance, gone_through or _GONE_THROUGH)

    @classmethod
    def load(cls, path: Path) -> NeighbourIndex:
        """What `save` wrote, mapped, not read: the system keeps in memory what there is room for.

        A damaged or half-written index is a `ModelFileError`.
        """
        try:
            path.open("rb").close()  # the system's words where there is none: FAISS has its own
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            _check_whole(index, path)
            ids, recall = _load_ids(path)
        except OSError as error:
            raise ModelFileError(
                f"The index {path} cannot be read ({error.strerror or error}). `mmquality doctor` says what "
                "else is gone. Run `mmquality index` again."
            ) from error
        except (RuntimeError, ValueError, MemoryError, RecursionError) as error:
            raise ModelFileError(
                f"The index {path} cannot be read: it is damaged. Run `mmquality index` again."
            ) from error
        if len(ids) != index.ntotal:
            raise ModelFileError(
                f"The index {path} holds {index.ntotal} vectors, {len(ids)} ids. Run `mmquality index` again."
            )
        loaded = cls(index, ids, recall)
        loaded._path = path
        return loaded

    @property
    def _is_rounded(self) -> bool:
        return not isinstance(self._index, faiss.IndexFlat)


def nearest_rows(vectors: Rows, queries: Vectors, k: int) -> tuple[RowNumbers, Vectors]:
    """The min(k, n) rows of `vectors` (n, d) nearest to each of a few queries, nearest first; their cosines.

    Exact, without an index: the vectors are gone through once, block by block.
    """
    queries, k = unit(queries), min(k, len(vectors))
    best = faiss.ResultHeap(len(queries), k, keep_max=True)
    for block in blocks(len(vectors)):
        near = min(k, block.stop - block.start)
        cosines, rows = faiss.knn(queries, unit(vectors[block]), near, faiss.METRIC_INNER_PRODUCT)
        best.add_result(cosines, rows + block.start)
    best.finalize()
    return best.I, best.D


def _check_whole(index: Any, path: Path) -> None:
    """FAISS believes a file's header: what it would look for beyond the end is found here."""
    if 2 * index.d * index.ntotal > path.stat().st_size or index.d < 1:
        raise ValueError("it holds less than it says")
    if index.ntotal:
        index.reconstruct(index.ntotal - 1)


def is_gone_through(vectors: Rows) -> bool:
    """Whether they are few enough for a search to go through all of them."""
    return math.prod(vectors.shape) <= _GONE_THROUGH


def check_named(vectors: Rows, ids: Sequence[str]) -> None:
    """Raises `ValueError` where not each of the vectors has an id."""
    if len(vectors) != len(ids):
        raise ValueError(f"{len(vectors)} vectors for {len(ids)} ids")


def at_unit_length(vectors: Rows) -> Made:
    """`unit` of rows whenever they are read."""
    n, dim = vectors.shape
    return Made(n, dim, lambda rows: unit(vectors[rows]))


def _write(path: Path, vectors: Rows, ids: Ids, advance: Callable[[int], object], gone_through: int) -> None:
    """What `NeighbourIndex.load` reads; `vectors` are of unit length."""
    small = math.prod(vectors.shape) <= gone_through
    with whole_file(path) as part:  # never written over: somebody may have mapped the one before
        recall = None if small else lists.write(part, vectors, advance)
        if recall is None:
            _write_flat(part, vectors, advance)
    save_table(ids_path(path), ids.columns(), {_RECALL: str(1.0 if recall is None else recall)})


def _write_flat(path: Path, vectors: Rows, advance: Callable[[int], object]) -> None:
    """Write what FAISS would of an index that is gone through, with a block of the vectors in memory."""
    n, d = vectors.shape
    flat = faiss.IndexScalarQuantizer(d, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    flat.ntotal = n
    with path.open("wb") as file:
        # Of an empty one FAISS writes last how many bytes its vectors take: none.
        file.write(faiss.serialize_index(flat).tobytes()[:-8] + np.uint64(n * flat.code_size).tobytes())
        for block in blocks(n):
            file.write(flat.sa_encode(vectors[block]))
            advance(block.stop - block.start)


def _load_ids(path: Path) -> tuple[Ids, float]:
    """The ids, and the recall of the index that they name."""
    earlier = path.with_suffix(".ids.json")  # how earlier versions of mmquality kept them
    if earlier.exists():
        ids = json.loads(earlier.read_text(encoding="utf-8"))
        if not isinstance(ids, list) or not all(isinstance(listing_id, str) for listing_id in ids):
            raise ValueError("it is not a list of ids")
        return Ids(ids), 1.0
    table: Any = map_table(ids_path(path))
    told = table.schema.metadata or {}
    return Ids.of(table), float(told.get(_RECALL.encode(), 1.0))


def ids_path(path: Path) -> Path:
    """The file of ids beside the index in `path`."""
    return path.with_suffix(".ids.arrow")
