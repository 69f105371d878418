"""The queue: who has which case, how a case came before its analyst, and whether the score was hidden."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("labels", sa.Column("drawn", sa.Text(), server_default="browsed", nullable=False))
    op.add_column(
        "labels", sa.Column("score_hidden", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index("ix_labels_analyst", "labels", ["analyst", "label_id"])
    op.create_table(
        "leases",
        sa.Column("listing_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_no"], ["listings.listing_no"], name="fk_leases_listing_no_listings"
        ),
        sa.PrimaryKeyConstraint("listing_no", name="pk_leases"),
    )
    op.create_index("ix_leases_analyst", "leases", ["analyst"])


def downgrade() -> None:
    op.drop_table("leases")
    op.drop_index("ix_labels_analyst", "labels")
    with op.batch_alter_table("labels") as labels:
        labels.drop_column("score_hidden")
        labels.drop_column("drawn")
