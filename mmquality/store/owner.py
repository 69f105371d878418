"""Which workspace's folder the database goes with: the first one that it was opened with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Integer, Table, insert, select
from sqlalchemy.exc import IntegrityError

from mmquality.store.database import Database
from mmquality.store.tables import StoredText, metadata

_workspace = Table(
    "workspace",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    Column("workspace_id", StoredText, nullable=False),
    Column("folder", StoredText, nullable=False),
)


@dataclass(frozen=True)
class Owner:
    """A workspace as the database remembers it."""

    workspace_id: str
    folder: str  # where it was then


class OwnerStore(Database):
    """The part of the store that knows whose it is."""

    def owner(self) -> Owner | None:
        """None where nobody has claimed the database yet."""
        with self._read() as connection:
            row = connection.execute(select(_workspace.c.workspace_id, _workspace.c.folder)).first()
        return Owner(*row) if row else None

    def claim(self, owner: Owner) -> Owner:
        """From now on the database is the workspace's, unless another was first; gives whose it is."""
        with suppress(IntegrityError), self._write() as connection:
            connection.execute(insert(_workspace).values(number=1, **asdict(owner)))
        return self.owner() or owner
