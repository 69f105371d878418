"""How many listings there are, by category: counts that are kept, so that nobody counts a million rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from mmquality.store.database import upsert
from mmquality.store.search_tables import category_counts
from mmquality.store.tables import listings


def counted(connection: Connection) -> int:
    """How many listings the catalogue has."""
    total = select(func.coalesce(func.sum(category_counts.c.listings), 0))
    return int(connection.execute(total).scalar_one())


def add_to_counts(connection: Connection, moved: Sequence[dict[str, Any]]) -> None:
    """Add `listings` (which may be negative) to the count of each `category`."""
    connection.execute(upsert(connection, category_counts, ["listings"], adding=True), moved)


def count_anew(connection: Connection) -> None:
    """Count all listings of a database that has no counts yet."""
    name = func.coalesce(listings.c.category, "")
    everything = select(name, func.count()).group_by(name)
    connection.execute(insert(category_counts).from_select(["category", "listings"], everything))
