"""Who may do what in a workspace: a role by person, as somebody with the right to do so wrote it down;
and which spellings are one person.

A to Z and a to z are the same letters in a person's name, and only they (decision 28).
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Table, delete, select

from mmquality.errors import MMQualityError
from mmquality.records import Role
from mmquality.store.database import Database, upsert
from mmquality.store.events import Deed, record
from mmquality.store.label_pages import ANALYSTS
from mmquality.store.tables import StoredText, UtcDateTime, label_withdrawals, labels, metadata
from mmquality.store.text import storable

roles = Table(
    "roles",
    metadata,
    Column("person", StoredText, primary_key=True),  # as it was written first
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
        """The role that was given to somebody, however they are spelt; None where none was.

        Where two spellings have a role each, as before decision 28, a third one has the lesser.
        """
        given = self.roles()
        found = [role for name, role in given.items() if _is(name, person)]
        return given.get(person) or min(found, key=list(Role).index, default=None)

    def known_as(self, person: str) -> str:
        """How somebody is spelt here: as in their first label, else in their role, else as they are given."""
        with self._read() as connection:
            names = [name for name in connection.execute(ANALYSTS).scalars() if _is(name, person)]
            first = select(labels.c.analyst).where(labels.c.analyst.in_(names)).order_by(labels.c.label_id)
            labelled = connection.execute(first.limit(1)).scalar() if len(names) > 1 else None
            return str(labelled or [*names, *_spellings(connection, person), person.strip()][0])

    def give_role(self, person: str, role: Role, by: str = "") -> None:
        """From now on somebody has this role, in every spelling. Raises `MMQualityError` for nobody."""
        person = person.strip()
        if not person:
            raise MMQualityError("A role needs a person; write the name that the sign-in gives.")
        given = {"role": role.value, "since": datetime.now(UTC)}
        with self._write() as connection:
            names = _spellings(connection, person) or [person]
            rows = [{"person": name, **given} for name in names]
            connection.execute(upsert(connection, roles, ["role", "since"]), rows)
            record(connection, Deed.ROLES, by, names[0], f"is {role} now")

    def take_role(self, person: str, by: str = "") -> None:
        """From now on somebody has no role of their own. Raises `MMQualityError` where they had none."""
        with self._write() as connection:
            names = _spellings(connection, person)
            if not names:
                raise MMQualityError(f"{person!r} has no role; `mmquality roles list` shows who has one.")
            connection.execute(delete(roles).where(roles.c.person.in_(names)))
            record(connection, Deed.ROLES, by, names[0], "has no role any more")

    def labelled_by(self, label_id: int | None = None, batch: str | None = None) -> set[str]:
        """Whose labels these are, that stand: one by its number, or all of a batch."""
        query = select(labels.c.analyst).outerjoin(label_withdrawals).distinct()
        query = query.where(label_withdrawals.c.label_id.is_(None))
        query = query.where(labels.c.label_id == label_id if batch is None else labels.c.batch == batch)
        with self._read() as connection:
            return set(connection.execute(query).scalars())


_PEOPLE = select(roles.c.person).order_by(roles.c.since)


def _spellings(connection: Connection, person: str) -> list[str]:
    """The names with a role that are this person's."""
    return [name for name in connection.execute(_PEOPLE).scalars() if _is(name, person)]


def _is(name: str, person: str) -> bool:
    """Whether both name the same person. Of bytes, `lower` changes A to Z alone."""
    return name.encode().lower() == storable(person.strip()).encode().lower()
