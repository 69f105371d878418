"""An index whose vectors are in Milvus, a vector database that spreads over machines; here it has ids alone.

A row of the index is a row of a collection, and its number the key. Vectors have single precision there. Of
few rows a search goes through all; of many it goes through lists (IVF_FLAT), chosen as those in a file are.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from mmquality.errors import VectorDatabaseError
from mmquality.ids import Ids
from mmquality.index.lists import ASKED, ENOUGH, NEAREST, PER_ROOT, WIDTHS, Vectors
from mmquality.index.neighbours import is_gone_through, nearest_rows
from mmquality.index.seam import RowNumbers, VectorIndex, distance_of, unit
from mmquality.rows import Rows

_ROW, _VECTOR = "row", "vector"  # fields of a collection
_AS_FAR = 1e-5  # in cosine: copies of a vector are as good as each other, and a server rounds otherwise
_SEGMENT = 2**30  # bytes of vectors that a server keeps together, each such part with lists of its own
_MOST_LISTS = 65_536
_AT_ONCE, _QUERIES = 1_000, 100  # rows sent or asked for at a time; queries
_PATIENCE, _LONG = 10.0, 120.0  # seconds for an answer; for one to very much
_UNFINISHED = ("InProgress", "Unissued", "Retry")  # states of a server's own index
# The client would ask every ten seconds whether the server lives, which milvus-lite takes for an attack: it
# ends the connection of a dashboard that nobody uses. Every call has a time to wait for, so nothing is lost.
_SELDOM = {"grpc.keepalive_time_ms": 600_000, "grpc.keepalive_permit_without_calls": False}
_FILE = "milvus:///"  # of milvus-lite, in one process
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Collection:
    """Where the vectors of an index are, and how they are searched; kept beside the ids."""

    name: str
    dimensions: int
    recall: float = 1.0
    lists: int = 0  # in each part of the collection; 0 where all of it is gone through
    width: int = 0  # lists that a search goes through


class MilvusIndex(VectorIndex):
    """Neighbours by inner product of unit vectors, found by a server."""

    def __init__(self, database: str, collection: Collection, ids: Ids) -> None:
        """Raises `VectorDatabaseError` where the collection is not there, or is not whole."""
        super().__init__(ids, collection.recall)
        self._database, self._collection = database, collection
        with told(database):
            self._client = _opened(database)
            if not self._client.has_collection(collection.name, timeout=_PATIENCE):
                raise VectorDatabaseError(
                    f"The vector database {shown(database)} has no collection {collection.name}. "
                    "Run `mmquality index` again."
                )
            self._client.load_collection(collection.name, timeout=_PATIENCE)

    def search(self, queries: Vectors, k: int) -> tuple[RowNumbers, Vectors]:
        """RowNumbers and distances of the k nearest, each (len(queries), min(k, n)), nearest first."""
        k = min(k, len(self))
        if k < 1 or not len(queries):
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        width, queries = self._collection.width, unit(queries)
        rows, cosines = self._answer(lambda: _search(self._client, self._collection, queries, k, width))
        return rows, distance_of(cosines)

    def vectors_at(self, rows: RowNumbers) -> Vectors:
        """The unit vectors of these rows, shape (len, d)."""
        wanted, place = np.unique(rows, return_inverse=True)
        found = np.empty((len(wanted), self._collection.dimensions), np.float32)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            got = self._answer(partial(self._rows_of, some.tolist()))
            if len(got) < len(some):
                raise _incomplete(self._collection.name)
            at = start + np.searchsorted(some, [hit[_ROW] for hit in got])
            found[at] = [hit[_VECTOR] for hit in got]
        every: Vectors = found[place.reshape(-1)]
        return every

    def read_ahead(self) -> None:
        """Nothing: a collection is in the memory of its servers as long as it is loaded."""

    def _rows_of(self, numbers: list[int]) -> Any:
        return self._client.get(self._collection.name, numbers, [_ROW, _VECTOR], timeout=_PATIENCE)

    def _answer(self, question: Callable[[], Answer]) -> Answer:
        """What the server answers; one that was started anew may have to load the collection first."""
        with told(self._database):
            from pymilvus import MilvusException

            try:
                return question()
            except MilvusException:
                self._client.load_collection(self._collection.name, timeout=_PATIENCE)
                return question()


def upload(database: str, name: str, vectors: Rows, advance: Callable[[int], object]) -> Collection:
    """Put `vectors`, unit length (n, d), into the collection `name`; those that are there already stay.

    Returns once all of them are there, indexed and loaded; no more than a block of them is in memory.
    `advance` is told how many rows more are done.
    """
    n, d = vectors.shape
    lists = 0 if is_gone_through(vectors) else _lists_for(n, d)
    collection = Collection(name, d, lists=lists, width=lists)
    with told(database):
        client = _opened(database)
        if not client.has_collection(name, timeout=_PATIENCE):
            _create(client, collection)
        client.load_collection(name)
        there = _count(client, name)
        start = there if there == n else there - there % _AT_ONCE  # a batch may have come in part
        advance(start)
        _send(client, name, vectors, start, advance)
        if _count(client, name) != n:  # rows that were sent before are gone
            _send(client, name, vectors, 0, lambda done: None)
        if _count(client, name) != n:
            raise _incomplete(name)
        _await_index(client, name)
        return _judged(client, collection, vectors) if lists else collection


def drop(database: str, names: set[str]) -> None:
    """Take these collections out of the database; one that is not there is no error."""
    if names:
        with told(database):
            client = _opened(database)
            for name in filter(client.has_collection, names):
                client.drop_collection(name, timeout=_PATIENCE)


def shown(database: str) -> str:
    """A database's address without the name and password that may be in it."""
    parts = urlsplit(database)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def told(database: str) -> Iterator[None]:
    """What the client raises becomes one sentence."""
    try:
        from grpc import RpcError
        from pymilvus import MilvusException
    except ImportError as error:
        raise VectorDatabaseError(
            f"MMQ_VECTORS_URL names the vector database {shown(database)}, but its client is not installed. "
            "Run `pip install 'mmquality[milvus]'`."
        ) from error
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it prints every error that it raises
    logging.getLogger("milvus_lite").setLevel(logging.CRITICAL + 1)
    try:
        yield
    except (MilvusException, RpcError) as error:
        reason = error.message if isinstance(error, MilvusException) else error.details()
        raise VectorDatabaseError(
            f"The vector database {shown(database)} does not do what it was asked ({reason}). "
            "See that it runs and that MMQ_VECTORS_URL names it, then try again."
        ) from error


def _opened(database: str) -> Any:
    """A client of a server, or of milvus-lite in this process.

    Raises `VectorDatabaseError` where no server answers.
    """
    from pymilvus import MilvusClient, MilvusException

    address = urlsplit(database)
    if database.startswith(_FILE):
        return MilvusClient(address.path, grpc_options=_SELDOM)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise VectorDatabaseError(
            f"MMQ_VECTORS_URL is {shown(database)}; it must be http://host:19530, the address of a Milvus "
            "server, or milvus:///folder/file.db."
        )
    try:
        return MilvusClient(database, timeout=_PATIENCE, grpc_options=_SELDOM)
    except MilvusException as error:
        raise VectorDatabaseError(
            f"The vector database {shown(database)} cannot be reached ({error.message}). See that it runs "
            "and that MMQ_VECTORS_URL names it, then try again."
        ) from error


def _create(client: Any, collection: Collection) -> None:
    """An empty collection with its index; what is sent later is indexed as it comes."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field(_ROW, DataType.INT64, is_primary=True)
    schema.add_field(_VECTOR, DataType.FLOAT_VECTOR, dim=collection.dimensions)
    index = client.prepare_index_params()
    kind, more = ("IVF_FLAT", {"nlist": collection.lists}) if collection.lists else ("FLAT", {})
    index.add_index(_VECTOR, index_name=_VECTOR, index_type=kind, metric_type="IP", params=more)
    client.create_collection(collection.name, schema=schema, index_params=index, consistency_level="Bounded")


def _send(client: Any, name: str, vectors: Rows, start: int, advance: Callable[[int], object]) -> None:
    """Send the rows from `start` on; one that is there is replaced."""
    for at in range(start, len(vectors), _AT_ONCE):
        block = vectors[at : at + _AT_ONCE]
        client.upsert(
            name, [{_ROW: row, _VECTOR: vector} for row, vector in enumerate(block, at)], timeout=_LONG
        )
        advance(len(block))
    client.flush(name)


def _count(client: Any, name: str) -> int:
    found = client.query(name, output_fields=["count(*)"], consistency_level="Strong")
    return int(found[0]["count(*)"])


def _await_index(client: Any, name: str) -> None:
    """Return once the server has indexed what was sent; until then it goes through it, slowly."""
    while client.describe_index(name, _VECTOR).get("state") in _UNFINISHED:
        time.sleep(1)


def _lists_for(n: int, d: int) -> int:
    """As many lists as an index in a file has, for each part that a server keeps together."""
    together = min(n, _SEGMENT // (4 * d))
    return max(1, min(round(PER_ROOT * math.sqrt(together)), together, _MOST_LISTS))


def _judged(client: Any, collection: Collection, vectors: Rows) -> Collection:
    """With the narrowest search that finds `ENOUGH` of the nearest, else one of all lists; what it finds."""
    n = len(vectors)
    asked = np.sort(np.random.default_rng(0).choice(n, min(ASKED, n), replace=False))
    queries, k = vectors[asked], min(NEAREST + 1, n)
    enough = nearest_rows(vectors, queries, k)[1][:, -1:] - _AS_FAR
    for width in [*(width for width in WIDTHS if width < collection.lists), collection.lists]:
        cosines = _search(client, collection, queries, k, width)[1]
        recall = float((cosines[:, 1:] >= enough).mean())  # itself, or a copy of it, apart
        if recall >= ENOUGH:
            break
    return replace(collection, width=width, recall=recall)


def _search(
    client: Any, collection: Collection, queries: Vectors, k: int, width: int
) -> tuple[RowNumbers, Vectors]:
    """RowNumbers and cosines of the k nearest; the more are asked for, the more lists are gone through."""
    wider = min(math.ceil(width * max(1, k / (NEAREST + 1)) ** 0.5), collection.lists)
    rows, cosines = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    patience = _PATIENCE if len(queries) == 1 else _LONG  # for one somebody waits
    for start in range(0, len(queries), _QUERIES):
        some = list(queries[start : start + _QUERIES])
        found = client.search(
            collection.name, some, limit=k, timeout=patience, search_params={"params": {"nprobe": wider}}
        )
        for place, hits in enumerate(found, start):
            if len(hits) < k and wider < collection.lists:  # these lists together hold fewer
                again = queries[place : place + 1]
                rows[place], cosines[place] = (
                    of[0] for of in _search(client, collection, again, k, collection.lists)
                )
            elif len(hits) < k:
                raise _incomplete(collection.name)
            else:
                rows[place], cosines[place] = hits.ids, hits.distances
    return rows, cosines


def _incomplete(name: str) -> VectorDatabaseError:
    return VectorDatabaseError(
        f"The collection {name} of the vector database is not complete. Run `mmquality index` again."
    )
