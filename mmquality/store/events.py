"""What people did besides labelling: noted in the transaction that does it, never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, Index, Table, insert

from mmquality.store.database import tell
from mmquality.store.tables import RowNumber, StoredText, UtcDateTime, metadata

# Events: rows are added, never changed, never deleted.
events = Table(
    "events",
    metadata,
    Column("event_id", RowNumber, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("analyst", StoredText, nullable=False),
    Column("kind", StoredText, nullable=False),
    Column("subject", StoredText, nullable=False),  # the model version, the file
    Column("what", StoredText, nullable=False),
    Index("ix_events_created_at", "created_at"),
    sqlite_autoincrement=True,
)


class Deed(StrEnum):
    """What people do."""

    LABEL = "label"
    WITHDRAWAL = "withdrawal"
    REMOVAL = "removal"
    RETURN = "return"
    QUESTION = "question"  # to a language model
    IMPORT = "label import"
    EXPORT = "export"
    MODEL = "model"
    REASONS = "reasons"
    ROLES = "roles"


def record(connection: Connection, kind: Deed, analyst: str, subject: str, what: str) -> None:
    """Note a deed inside the transaction that does it; operators see it, too."""
    values = {"created_at": datetime.now(UTC), "analyst": analyst, "kind": kind.value}
    connection.execute(insert(events).values(subject=subject, what=what, **values))
    tell(connection, kind.value, subject=subject, what=what, analyst=analyst or None)
