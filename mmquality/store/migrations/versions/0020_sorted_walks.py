"""Indexes that PostgreSQL walks in the orders of the ranking: equal ones by number, those of no value last.

SQLite ends every index with the row's number, and goes through it twice where those of no value come last.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLE = "listings"
_TITLE, _START = "ix_listings_title_start", "left(title_folded, 200)"
_NUMBERED, _FALLING = ("price", "impressions", "clicks"), ("price", "category")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for key in _NUMBERED:
        op.drop_index(f"ix_listings_{key}", _TABLE)
        op.create_index(f"ix_listings_{key}_number", _TABLE, [key, "listing_no"])
    for key in _FALLING:
        falling = [sa.text(f"{key} DESC NULLS LAST"), sa.text("listing_no DESC")]
        op.create_index(f"ix_listings_{key}_falling", _TABLE, falling)
    op.drop_index(_TITLE, _TABLE)
    op.create_index(_TITLE, _TABLE, [sa.text(_START), "listing_no"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.drop_index(_TITLE, _TABLE)
    op.create_index(_TITLE, _TABLE, [sa.text(_START)])
    for key in _FALLING:
        op.drop_index(f"ix_listings_{key}_falling", _TABLE)
    for key in _NUMBERED:
        op.drop_index(f"ix_listings_{key}_number", _TABLE)
        op.create_index(f"ix_listings_{key}", _TABLE, [key])
