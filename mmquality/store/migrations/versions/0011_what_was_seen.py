"""What an analyst saw, too: the threshold and the neighbours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("labels", sa.Column("threshold", sa.Double()))
    op.add_column("labels", sa.Column("neighbours", sa.Text()))


def downgrade() -> None:
    op.drop_column("labels", "neighbours")
    op.drop_column("labels", "threshold")
