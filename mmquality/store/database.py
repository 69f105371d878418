"""The database behind a workspace: how it is opened, migrated, read and written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

import pandas as pd
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Table,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DatabaseError, OperationalError

from mmquality import logs
from mmquality.errors import DamagedDatabaseError, WorkspaceError
from mmquality.files import check_writable, is_full
from mmquality.store.engines import check_sqlite_place, checked_url, engine_of
from mmquality.store.read_only import is_read_only, written_with
from mmquality.store.schema import bring_up_to_date, shown

TOLD = "mmq_told"  # in a writing connection: the events that operators see once it has committed
IN_ONE = 10_000  # ids or numbers in one statement: below SQLite's limit of 32,766 parameters
_BOUND_AT_ONCE = 50_000  # rows that are Python objects while they are inserted
_READ_AHEAD = 0.25  # of the machine's memory, which a file may fill that nobody has asked for yet
_READ_THROUGH = """
import sys
piece = bytearray(2**20)
with open(sys.argv[1], "rb", buffering=0) as file:
    while file.readinto(piece):
        pass
"""
Row = TypeVar("Row")


class Database:
    """Connections to one workspace's database; every reader and writer goes through `_read` and `_write`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(mmq_write=True)
        self._loader = engine.execution_options(mmq_write=True, mmq_unchecked=True)
        self._reader = engine
        if engine.dialect.name == "postgresql":
            # Several statements of one page must see one state; SQLite's transactions do so anyway.
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @classmethod
    def open(cls, url: str, create: bool = True) -> Self:
        """Open the database at a SQLAlchemy `url` and bring its tables to this version of mmquality.

        Raises `WorkspaceError` when it cannot be reached or belongs to a newer mmquality, and its kind
        `NoWorkspaceError` when it does not exist yet and `create` is false.
        """
        parsed = checked_url(url)
        if parsed.get_backend_name() == "sqlite":
            check_sqlite_place(parsed, create)
        with ExitStack() as undo:
            database = cls(engine_of(parsed))
            undo.callback(database.close)
            try:
                bring_up_to_date(database._engine, create)
            except DatabaseError as error:
                why, kind = _why(database._engine, error), _kind(error)
                raise kind(f"{shown(parsed)} cannot be opened: {why}.") from error
            undo.pop_all()
        return database

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_only(self) -> bool:
        """Whether we have no permission to write to it: SQLite's file may be somebody else's."""
        return is_read_only(self._engine.url)

    def check_writable(self) -> None:
        """Raises `WorkspaceError` where it is `read_only`; for what takes long, or costs, to ask first."""
        check_writable(*written_with(self._engine.url))

    def read_ahead(self) -> None:
        """Go through SQLite's file once, so that queries find it in memory; not where it is a large part of
        that. PostgreSQL keeps what is asked for by itself."""
        file = self._engine.url.database
        if self._engine.dialect.name != "sqlite" or not file:
            return
        if os.path.getsize(file) > _READ_AHEAD * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            return
        # Not in this process: who closes a file loses all locks on it, SQLite's too. The next command to end
        # would take itself for the last one and remove the log that we write to (howtocorrupt.html, 2.2).
        subprocess.run([sys.executable, "-c", _READ_THROUGH, file], check=True)

    def _refresh_statistics(self) -> None:
        """Let the query planner look at the tables again: its choice of an index rests on their sizes."""
        with self._write() as connection:
            for table in ("listings", "scores", "listing_values"):
                connection.exec_driver_sql(f"ANALYZE {table}")

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and does not hold up writers."""
        with _plain_errors(self._engine, "read"), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _write(self, first: bool = False) -> Iterator[Connection]:
        """A transaction that commits as a whole or not at all; on SQLite the only writer from its start.

        `first`: millions of rows may refer to others that it writes itself, which SQLite is not to look up
        each time.
        """
        self.check_writable()
        engine = self._loader if first else self._writer
        with _plain_errors(self._engine, "written"), engine.begin() as connection:
            told: list[tuple[str, dict[str, Any]]] = []
            connection.info[TOLD] = told
            yield connection
        for name, facts in told:  # now that it is so
            logs.event(name, **facts)


def tell(connection: Connection, event: str, **facts: object) -> None:
    """Once this transaction has committed, let operators see an event."""
    connection.info[TOLD].append((event, facts))


def upsert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    key: Column[Any] | None = None,
    adding: bool = False,
    where: ColumnElement[bool] | None = None,
) -> Executable:
    """INSERT rows, or UPDATE these columns where the table has a row with the same key (default: primary).

    `adding`: to the numbers that are there. `where`: on what condition the row that is there changes; the
    keys of what was written are then returned.
    """
    return _upsert(connection.dialect.name, table, tuple(columns), key, adding, where)


@lru_cache  # a statement takes longer to put together than to execute
def _upsert(
    dialect: str,
    table: Table,
    columns: tuple[str, ...],
    key: Column[Any] | None,
    adding: bool,
    where: ColumnElement[bool] | None,
) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite_dialect.insert
    statement = insert(table)
    keys = [key] if key is not None else list(table.primary_key)
    statement = statement.on_conflict_do_update(
        index_elements=keys,
        set_={
            name: table.c[name] + statement.excluded[name] if adding else statement.excluded[name]
            for name in columns
        },
        where=where,
    )
    return statement if where is None else statement.returning(*keys)


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """INSERT rows in the quickest way that the driver has: values go in as they are, JSON as its text."""
    quoted = connection.dialect.identifier_preparer.quote
    into = f"{quoted(table.name)} ({', '.join(map(quoted, columns))})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        for together in batches(rows, _BOUND_AT_ONCE):
            connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", together)
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def frame_of(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> pd.DataFrame:
    """What a query found as a table.

    pandas asks each row that is no plain tuple for a `dtype`, and SQLAlchemy's take ten times as long to say
    that they have none as all the rest does.
    """
    return pd.DataFrame.from_records(list(map(tuple, rows)), columns=list(columns))


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`; the last one may be shorter."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


@contextmanager
def _plain_errors(engine: Engine, deed: str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, engine.dialect.loaded_dbapi.OperationalError) as error:  # the latter: of COPY
        raise WorkspaceError(
            f"{shown(engine.url)} could not be {deed}: {_why(engine, error)}. Nothing of this step "
            "was changed; see that the database is there, has room and is not held by another program, then "
            "try again."
        ) from error
    except DatabaseError as error:
        if _kind(error) is not DamagedDatabaseError:
            raise
        raise DamagedDatabaseError(
            f"{shown(engine.url)} is damaged: {error.orig}. Nothing of this step was changed; see "
            "`mmquality doctor`, and restore the last backup."
        ) from error


def _kind(error: DatabaseError) -> type[WorkspaceError]:
    """The kinds of `DatabaseError` are faults of ours or of a server; itself it is the file's."""
    return DamagedDatabaseError if type(error) is DatabaseError else WorkspaceError


def _why(engine: Engine, error: Exception) -> str:
    """The driver's words; SQLite has several for a disk that is full."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and is_full(error, Path(file).parent):
        return "its disk is full"
    return driver_words(getattr(error, "orig", error))


def driver_words(error: object) -> str:
    """What a driver says, to stand within a sentence: PostgreSQL's has lines, the last one a question."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    return "; ".join([line for line in lines if not line.endswith("?")] or lines)
