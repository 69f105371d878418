"""Engines: what a database's address means, and how connections to it begin."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.files import make_folder
from mmquality.store.read_only import check_readable, is_read_only, open_to_read
from mmquality.store.schema import VERSION_TABLE, holds_others, shown
from mmquality.store.text import as_json

LOCK_WAIT_SECONDS = 60


def checked_url(url: str) -> URL:
    """A database's address. Raises `WorkspaceError` for one that is neither SQLite's nor PostgreSQL's."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise WorkspaceError(
            "The database address cannot be read; write sqlite:///folder/mmquality.db or "
            "postgresql://user@host/database."
        ) from error
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise WorkspaceError(f"{shown(parsed)} is neither SQLite nor PostgreSQL; these two are supported.")
    return parsed


def check_sqlite_place(url: URL, create: bool) -> None:
    """Make the folder of a SQLite file. Raises `WorkspaceError`, `NoWorkspaceError` without `create`."""
    if not url.database or url.database == ":memory:":
        raise WorkspaceError("A workspace's SQLite database is a file: write sqlite:///folder/mmquality.db.")
    file = Path(url.database)
    check_readable(file)
    if not create and not file.is_file():
        raise NoWorkspaceError(
            f"There is no workspace database at {file}; make one with `mmquality build`. Where it is in "
            "PostgreSQL, MMQ_DATABASE_URL says so."
        )
    make_folder(file.parent)


def engine_of(url: URL) -> Engine:
    """Connections to a `checked_url`; the option `mmq_write` tells writers from readers."""
    options: dict[str, Any] = {"json_serializer": as_json}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_SECONDS}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        if is_read_only(url):
            event.listen(engine, "do_connect", open_to_read)
        else:  # after it was checked whose file it is: the log's mode is written, too
            event.listen(engine, "connect", _use_write_ahead_log)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(url, pool_pre_ping=True, **options)  # a server may have been restarted
    except ModuleNotFoundError as error:
        raise WorkspaceError(
            f"{shown(url)} needs the package {error.name}; install mmquality[postgresql]."
        ) from error
    event.listen(engine, "connect", _prepare_postgresql)
    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one INSERT: far fewer round trips
    return engine


# Pages ask for few rows of large tables, found by their indexes. By its own defaults the server reads a table
# from its beginning where it reckons with disks that turn; and it starts processes, and compiles, for what
# takes a tenth of a second.
_FOR_FEW_ROWS = {
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
_UNLESS_TOLD = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s AND source = 'default'"


def _prepare_postgresql(connection: Any, _record: object) -> None:
    for name, value in _FOR_FEW_ROWS.items():
        connection.execute(_UNLESS_TOLD, (value, name))
    connection.commit()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and never says IMMEDIATE
    _check_ours(connection)
    # FULL: what was committed is on the disk, whatever the library's own default.
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -65536",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _check_ours(connection: sqlite3.Connection) -> None:
    """Raises `WorkspaceError` for a file of another program, whatever its tables are named."""
    named = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    tables = {name for (name,) in connection.execute(named)}
    if tables and VERSION_TABLE not in tables:
        _, _, file = connection.execute("PRAGMA database_list").fetchone()
        connection.close()
        raise holds_others(f"The database {file}", tables)


def _use_write_ahead_log(connection: sqlite3.Connection, _record: object) -> None:
    # Readers and a writer then do not wait for each other. When several processes open a new database at
    # once, SQLite refuses the switch to all but one without waiting, so we wait.
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its place in the queue at once: a transaction that reads first and asks for the write
    # lock later is refused, not queued, when another one wrote in between.
    options = connection.get_execution_options()
    if options.get("mmq_write", False):
        checked = not options.get("mmq_unchecked", False)
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {checked:d}")  # ignored within a transaction
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")
