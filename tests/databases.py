"""Databases as the store's migrations leave them, without the time that those take."""

from __future__ import annotations

import re
import shutil
import subprocess

from sqlalchemy import create_engine, make_url


def copy_file(made: str, url: str) -> None:
    """Put a copy of one SQLite database where another is to be."""
    there, here = (make_url(each).database for each in (made, url))
    assert there and here
    shutil.copy(there, here)


_SCHEMA = "schema_to_be_named"


def tables_of(url: str, pg_dump: str) -> str:
    """The statements that make the tables of a schema in PostgreSQL, with what they hold."""
    parts = make_url(url)
    command = [pg_dump, "--host", str(parts.query["host"]), "--username", str(parts.username)]
    command += ["--inserts", "--schema", _schema(url), str(parts.database)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    statements = "\n".join(line for line in told.splitlines() if not line.startswith(("--", "\\")))
    return re.sub(rf"\b{_schema(url)}\b", _SCHEMA, statements)


def make_tables(url: str, statements: str) -> None:
    """Make them in the schema of another address, which is there and empty."""
    schema = _schema(url)
    statements = statements.replace(f"CREATE SCHEMA {_SCHEMA};", "").replace(_SCHEMA, schema)
    engine = create_engine(url)
    connection = engine.raw_connection()
    connection.cursor().execute(statements)  # past SQLAlchemy, which would look for parameters
    connection.commit()
    connection.close()
    engine.dispose()


def _schema(url: str) -> str:
    """Which one the address says is to be used."""
    return str(make_url(url).query["options"]).removeprefix("-csearch_path=")
