"""Second verdicts found without reading all labels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    second = sa.text("drawn = 'second'")
    op.create_index("ix_labels_second", "labels", ["label_id"], sqlite_where=second, postgresql_where=second)


def downgrade() -> None:
    op.drop_index("ix_labels_second", "labels")
