"""Runs the migrations on the connection that `mmquality.store.schema` hands over.

For `alembic revision --autogenerate` (no connection is handed over) the database is the one of
MMQ_DATABASE_URL.
"""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from mmquality.store.schema import VERSION_TABLE
from mmquality.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,  # SQLite alters a table by writing it anew
        transactional_ddl=True,  # the caller's transaction covers all of it, on SQLite too
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with create_engine(os.environ["MMQ_DATABASE_URL"]).begin() as own:
        _run(own)
