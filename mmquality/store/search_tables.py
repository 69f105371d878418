"""The tables that finding listings rests on: attributes' values, counts, titles' letters, saved views."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, Table, event, false, text

from mmquality.store.tables import RowNumber, SortedText, StoredText, UtcDateTime, listings, metadata

attributes = Table(
    "attributes",
    metadata,
    Column("attribute_no", Integer, primary_key=True),
    Column("name", SortedText, nullable=False, unique=True),
    Column("too_many", Boolean, nullable=False, server_default=false()),  # values: no facet any more
)

attribute_values = Table(
    "attribute_values",
    metadata,
    Column("value_no", Integer, primary_key=True),
    Column("attribute_no", ForeignKey("attributes.attribute_no"), nullable=False),
    Column("value", SortedText, nullable=False),
    Column("listings", Integer, nullable=False, server_default="0"),  # of the whole catalogue
    Index("uq_attribute_values_value", "attribute_no", "value", unique=True),
)
_most_first = attribute_values.c.listings.desc()
Index("ix_attribute_values_frequent", attribute_values.c.attribute_no, _most_first, attribute_values.c.value)

listing_values = Table(
    "listing_values",
    metadata,
    Column("value_no", ForeignKey("attribute_values.value_no"), primary_key=True),
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), primary_key=True),
    sqlite_with_rowid=False,
)

# How many listings each category has ("" = none), written with the listings; all together, the catalogue.
category_counts = Table(
    "category_counts",
    metadata,
    Column("category", SortedText, primary_key=True),
    Column("listings", Integer, nullable=False),
)

# A view is its address: the filters as the ranking page writes them.
saved_views = Table(
    "saved_views",
    metadata,
    Column("view_no", Integer, primary_key=True),
    Column("name", StoredText, nullable=False, unique=True),
    Column("address", StoredText, nullable=False),
    Column("analyst", StoredText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Any three letters in a row, and the listings whose (folded) title has them. PostgreSQL keeps them as an
# index, where its extension pg_trgm can be had, otherwise it reads the titles one by one. In SQLite two
# spaces end each title: any letter, and any two, are then the beginning of three. There whoever writes titles
# keeps their letters, in one statement for many and by number: FTS5 goes to the disk after each statement of
# a trigger, and each time that a number is lower than the one before.
TITLE_LETTERS = "title_letters"
TITLE_THREES = "title_threes"  # which there are, and in how many titles
CREATE_LETTERS = (
    f"CREATE VIRTUAL TABLE {TITLE_LETTERS} USING fts5(title, content='', columnsize=0, detail=none, "
    "tokenize='trigram case_sensitive 1')"
)
_CREATE_THREES = f"CREATE VIRTUAL TABLE {TITLE_THREES} USING fts5vocab({TITLE_LETTERS}, row)"
_LETTERED = "listing_no, title_folded || '  ' FROM listings NOT INDEXED"
_OF_THESE = "WHERE listing_no IN (SELECT value FROM json_each(?)) ORDER BY listing_no"
ADD_ALL_LETTERS = f"INSERT INTO {TITLE_LETTERS} (rowid, title) SELECT {_LETTERED} ORDER BY listing_no"
_ADD = f"INSERT INTO {TITLE_LETTERS} (rowid, title) SELECT {_LETTERED} {_OF_THESE}"
_FORGET = (
    f"INSERT INTO {TITLE_LETTERS} ({TITLE_LETTERS}, rowid, title) SELECT 'delete', {_LETTERED} {_OF_THESE}"
)
_HAS_TRIGRAMS = text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
_SCHEMA_OF_TRIGRAMS = text(
    "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
    "WHERE extname = 'pg_trgm'"
)


def index_title_letters(connection: Connection, add: bool = True) -> None:
    """Let a part of a title be found without reading all of them; the table of listings is there already.

    Without `add` the titles of SQLite's listings are to be added.
    """
    if connection.dialect.name == "sqlite":
        for statement in (CREATE_LETTERS, _CREATE_THREES, *([ADD_ALL_LETTERS] if add else [])):
            connection.exec_driver_sql(statement)
    elif schema := _schema_of_trigrams(connection):
        connection.exec_driver_sql(
            f"CREATE INDEX ix_listings_{TITLE_LETTERS} ON listings "
            f"USING gin (title_folded {schema}.gin_trgm_ops)"
        )


def drop_title_letters(connection: Connection) -> None:
    """Take the index away again."""
    if connection.dialect.name == "sqlite":
        drop_letter_triggers(connection)
        for table in (TITLE_THREES, TITLE_LETTERS):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    else:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS ix_listings_{TITLE_LETTERS}")


def drop_letter_triggers(connection: Connection) -> None:
    """Take away what kept SQLite's letters before those who write titles did."""
    for trigger in ("added", "changed"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {TITLE_LETTERS}_{trigger}")


def add_letters(connection: Connection, listing_nos: Sequence[int]) -> None:
    """Let these listings, which are new or were forgotten, be found by the titles that they have now."""
    _keep_letters(connection, _ADD, listing_nos)


def forget_letters(connection: Connection, listing_nos: Sequence[int]) -> None:
    """Let these listings no longer be found by their titles; to be called before those change."""
    _keep_letters(connection, _FORGET, listing_nos)


def _keep_letters(connection: Connection, statement: str, listing_nos: Sequence[int]) -> None:
    if connection.dialect.name == "sqlite" and listing_nos:
        connection.exec_driver_sql(statement, (json.dumps(listing_nos),))


def _schema_of_trigrams(connection: Connection) -> str | None:
    """Where PostgreSQL's trigrams are installed, now if need be and if we may; None without them."""
    schema: str | None = connection.execute(_SCHEMA_OF_TRIGRAMS).scalar_one_or_none()
    may = connection.execute(text("SELECT has_database_privilege(current_database(), 'CREATE')")).scalar_one()
    if schema is None and may and connection.execute(_HAS_TRIGRAMS).first() is not None:
        connection.exec_driver_sql("CREATE EXTENSION pg_trgm")
        schema = connection.execute(_SCHEMA_OF_TRIGRAMS).scalar_one()
    return schema


@event.listens_for(listings, "after_create")
def _with_the_table(_: Table, connection: Connection, **__: Any) -> None:
    index_title_letters(connection)


@event.listens_for(listings, "before_drop")
def _before_the_table(_: Table, connection: Connection, **__: Any) -> None:
    drop_title_letters(connection)
