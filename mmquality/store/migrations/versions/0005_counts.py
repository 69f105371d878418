"""Listings counted by category; two letters of a title found by the index of threes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from mmquality.store.counts import count_anew
from mmquality.store.search_tables import TITLE_THREES, drop_title_letters, index_title_letters

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SORTED_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "category_counts",
        sa.Column("category", SORTED_TEXT, nullable=False),
        sa.Column("listings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("category", name="pk_category_counts"),
    )
    count_anew(op.get_bind())
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite and not sa.inspect(op.get_bind()).has_table(TITLE_THREES):  # titles did not end in spaces yet
        drop_title_letters(op.get_bind())
        index_title_letters(op.get_bind())


def downgrade() -> None:
    op.drop_table("category_counts")
