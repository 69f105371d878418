"""The first listings of a catalogue in SQLite, made ready beside the database while their file is still read.

A thread writes rows into a file of their own, from Arrow's memory, without an object of Python's for each
value. Then SQLite copies them and makes their indexes, while the thread makes the letters of titles.

ADBC brings a SQLite of its own. Two of them in one process lose each other's locks on a file that both have
open (howtocorrupt.html, 2.2.1): no file here is open in both at once, and the database is never ADBC's.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from types import TracebackType
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_sqlite import dbapi
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from mmquality.files import clear_abandoned
from mmquality.store.engines import checked_url
from mmquality.store.facets import NewFacets
from mmquality.store.search_tables import ADD_ALL_LETTERS, CREATE_LETTERS, TITLE_LETTERS, index_title_letters
from mmquality.store.tables import listings
from mmquality.store.text import folded

_TEXTS = ("listing_id", "title", "category", "seller", "image", "photo_path", "title_hash", "photo_hash")
_COLUMNS = (*_TEXTS, "price", "attributes", "photo_size", "photo_mtime_ns")
_AHEAD = 2  # frames that wait while one more is read
_UNSAFE = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")  # half a file is of no use
# SQLite sorts an index in a second thread as often as its cache is full: a small one keeps both at work.
_SORTING = ("threads = 2", "cache_size = -16384")
_GATHERED = 16 * 1024**2  # bytes of letters in memory before FTS5 writes them
_GATHER_MORE = f"INSERT INTO {TITLE_LETTERS} ({TITLE_LETTERS}, rank) VALUES ('hashsize', ?)"

_log = logging.getLogger(__name__)


class FirstListings:
    """Frames as for `upsert_listings`, of listings that come once, on their way into an empty catalogue.

    They lie in the system's folder for temporary files. Use it in a `with` block.
    """

    def __init__(self) -> None:
        self.added = 0
        self.categories = Counter[str]()
        self.facets = NewFacets()
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            clear_abandoned(Path(gettempdir()))
            self._folder = Path(undo.enter_context(TemporaryDirectory(prefix=".mmquality-", suffix=".part")))
            self._rows = undo.enter_context(closing(dbapi.connect(str(self._rows_file), autocommit=True)))
            self._thread = undo.enter_context(ThreadPoolExecutor(1, "first-listings"))
            self._undo = undo.pop_all()
        self._later(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    @staticmethod
    def suit(url: str) -> bool:
        """Whether the database at this address is one that tables can be copied into."""
        return checked_url(url).get_backend_name() == "sqlite"

    def add(self, frame: pd.DataFrame) -> None:
        """Begin to write a frame; waits only while others wait already."""
        self._later(self._write, frame)

    def ready(self) -> bool:
        """Wait until all rows are written; False where they could not be, so that frames are to be loaded."""
        self._later(self._rows.close)
        ready = all(map(_was_done, self._waiting))
        if ready:
            self._letters = self._thread.submit(self._write_letters)
        return ready

    def copy_rows(self, connection: Connection) -> None:
        """Write the rows into the table of listings."""
        for pragma in _SORTING:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.exec_driver_sql("ATTACH DATABASE ? AS first_rows", (str(self._rows_file),))
        names = ", ".join(column.name for column in listings.columns)
        connection.exec_driver_sql(f"INSERT INTO listings ({names}) SELECT {names} FROM first_rows.listings")

    def copy_letters(self, connection: Connection) -> None:
        """Write the letters of their titles, which were gathered while the other tables were written."""
        if not _was_done(self._letters):
            index_title_letters(connection)
            return
        index_title_letters(connection, add=False)
        connection.exec_driver_sql("ATTACH DATABASE ? AS first_letters", (str(self._letters_file),))
        for part in ("data", "idx"):  # all that FTS5 keeps of an index without content and sizes
            table = f"{TITLE_LETTERS}_{part}"
            connection.exec_driver_sql(f"DELETE FROM main.{table}")
            connection.exec_driver_sql(f"INSERT INTO main.{table} SELECT * FROM first_letters.{table}")

    @property
    def _rows_file(self) -> Path:
        return self._folder / "rows.db"

    @property
    def _letters_file(self) -> Path:
        return self._folder / "letters.db"

    def _later(self, deed: Callable[..., None], *given: pd.DataFrame) -> None:
        """Let the thread do it; waits until few frames wait."""
        self._waiting.append(self._thread.submit(deed, *given))
        wait(self._waiting[:-_AHEAD])

    def _begin(self) -> None:
        with closing(self._rows.cursor()) as cursor:
            for pragma in _UNSAFE:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.execute(str(CreateTable(listings).compile(dialect=sqlite.dialect())))

    def _write(self, frame: pd.DataFrame) -> None:
        table = _table(frame, self.added + 1)
        with closing(self._rows.cursor()) as cursor:
            cursor.adbc_ingest("listings", table, mode="append")
        self.added += len(table)
        self.categories.update(name or "" for name in table["category"].to_pylist())
        sellers, attributes = (table[name].to_pylist() for name in ("seller", "attributes"))
        self.facets.add(table["listing_no"].to_numpy(), sellers, attributes)

    def _write_letters(self) -> None:
        with closing(sqlite3.connect(self._letters_file, isolation_level=None)) as letters:
            for pragma in _UNSAFE:
                letters.execute(f"PRAGMA {pragma}")
            letters.execute("ATTACH DATABASE ? AS first_rows", (str(self._rows_file),))
            letters.execute("BEGIN")
            letters.execute(CREATE_LETTERS)
            letters.execute(_GATHER_MORE, (_GATHERED,))
            letters.execute(ADD_ALL_LETTERS)
            letters.execute("COMMIT")


def _was_done(deed: Future[None]) -> bool:
    """Wait for it; what could not be prepared is done without preparation."""
    try:
        deed.result()
    except (dbapi.Error, sqlite3.Error) as error:
        _log.warning("What was prepared for a first import cannot be used: %s", error)
        return False
    return True


def _table(frame: pd.DataFrame, first: int) -> pa.Table:
    """The frame as rows of the table of listings, numbered from `first`."""
    given = pa.Table.from_pandas(frame[list(_COLUMNS)], preserve_index=False)
    columns = {name: given[name].combine_chunks() for name in _COLUMNS}
    columns |= {name: _storable(columns[name]) for name in _TEXTS}
    columns["category"] = pc.if_else(pc.equal(columns["category"], ""), None, columns["category"])
    columns["title_folded"] = _folded(columns["title"])
    columns["listing_no"] = pa.array(np.arange(first, first + len(frame)))
    return pa.table(columns)


def _storable(texts: pa.Array) -> pa.Array:
    """`text.storable` of each; Arrow holds no lone surrogates."""
    if pa.types.is_null(texts.type):  # a column of nothing
        texts = texts.cast(pa.string())
    return pc.replace_substring(texts, "\0", "\ufffd")


def _folded(titles: pa.Array) -> pa.Array:
    """`text.folded` of each."""
    plain = pc.string_is_ascii(titles)
    if pc.all(plain).as_py():
        return pc.ascii_lower(titles)
    others = pa.array(map(folded, titles.filter(pc.invert(plain)).to_pylist()), titles.type)
    return pc.replace_with_mask(pc.ascii_lower(titles), pc.invert(plain), others)
