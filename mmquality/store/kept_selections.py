"""Selections: listings that somebody marked, kept under a name that an address can carry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Column, ForeignKey, Integer, Select, Table, insert, select

from mmquality.store.database import IN_ONE, Database, batches
from mmquality.store.tables import RowNumber, StoredText, UtcDateTime, listings, metadata

selections = Table(
    "selections",
    metadata,
    Column("selection_no", Integer, primary_key=True),
    Column("name", StoredText, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

selected_listings = Table(
    "selected_listings",
    metadata,
    Column("selection_no", ForeignKey("selections.selection_no"), primary_key=True),
    Column("listing_no", RowNumber, ForeignKey("listings.listing_no"), primary_key=True),
    sqlite_with_rowid=False,
)


class KeptSelectionStore(Database):
    """The part of the store that keeps selections."""

    def keep_selection(self, listing_ids: Iterable[str]) -> str:
        """Keep these listings and give the name of their selection: the same ones have the same name.

        Ids that the catalogue does not hold are left out.
        """
        wanted = sorted(set(listing_ids))
        name = sha256("\n".join(wanted).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        with self._write() as connection:
            if connection.execute(select(selections).where(selections.c.name == name)).first():
                return name
            new = insert(selections).values(name=name, created_at=datetime.now(UTC))
            number = connection.execute(new.returning(selections.c.selection_no)).scalar_one()
            for batch in batches(wanted, IN_ONE):
                found = select(listings.c.listing_no).where(listings.c.listing_id.in_(batch))
                rows = [
                    {"selection_no": number, "listing_no": no} for no in connection.execute(found).scalars()
                ]
                if rows:
                    connection.execute(insert(selected_listings), rows)
        return name


def selected(name: str) -> Select[tuple[int]]:
    """The numbers of the listings in a selection; none where there is no such selection."""
    return (
        select(selected_listings.c.listing_no)
        .join(selections, selections.c.selection_no == selected_listings.c.selection_no)
        .where(selections.c.name == name)
    )
