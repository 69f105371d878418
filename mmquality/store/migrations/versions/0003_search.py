"""Finding and labelling many: attributes' values, titles' letters, saved views, labels given together."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from mmquality.store.facets import FacetChange, change_facets, facets_of
from mmquality.store.search_tables import drop_title_letters, index_title_letters

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SORTED_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 10_000


def upgrade() -> None:
    _attributes()
    change_facets(op.get_bind(), _stored_facets())
    index_title_letters(op.get_bind())
    op.create_table(
        "saved_views",
        sa.Column("view_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("analyst", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("view_no", name="pk_saved_views"),
        sa.UniqueConstraint("name", name="uq_saved_views_name"),
    )
    op.add_column("labels", sa.Column("batch", sa.Text()))
    op.create_index("ix_labels_batch", "labels", ["batch"])


def downgrade() -> None:
    op.drop_index("ix_labels_batch", "labels")
    with op.batch_alter_table("labels") as labels:
        labels.drop_column("batch")
    drop_title_letters(op.get_bind())
    for table in ("saved_views", "listing_values", "attribute_values", "attributes"):
        op.drop_table(table)


def _attributes() -> None:
    op.create_table(
        "attributes",
        sa.Column("attribute_no", sa.Integer(), nullable=False),
        sa.Column("name", SORTED_TEXT, nullable=False),
        sa.Column("too_many", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("attribute_no", name="pk_attributes"),
        sa.UniqueConstraint("name", name="uq_attributes_name"),
    )
    op.create_table(
        "attribute_values",
        sa.Column("value_no", sa.Integer(), nullable=False),
        sa.Column("attribute_no", sa.Integer(), nullable=False),
        sa.Column("value", SORTED_TEXT, nullable=False),
        sa.Column("listings", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("value_no", name="pk_attribute_values"),
        sa.ForeignKeyConstraint(
            ["attribute_no"], ["attributes.attribute_no"], name="fk_attribute_values_attribute_no_attributes"
        ),
    )
    op.create_index("uq_attribute_values_value", "attribute_values", ["attribute_no", "value"], unique=True)
    op.create_table(
        "listing_values",
        sa.Column("value_no", sa.Integer(), nullable=False),
        sa.Column("listing_no", ROW_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("value_no", "listing_no", name="pk_listing_values"),
        sa.ForeignKeyConstraint(
            ["value_no"], ["attribute_values.value_no"], name="fk_listing_values_value_no_attribute_values"
        ),
        sa.ForeignKeyConstraint(
            ["listing_no"], ["listings.listing_no"], name="fk_listing_values_listing_no_listings"
        ),
        sqlite_with_rowid=False,
    )


def _stored_facets() -> Iterator[FacetChange]:
    """What the listings of an earlier version have."""
    stored = sa.table(
        "listings", *map(sa.column, ("listing_no", "seller")), sa.column("attributes", sa.JSON())
    )
    last = 0
    while True:
        query = (
            sa.select(stored).where(stored.c.listing_no > last).order_by(stored.c.listing_no).limit(_AT_ONCE)
        )
        rows = op.get_bind().execute(query).all()
        if not rows:
            return
        for row in rows:
            yield FacetChange(row.listing_no, frozenset(), facets_of(row.seller, row.attributes))
        last = rows[-1].listing_no
