"""Which schema a database has, and how it comes to this version's."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, inspect, text

from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.files import check_writable
from mmquality.store.read_only import written_with
from mmquality.store.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "mmquality_schema"  # a name of our own: a PostgreSQL database may hold other programs' tables
_ADVISORY_LOCK = 0x6D6D71  # any number that every mmquality agrees on
_NAMED = 3  # tables, in a message
_MIGRATIONS = Path(__file__).parent / "migrations"
_migrating = threading.Lock()  # Alembic keeps its environment in module globals: one thread at a time


def bring_up_to_date(engine: Engine, create: bool) -> None:
    """Migrate the database to this version's schema; any number of processes may do so at once.

    Raises `WorkspaceError` for a newer schema, another program's tables, or, with `create=False`, none at
    all.
    """
    with engine.connect() as connection:
        if _schema(connection) == _known()[-1]:
            return
    from alembic import command  # slow to import, and seldom needed

    check_writable(*written_with(engine.url))
    with _migrating, engine.execution_options(mmq_write=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = _schema(connection)  # again: another process may have migrated while we waited for the lock
        _check_schema(connection, found, create)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_schema(connection: Connection, found: str | None, create: bool) -> None:
    known = _known()
    name = shown(connection.engine.url)
    if found is not None and found not in known:
        raise WorkspaceError(
            f"{name} was written by a newer mmquality (its schema is {found}, this version knows up to "
            f"{known[-1]}); install that version, or choose another workspace."
        )
    if found is None and not create:
        raise NoWorkspaceError(f"{name} is empty; fill it with `mmquality import` or `mmquality build`.")
    foreign = set(inspect(connection).get_table_names()) & set(metadata.tables) if found is None else set()
    if foreign:
        raise holds_others(name, foreign)


def holds_others(name: str, tables: Collection[str]) -> WorkspaceError:
    """The database of this name is another program's, as its tables say."""
    more = f" and {len(tables) - _NAMED} more" if len(tables) > _NAMED else ""
    return WorkspaceError(
        f"{name} already holds tables of another program ({', '.join(sorted(tables)[:_NAMED])}{more}) and was"
        " left as it is; choose another workspace, or an empty database."
    )


def _schema(connection: Connection) -> str | None:
    """The schema that the database has; None where mmquality never made one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def _known() -> list[str]:
    """The schemas that this mmquality knows, oldest first, as their migrations' files are named."""
    return sorted(file.name.split("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def shown(url: URL) -> str:
    """The database as messages name it, without its password."""
    return f"The database {url.render_as_string(hide_password=True)}"
