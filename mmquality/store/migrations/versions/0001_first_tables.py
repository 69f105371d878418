"""The first tables: listings, models and scores, labels, import reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SORTED_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _listings()
    _models()
    _scores()
    _labels()
    _current_labels()
    _import_reports()


def downgrade() -> None:
    for table in (
        "import_problems",
        "import_reports",
        "current_labels",
        "label_withdrawals",
        "labels",
        "current_model",
        "scores",
        "model_versions",
        "listings",
    ):
        op.drop_table(table)


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("listing_no", ROW_NUMBER, nullable=False),
        sa.Column("listing_id", SORTED_TEXT, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", SORTED_TEXT, nullable=False),
        sa.Column("category", SORTED_TEXT),
        sa.Column("price", sa.Double()),
        sa.Column("seller", sa.Text()),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("photo_path", sa.Text(), nullable=False),
        sa.Column("title_hash", sa.Text(), nullable=False),
        sa.Column("photo_hash", sa.Text(), nullable=False),
        sa.Column("photo_size", sa.BigInteger()),
        sa.Column("photo_mtime_ns", sa.BigInteger()),
        sa.Column("impressions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clicks", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("listing_no", name="pk_listings"),
        sa.UniqueConstraint("listing_id", name="uq_listings_listing_id"),
    )
    op.create_index("ix_listings_category", "listings", ["category", "listing_no"])
    if op.get_context().dialect.name == "postgresql":
        op.create_index("ix_listings_title_start", "listings", [sa.text("left(title_folded, 200)")])
    else:
        op.create_index("ix_listings_title", "listings", ["title_folded"])
    op.create_index("ix_listings_photo_hash", "listings", ["photo_hash"])
    op.create_index("ix_listings_price", "listings", ["price"])
    op.create_index("ix_listings_impressions", "listings", ["impressions"])


def _models() -> None:
    op.create_table(
        "model_versions",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("listings", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", name="pk_model_versions"),
        sa.UniqueConstraint("name", name="uq_model_versions_name"),
    )
    op.create_table(
        "current_model",
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("slot = 1", name="ck_current_model_one_row"),
        sa.PrimaryKeyConstraint("slot", name="pk_current_model"),
        _refers("current_model", "version_id", "model_versions"),
    )


def _scores() -> None:
    op.create_table(
        "scores",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("listing_no", ROW_NUMBER, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "rank", name="pk_scores"),
        _refers("scores", "version_id", "model_versions"),
        _refers("scores", "listing_no", "listings"),
        sqlite_with_rowid=False,
    )
    op.create_index("uq_scores_listing_no", "scores", ["listing_no", "version_id"], unique=True)
    op.create_index("ix_scores_score", "scores", ["version_id", sa.text("score DESC"), "rank"])


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("label_id", ROW_NUMBER, nullable=False),
        sa.Column("listing_no", ROW_NUMBER, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("version_id", sa.Integer()),
        sa.Column("score", sa.Double()),
        sa.Column("rank", sa.Integer()),
        sa.Column("title_hash", sa.Text(), nullable=False),
        sa.Column("photo_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("label_id", name="pk_labels"),
        _refers("labels", "listing_no", "listings"),
        _refers("labels", "version_id", "model_versions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_labels_listing_no", "labels", ["listing_no", "label_id"])
    op.create_index("ix_labels_created_at", "labels", ["created_at"])


def _current_labels() -> None:
    op.create_table(
        "label_withdrawals",
        sa.Column("label_id", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("label_id", name="pk_label_withdrawals"),
        _refers("label_withdrawals", "label_id", "labels"),
    )
    op.create_table(
        "current_labels",
        sa.Column("listing_no", ROW_NUMBER, nullable=False),
        sa.Column("label_id", ROW_NUMBER, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("listing_no", name="pk_current_labels"),
        sa.UniqueConstraint("label_id", name="uq_current_labels_label_id"),
        _refers("current_labels", "listing_no", "listings"),
        _refers("current_labels", "label_id", "labels"),
    )
    op.create_index("ix_current_labels_verdict", "current_labels", ["verdict", "listing_no"])


def _import_reports() -> None:
    op.create_table(
        "import_reports",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name="pk_import_reports"),
    )
    op.create_table(
        "import_problems",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "number", name="pk_import_problems"),
        _refers("import_problems", "report_id", "import_reports"),
    )
    op.create_index("ix_import_problems_column", "import_problems", ["report_id", "column", "number"])


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{column}"], name=f"fk_{table}_{column}")
