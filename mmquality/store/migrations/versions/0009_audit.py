"""What people did besides labelling, and labels and withdrawals in the order of their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("analyst", "kind", "subject", "what")),
        sa.PrimaryKeyConstraint("event_id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_created_at", "events", ["created_at"])
    op.create_index("ix_labels_by", "labels", ["analyst", "created_at"])
    op.create_index("ix_label_withdrawals_created_at", "label_withdrawals", ["created_at"])
    op.create_index("ix_label_withdrawals_by", "label_withdrawals", ["analyst", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_label_withdrawals_by", "label_withdrawals")
    op.drop_index("ix_label_withdrawals_created_at", "label_withdrawals")
    op.drop_index("ix_labels_by", "labels")
    op.drop_table("events")
