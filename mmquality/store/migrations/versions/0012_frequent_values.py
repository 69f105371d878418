"""An attribute's values in the order in which they are offered: the most frequent first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_attribute_values_frequent", "attribute_values"


def upgrade() -> None:
    op.create_index(_INDEX, _TABLE, ["attribute_no", sa.text("listings DESC"), "value"])


def downgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
