"""Selections of listings that somebody marked, for addresses to name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "selections",
        sa.Column("selection_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("selection_no", name="pk_selections"),
        sa.UniqueConstraint("name", name="uq_selections_name"),
    )
    op.create_table(
        "selected_listings",
        sa.Column("selection_no", sa.Integer(), nullable=False),
        sa.Column("listing_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection_no"],
            ["selections.selection_no"],
            name="fk_selected_listings_selection_no_selections",
        ),
        sa.ForeignKeyConstraint(
            ["listing_no"], ["listings.listing_no"], name="fk_selected_listings_listing_no_listings"
        ),
        sa.PrimaryKeyConstraint("selection_no", "listing_no", name="pk_selected_listings"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("selected_listings")
    op.drop_table("selections")
