"""What a language model was asked and answered, and which labels came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXTS = ("title_hash", "photo_hash", "question", "host", "prompt", "model", "sentence", "quotes", "failure")


def upgrade() -> None:
    op.create_table(
        "explanations",
        sa.Column("explanation_id", _NUMBER, nullable=False),
        sa.Column("listing_no", _NUMBER, nullable=False),
        sa.Column("version_id", sa.Integer()),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("with_photo", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger()),
        sa.Column("tokens_out", sa.BigInteger()),
        sa.Column("cost", sa.Double()),
        sa.Column("verdict", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("instructions", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("explanation_id", name="pk_explanations"),
        sa.ForeignKeyConstraint(["listing_no"], ["listings.listing_no"], name="fk_explanations_listing_no"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_versions.version_id"], name="fk_explanations_version_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_explanations_listing_no", "explanations", ["listing_no", "explanation_id"])
    op.create_index("ix_explanations_created_at", "explanations", ["created_at"])
    op.create_index("ix_explanations_by", "explanations", ["analyst", "created_at"])
    taken_up = sa.Column("explanation_id", _NUMBER, sa.ForeignKey("explanations.explanation_id"))
    op.add_column("labels", taken_up, inline_references=True)
    op.add_column("labels", sa.Column("suggestion", sa.Text()))
    there = sa.text("explanation_id IS NOT NULL")
    op.create_index(
        "ix_labels_explanation_id", "labels", ["explanation_id"], sqlite_where=there, postgresql_where=there
    )


def downgrade() -> None:
    op.drop_index("ix_labels_explanation_id", "labels")
    with op.batch_alter_table("labels") as batch:
        batch.drop_column("explanation_id")
        batch.drop_column("suggestion")
    op.drop_table("explanations")
