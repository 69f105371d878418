"""SQLite's letters of titles are kept by imports, many titles at a time, no longer by triggers."""

from __future__ import annotations

from alembic import op

from mmquality.store.search_tables import TITLE_LETTERS, drop_letter_triggers

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ADD = f"INSERT INTO {TITLE_LETTERS} (rowid, title) VALUES (new.listing_no, new.title_folded || '  ')"
_FORGET = (
    f"INSERT INTO {TITLE_LETTERS} ({TITLE_LETTERS}, rowid, title) "
    "VALUES ('delete', old.listing_no, old.title_folded || '  ')"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        drop_letter_triggers(op.get_bind())


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {TITLE_LETTERS}_added AFTER INSERT ON listings BEGIN {_ADD}; END")
        op.execute(
            f"CREATE TRIGGER {TITLE_LETTERS}_changed AFTER UPDATE OF title_folded ON listings "
            f"WHEN new.title_folded <> old.title_folded BEGIN {_FORGET}; {_ADD}; END"
        )
