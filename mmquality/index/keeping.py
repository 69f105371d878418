"""Where an index is kept: in a file of its own, or in a vector database, with its ids in a file here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from mmquality.errors import VectorDatabaseError
from mmquality.ids import Ids, map_table, save_table
from mmquality.index import milvus
from mmquality.index.neighbours import NeighbourIndex, at_unit_length, check_named, ids_path
from mmquality.index.seam import VectorIndex
from mmquality.rows import Rows, blocks

_MILVUS = b"milvus"  # in the file of ids: what is known of the collection
_LONGEST = 100  # characters of a name, before what tells vectors from others


def keep(
    vectors: Rows,
    ids: Iterable[str],
    path: Path,
    database: str | None = None,
    name: str = "",
    advance: Callable[[int], object] = lambda done: None,
) -> VectorIndex:
    """Keep an index of `vectors` (n, d) as `path`, or, where there is a `database`, the vectors there and the
    ids beside `path`; the index. No more than a block of the vectors is in memory.

    `name` says in the database whose vectors they are; the same vectors under the same name are the same
    collection, so what was uploaded before is not uploaded again. Raises `VectorDatabaseError`.
    """
    if database is None:
        return NeighbourIndex.write(path, vectors, ids, advance)
    vectors, held = at_unit_length(vectors), Ids(ids)
    check_named(vectors, held)
    collection = milvus.upload(database, _collection_name(name, vectors), vectors, advance)
    save_table(ids_path(path), held.columns(), {_MILVUS.decode(): json.dumps(asdict(collection))})
    return milvus.MilvusIndex(database, collection, held)


def load(path: Path, database: str | None = None) -> VectorIndex:
    """The index that was kept as `path`. Raises `ModelFileError`, for one in a database
    `VectorDatabaseError`."""
    collection = None if path.exists() else collection_of(path)
    if collection is None:
        return NeighbourIndex.load(path)
    if database is None:
        raise VectorDatabaseError(
            f"The vectors of {path} are in a vector database. Name it in MMQ_VECTORS_URL, or run "
            "`mmquality index` to have them in files."
        )
    return milvus.MilvusIndex(database, collection, Ids.of(map_table(ids_path(path))))


def is_kept(path: Path) -> bool:
    """Whether an index was kept as `path`."""
    return path.exists() or collection_of(path) is not None


def collection_of(path: Path) -> milvus.Collection | None:
    """The collection that holds the vectors of `path`; None where no database does, or it cannot be read."""
    try:
        told = (map_table(ids_path(path)).schema.metadata or {}).get(_MILVUS)
        return milvus.Collection(**json.loads(told)) if told else None
    except (OSError, ValueError, TypeError):  # whoever loads the index is told
        return None


def collections_of(paths: Iterable[Path]) -> set[str]:
    """The names of the collections that hold the vectors of these indexes; files have none."""
    return {found.name for path in paths if (found := collection_of(path))}


def drop(collections: set[str], database: str | None) -> None:
    """Take collections out of the database. Raises `VectorDatabaseError`."""
    if database is None and collections:
        raise VectorDatabaseError(
            f"{', '.join(sorted(collections))}: these vectors are in a vector database. Name it in "
            "MMQ_VECTORS_URL, then try again."
        )
    if database is not None:
        milvus.drop(database, collections)


def _collection_name(name: str, vectors: Rows) -> str:
    """Letters, digits and underscores, as Milvus wants them; the end is that of these very vectors."""
    digest = hashlib.sha256()
    for block in blocks(len(vectors)):
        digest.update(vectors[block])
    return f"mmq_{re.sub(r'[^0-9A-Za-z_]', '_', name)[-_LONGEST:]}_{digest.hexdigest()[:16]}"
