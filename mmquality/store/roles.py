"""Who may do what in a workspace: a role by person, as somebody with the right to do so wrote it down."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Column, Table, delete, select

from mmquality.errors import MMQualityError
from mmquality.records import Role
from mmquality.store.database import Database, upsert
from mmquality.store.events import Deed, record
from mmquality.store.tables import StoredText, UtcDateTime, label_withdrawals, labels, metadata

roles = Table(
    "roles",
    metadata,
    Column("person", StoredText, primary_key=True),  # as the sign-in names them
    Column("role", StoredText, nullable=False),
    Column("since", UtcDateTime, nullable=False),
)


class RoleStore(Database):
    """The part of the store that knows who may do what."""

    def roles(self) -> dict[str, Role]:
        """The role of everybody who was given one, by name."""
        with self._read() as connection:
            rows = connection.execute(select(roles.c.person, roles.c.role).order_by(roles.c.person))
            return {person: Role(role) for person, role in rows}

    def role_of(self, person: str) -> Role | None:
        """The role that was given to somebody; None where none was."""
        query = select(roles.c.role).where(roles.c.person == person)
        with self._read() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else Role(found)

    def give_role(self, person: str, role: Role, by: str = "") -> None:
        """From now on somebody has this role. Raises `MMQualityError` for nobody."""
        person = person.strip()
        if not person:
            raise MMQualityError("A role needs a person; write the name that the sign-in gives.")
        values = {"person": person, "role": role.value, "since": datetime.now(UTC)}
        with self._write() as connection:
            connection.execute(upsert(connection, roles, ["role", "since"]), values)
            record(connection, Deed.ROLES, by, person, f"is {role} now")

    def take_role(self, person: str, by: str = "") -> None:
        """From now on somebody has no role of their own. Raises `MMQualityError` where they had none."""
        with self._write() as connection:
            if not connection.execute(delete(roles).where(roles.c.person == person)).rowcount:
                raise MMQualityError(f"{person!r} has no role; `mmquality roles list` shows who has one.")
            record(connection, Deed.ROLES, by, person, "has no role any more")

    def labelled_by(self, label_id: int | None = None, batch: str | None = None) -> set[str]:
        """Whose labels these are, that stand: one by its number, or all of a batch."""
        query = select(labels.c.analyst).outerjoin(label_withdrawals).distinct()
        query = query.where(label_withdrawals.c.label_id.is_(None))
        query = query.where(labels.c.label_id == label_id if batch is None else labels.c.batch == batch)
        with self._read() as connection:
            return set(connection.execute(query).scalars())
