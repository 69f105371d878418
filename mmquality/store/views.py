"""Saved views: a name for a set of filters, shared by everybody who opens the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from mmquality.errors import MMQualityError
from mmquality.store.database import Database, upsert
from mmquality.store.search_tables import saved_views

LONGEST_NAME = 80


@dataclass(frozen=True)
class SavedView:
    """Filters by name; `address` is the query of the ranking page that shows them."""

    name: str
    address: str
    analyst: str
    created_at: datetime  # UTC


class ViewStore(Database):
    """The part of the store that keeps saved views."""

    def saved_views(self) -> list[SavedView]:
        """All of them, by name in any case."""
        columns = [saved_views.c[name] for name in ("name", "address", "analyst", "created_at")]
        with self._read() as connection:
            views = [SavedView(**row) for row in connection.execute(select(*columns)).mappings()]
        return sorted(views, key=lambda view: (view.name.casefold(), view.name))

    def save_view(self, name: str, address: str, analyst: str) -> SavedView:
        """Keep an address under a name; one of that name is replaced. Raises `MMQualityError` without one."""
        view = SavedView(_checked(name), address, analyst.strip(), datetime.now(UTC))
        with self._write() as connection:
            columns = ["address", "analyst", "created_at"]
            connection.execute(upsert(connection, saved_views, columns, saved_views.c.name), vars(view))
        return view

    def rename_view(self, name: str, new_name: str) -> None:
        """Give a view another name. Raises `MMQualityError` where it is empty or taken."""
        wanted = _checked(new_name)
        here = update(saved_views).where(saved_views.c.name == name).values(name=wanted)
        try:
            with self._write() as connection:
                connection.execute(here)
        except IntegrityError as error:
            raise MMQualityError(f"There is a view “{wanted}” already; choose another name.") from error

    def delete_view(self, name: str) -> None:
        """Forget a view; the address that it held still works."""
        with self._write() as connection:
            connection.execute(delete(saved_views).where(saved_views.c.name == name))


def _checked(name: str) -> str:
    wanted = " ".join(name.split())[:LONGEST_NAME]
    if not wanted:
        raise MMQualityError("A view needs a name; write one and save again.")
    return wanted
