"""The database's tables (SQLAlchemy Core), and the column types that make both engines agree."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    FromClause,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    column,
    false,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from mmquality.store.text import storable


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware values go in, aware values in UTC come out (SQLite alone would drop zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; give moments in UTC.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StoredText(TypeDecorator[str]):
    """Text; what a database cannot hold (NUL, lone surrogates) goes in as the replacement character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class SortedText(StoredText):
    """Text that is sorted: by code point on both engines, as Python sorts, whatever PostgreSQL's locale."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        return postgresql.TEXT(collation="C") if dialect.name == "postgresql" else Text()


# SQLite counts up only in a column whose type is exactly INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

listings = Table(
    "listings",
    metadata,
    Column("listing_no", RowNumber, primary_key=True),  # ours, small and quick to join by; never shown
    Column("listing_id", SortedText, nullable=False, unique=True),
    Column("title", StoredText, nullable=False),
    Column("title_folded", SortedText, nullable=False),  # case folded, for search and sorting
    Column("category", SortedText),
    Column("price", Double),
    Column("seller", StoredText),
    Column("attributes", JSON, nullable=False),
    Column("image", StoredText, nullable=False),
    Column("photo_path", StoredText, nullable=False),
    Column("title_hash", StoredText, nullable=False),
    Column("photo_hash", StoredText, nullable=False),
    Column("photo_size", BigInteger),  # size and modification time: an unchanged file is not read again
    Column("photo_mtime_ns", BigInteger),
    Column("impressions", Integer, nullable=False, server_default="0"),
    Column("clicks", Integer, nullable=False, server_default="0"),
    Index("ix_listings_category", "category", "listing_no"),
    Index("ix_listings_photo_hash", "photo_hash"),
)

# What a listing is tested for on the way down the ranking, without the rest of its row: in SQLite an index
# holds that, a quarter of the table, which has to be named to be read.
_NARROW = "listing_no", "category", "price", "title_folded"
Index("ix_listings_narrow", *(listings.c[name] for name in _NARROW)).ddl_if(dialect="sqlite")
_narrow = (
    text(f"SELECT {', '.join(_NARROW)} FROM listings INDEXED BY ix_listings_narrow")
    .columns(*(column(name, listings.c[name].type) for name in _NARROW))
    .subquery("narrow")
)


def narrow(connection: Connection) -> FromClause:
    """The listings, in the columns that tell whether a filter lets them through."""
    return _narrow if connection.dialect.name == "sqlite" else listings


model_versions = Table(
    "model_versions",
    metadata,
    Column("version_id", Integer, primary_key=True),
    Column("name", StoredText, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("listings", Integer, nullable=False),  # that it was published with
    Column("summary", JSON, nullable=False),
    Column("changes_known", RowNumber, nullable=False, server_default="0"),  # of the catalogue (`comings.py`)
    Column("arrived", Integer, nullable=False, server_default="0"),  # listings that it ranks beside its own
    Column("gone", Integer, nullable=False, server_default="0"),  # of its own, from the ranking
    Column("revision", Integer, nullable=False, server_default="0"),  # rises whenever one arrives or leaves
    Column(
        "arrivals", Integer, nullable=False, server_default="0"
    ),  # which files hold their vectors; 0 = none
)

# Places rise with the rank (`places.py`), and the score never rises with the place: a range of scores is a
# range of places, and both are found by one descent of an index. Rows lie in the order of the ranking.
scores = Table(
    "scores",
    metadata,
    Column("version_id", ForeignKey("model_versions.version_id"), primary_key=True),
    Column("place", RowNumber, primary_key=True, autoincrement=False),
    Column("listing_no", ForeignKey("listings.listing_no"), nullable=False),
    Column("score", Double, nullable=False),
    Index("uq_scores_listing_no", "listing_no", "version_id", unique=True),
    sqlite_with_rowid=False,
)
Index("ix_scores_score", scores.c.version_id, scores.c.score.desc(), scores.c.place)

# The worst listings of a version so that neighbours in it differ: another order for the queue.
varied_order = Table(
    "varied_order",
    metadata,
    Column("version_id", ForeignKey("model_versions.version_id"), primary_key=True),
    Column("place", Integer, primary_key=True),  # 1, 2, …
    Column("listing_no", ForeignKey("listings.listing_no"), nullable=False),
    sqlite_with_rowid=False,
)

# One row: which version the readers see. Publishing is the change of this row.
current_model = Table(
    "current_model",
    metadata,
    Column(
        "slot", Integer, CheckConstraint("slot = 1", name="one_row"), primary_key=True, autoincrement=False
    ),
    Column("version_id", ForeignKey("model_versions.version_id"), nullable=False),
)

# Events: rows are added, never changed, never deleted.
labels = Table(
    "labels",
    metadata,
    Column("label_id", RowNumber, primary_key=True),
    Column("listing_no", ForeignKey("listings.listing_no"), nullable=False),
    Column("verdict", StoredText, nullable=False),
    Column("reason", StoredText),
    Column("note", StoredText, nullable=False),
    Column("analyst", StoredText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("version_id", ForeignKey("model_versions.version_id")),  # what the analyst saw
    Column("score", Double),
    Column("rank", Integer),
    Column(
        "title_hash", StoredText, nullable=False
    ),  # what was judged: a later import may change the listing
    Column("photo_hash", StoredText, nullable=False),
    Column("drawn", StoredText, nullable=False, server_default="browsed"),
    Column("score_hidden", Boolean, nullable=False, server_default=false()),
    Column("batch", StoredText),  # what was labelled with one click
    Column("threshold", Double),  # the score from which on the analyst reviewed; NULL = the whole ranking
    Column("neighbours", StoredText),  # that were shown: a JSON list of listing_ids
    Column("explanation_id", ForeignKey("explanations.explanation_id")),  # a suggestion that was taken up, …
    Column("suggestion", StoredText),  # … as it was or edited
    Index("ix_labels_listing_no", "listing_no", "label_id"),
    Index("ix_labels_created_at", "created_at"),
    Index("ix_labels_analyst", "analyst", "label_id"),
    Index("ix_labels_by", "analyst", "created_at"),
    Index("ix_labels_batch", "batch"),
    sqlite_autoincrement=True,
)

_is_second = labels.c.drawn == literal_column("'second'")  # written out, as an index wants it
Index("ix_labels_second", labels.c.label_id, sqlite_where=_is_second, postgresql_where=_is_second)

_is_suggested = labels.c.explanation_id.is_not(None)
Index(
    "ix_labels_explanation_id", labels.c.explanation_id,
    sqlite_where=_is_suggested, postgresql_where=_is_suggested,
)  # fmt: skip

# An undo is an event too: it names the label that no longer counts.
label_withdrawals = Table(
    "label_withdrawals",
    metadata,
    Column("label_id", ForeignKey("labels.label_id"), primary_key=True),
    Column("analyst", StoredText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_label_withdrawals_created_at", "created_at"),
    Index("ix_label_withdrawals_by", "analyst", "created_at"),
)

# Which label counts for a listing: the newest that was not withdrawn. Written in one transaction with the
# events, and with imports that change what was judged (`standing.py`).
current_labels = Table(
    "current_labels",
    metadata,
    Column("listing_no", ForeignKey("listings.listing_no"), primary_key=True),
    Column("label_id", ForeignKey("labels.label_id"), nullable=False, unique=True),
    Column("verdict", StoredText, nullable=False),
    Column("analyst", StoredText, nullable=False, server_default=""),
    Column("disputed", Boolean, nullable=False, server_default=false()),  # between analysts
    Column("changed", Boolean, nullable=False, server_default=false()),  # since: title or photo
    Column("second_draw", Double),  # 0…1: a share of 0.1 judges those below 0.1 again; NULL = not to be
    Index("ix_current_labels_verdict", "verdict", "listing_no"),
)
Index(
    "ix_current_labels_second_draw", current_labels.c.second_draw, current_labels.c.analyst,
    sqlite_where=current_labels.c.second_draw.is_not(None),
    postgresql_where=current_labels.c.second_draw.is_not(None),
)  # fmt: skip
Index(
    "ix_current_labels_disputed", current_labels.c.label_id,
    sqlite_where=current_labels.c.disputed, postgresql_where=current_labels.c.disputed,
)  # fmt: skip

# Who has which case of the queue before them. A case that nobody decides goes to others when the lease ends.
leases = Table(
    "leases",
    metadata,
    Column("listing_no", ForeignKey("listings.listing_no"), primary_key=True),
    Column("analyst", StoredText, nullable=False),
    Column("drawn", StoredText, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_leases_analyst", "analyst"),
)

import_reports = Table(
    "import_reports",
    metadata,
    Column("report_id", Integer, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("problems", Integer, nullable=False),
)

import_problems = Table(
    "import_problems",
    metadata,
    Column("report_id", ForeignKey("import_reports.report_id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, … as they were met
    Column("file", StoredText, nullable=False),
    Column("row", Integer, nullable=False),
    Column("column", StoredText, nullable=False),
    Column("reason", StoredText, nullable=False),
    Column("value", StoredText, nullable=False),
    Index("ix_import_problems_column", "report_id", "column", "number"),
)
