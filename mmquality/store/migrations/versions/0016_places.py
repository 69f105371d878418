"""Places instead of ranks, with room between them; what arrives, changes and leaves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ROOM = 20
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = ("arrived", "gone", "revision", "arrivals")


def upgrade() -> None:
    _turn_scores("rank", "place", f"<< {_ROOM}", "BIGINT")
    op.add_column("model_versions", sa.Column("changes_known", _NUMBER, nullable=False, server_default="0"))
    for name in _COUNTS:
        op.add_column("model_versions", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    _moves()
    _changes()
    _removals()


def downgrade() -> None:
    for table in ("removals", "listing_changes", "moves"):
        op.drop_table(table)
    for name in ("changes_known", *_COUNTS):
        op.drop_column("model_versions", name)
    _turn_scores("place", "rank", f">> {_ROOM}", "INTEGER")


def _turn_scores(before: str, now: str, how: str, kind: str) -> None:
    """Give the rows of `scores` another order key, one for one."""
    if op.get_bind().dialect.name == "postgresql":
        changed = f"ALTER TABLE scores ALTER COLUMN {before} TYPE {kind} USING {before}::bigint {how}"
        op.execute(changed)
        op.alter_column("scores", before, new_column_name=now)
        return
    op.create_table(
        "new_scores",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column(now, sa.Integer(), nullable=False),
        sa.Column("listing_no", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", now, name="pk_scores"),
        _refers("scores", "version_id", "model_versions"),
        _refers("scores", "listing_no", "listings"),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO new_scores SELECT version_id, {before} {how}, listing_no, score FROM scores "
        f"ORDER BY version_id, {before}"
    )
    op.drop_table("scores")
    op.rename_table("new_scores", "scores")
    op.create_index("uq_scores_listing_no", "scores", ["listing_no", "version_id"], unique=True)
    op.create_index("ix_scores_score", "scores", ["version_id", sa.text("score DESC"), now])


def _moves() -> None:
    op.create_table(
        "moves",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("place", _NUMBER, nullable=False),
        sa.Column("arrived", sa.Boolean(), nullable=False),
        sa.Column("listing_no", _NUMBER, nullable=False),
        sa.Column("shift", sa.Integer(), nullable=False),
        sa.Column("first_rank", sa.Integer(), nullable=False),
        sa.Column("change_no", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("version_id", "place", name="pk_moves"),
        _refers("moves", "version_id", "model_versions"),
        _refers("moves", "listing_no", "listings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_moves_first_rank", "moves", ["version_id", "first_rank", "place"])
    op.create_index("ix_moves_listing_no", "moves", ["listing_no", "version_id"])


def _changes() -> None:
    """What the version in force does not rank came after it: it waits."""
    op.create_table(
        "listing_changes",
        sa.Column("listing_no", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("change_no", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("listing_no", name="pk_listing_changes"),
        _refers("listing_changes", "listing_no", "listings"),
    )
    op.create_index("ix_listing_changes_change_no", "listing_changes", ["change_no"])
    op.execute(
        "INSERT INTO listing_changes SELECT listing_no, 1 FROM listings WHERE NOT EXISTS ("
        "SELECT 1 FROM scores WHERE scores.listing_no = listings.listing_no "
        "AND scores.version_id = (SELECT version_id FROM current_model))"
    )


def _removals() -> None:
    op.create_table(
        "removals",
        sa.Column("removal_id", _NUMBER, nullable=False),
        sa.Column("listing_no", _NUMBER, nullable=False),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("removal_id", name="pk_removals"),
        _refers("removals", "listing_no", "listings"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_removals_listing_no", "removals", ["listing_no"])
    op.create_index("ix_removals_created_at", "removals", ["created_at"])
    op.create_index("ix_removals_by", "removals", ["analyst", "created_at"])
    out = sa.text("returned_at IS NULL")
    op.create_index(
        "uq_removals_listing_no",
        "removals",
        ["listing_no"],
        unique=True,
        sqlite_where=out,
        postgresql_where=out,
    )


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.{column}"], name=f"fk_{table}_{column}")
