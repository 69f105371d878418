"""What a listing is tested for on the way down the ranking, without the rest of its row."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_listings_narrow", "listings"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(_INDEX, _TABLE, ["listing_no", "category", "price", "title_folded"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(_INDEX, _TABLE)
