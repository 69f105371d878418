"""Which schema a database has, and how it comes to this version's."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, inspect, text

from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.store.tables import metadata

VERSION_TABLE = "mmquality_schema"  # a name of our own: a PostgreSQL database may hold other programs' tables
_ADVISORY_LOCK = 0x6D6D71  # any number that every mmquality agrees on
_migrating = threading.Lock()  # Alembic keeps its environment in module globals: one thread at a time


def bring_up_to_date(engine: Engine, create: bool) -> None:
    """Migrate the database to this version's schema; any number of processes may do so at once.

    Raises `WorkspaceError` for a newer schema, another program's tables, or, with `create=False`, none at
    all.
    """
    script = _script()
    with engine.connect() as connection:
        if _schema(connection) == script.get_current_head():
            return
    with _migrating, engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = _schema(connection)  # again: another process may have migrated while we waited for the lock
        _check_schema(connection, found, script, create)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_schema(connection: Connection, found: str | None, script: ScriptDirectory, create: bool) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    name = shown(connection.engine.url)
    if found is not None and found not in known:
        raise WorkspaceError(
            f"{name} was written by a newer mmquality (its schema is {found}, this version knows up to "
            f"{script.get_current_head()}); install that version, or choose another workspace."
        )
    if found is None and not create:
        raise NoWorkspaceError(f"{name} is empty; fill it with `mmquality import` or `mmquality build`.")
    foreign = set(inspect(connection).get_table_names()) & set(metadata.tables) if found is None else set()
    if foreign:
        raise WorkspaceError(
            f"{name} already holds tables of another program ({', '.join(sorted(foreign))}); "
            "choose an empty database."
        )


def _schema(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def shown(url: URL) -> str:
    """The database as messages name it, without its password."""
    return f"The database {url.render_as_string(hide_password=True)}"
