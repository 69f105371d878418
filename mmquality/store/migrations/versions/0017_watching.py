"""Watchers: how far sources were read, dead letters, when listings came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "watch_positions",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "part", name="pk_watch_positions"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("letter_id", _NUMBER, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("source", "place", "listing_id", "reason", "payload")
        ),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("letter_id", name="pk_dead_letters"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_letters_state", "dead_letters", ["state", "letter_id"])
    op.create_table(
        "arrival_times",
        sa.Column("listing_no", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("ranked_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("listing_no", name="pk_arrival_times"),
        sa.ForeignKeyConstraint(["listing_no"], ["listings.listing_no"], name="fk_arrival_times_listing_no"),
    )
    op.create_index("ix_arrival_times_ranked_at", "arrival_times", ["ranked_at"])


def downgrade() -> None:
    for table in ("arrival_times", "dead_letters", "watch_positions"):
        op.drop_table(table)
