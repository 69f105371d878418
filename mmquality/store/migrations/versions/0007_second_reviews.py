"""What becomes of a label that counts: a second review, a dispute, another title or photo since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ANALYST = "(SELECT analyst FROM labels WHERE labels.label_id = current_labels.label_id)"
_CHANGED = (
    "EXISTS (SELECT 1 FROM labels JOIN listings ON listings.listing_no = labels.listing_no "
    "WHERE labels.label_id = current_labels.label_id "
    "AND (labels.title_hash <> listings.title_hash OR labels.photo_hash <> listings.photo_hash))"
)


def upgrade() -> None:
    add, table = op.add_column, "current_labels"
    add(table, sa.Column("analyst", sa.Text(), server_default="", nullable=False))
    add(table, sa.Column("disputed", sa.Boolean(), server_default=sa.false(), nullable=False))
    add(table, sa.Column("changed", sa.Boolean(), server_default=sa.false(), nullable=False))
    add(table, sa.Column("second_draw", sa.Double()))  # earlier labels are not judged again
    op.execute(f"UPDATE current_labels SET analyst = {_ANALYST}, changed = {_CHANGED}")
    drawn = sa.text("second_draw IS NOT NULL")
    op.create_index(
        "ix_current_labels_second_draw", table, ["second_draw", "analyst"],
        sqlite_where=drawn, postgresql_where=drawn,
    )  # fmt: skip
    op.create_index(
        "ix_current_labels_disputed", table, ["label_id"],
        sqlite_where=sa.text("disputed = 1"), postgresql_where=sa.text("disputed"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_current_labels_disputed", "current_labels")
    op.drop_index("ix_current_labels_second_draw", "current_labels")
    for name in ("second_draw", "changed", "disputed", "analyst"):
        op.drop_column("current_labels", name)
