"""Another order for the queue: the worst listings so that neighbours differ."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "varied_order",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("listing_no", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_versions.version_id"], name="fk_varied_order_version_id_model_versions"
        ),
        sa.ForeignKeyConstraint(
            ["listing_no"], ["listings.listing_no"], name="fk_varied_order_listing_no_listings"
        ),
        sa.PrimaryKeyConstraint("version_id", "place", name="pk_varied_order"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("varied_order")
