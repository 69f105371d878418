"""Looking after the database: is it sound, and a copy of it while people work."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import exists, func, select

from mmquality.errors import WorkspaceError
from mmquality.files import room_for
from mmquality.store.database import Database
from mmquality.store.places import ranked_count
from mmquality.store.schema import shown
from mmquality.store.tables import current_labels, label_withdrawals, labels, model_versions, scores

_MOST_TOLD = 5  # faults of the file that are told


class UpkeepStore(Database):
    """The part of the store that is for those who keep it running."""

    def faults(self) -> list[str]:
        """What is wrong with the database, in sentences; empty where all is well.

        Goes through the whole database: seconds for ten thousand listings, minutes for very many.
        """
        return [*self._file_faults(), *self._label_faults(), *self._rank_faults()]

    def copy_to(self, file: Path) -> None:
        """Copy SQLite's database into a new file, as it is at one moment; others go on reading and writing.

        Raises `WorkspaceError` for PostgreSQL, which has pg_dump for that.
        """
        if self._engine.dialect.name != "sqlite":
            raise WorkspaceError(
                f"{shown(self._engine.url)} is copied by PostgreSQL's own pg_dump, not from here."
            )
        with self._read() as connection:
            source: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            target = sqlite3.connect(file)
            try:
                with room_for(file):
                    source.backup(target)
            finally:
                target.close()

    def _file_faults(self) -> list[str]:
        if self._engine.dialect.name != "sqlite":
            return []  # the server looks after its files
        with self._read() as connection:
            said = [row[0] for row in connection.exec_driver_sql(f"PRAGMA quick_check({_MOST_TOLD})")]
            loose = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST_TOLD)
        faults = [f"The database file is damaged: {line}." for line in said if line != "ok"]
        return faults + [f"A row of {table} points to none of {other}." for table, _, other, _ in loose]

    def _label_faults(self) -> list[str]:
        withdrawn = exists().where(label_withdrawals.c.label_id == labels.c.label_id)
        standing = select(func.max(labels.c.label_id).label("label_id")).where(~withdrawn)
        newest = standing.group_by(labels.c.listing_no).subquery()
        pointed = exists().where(current_labels.c.label_id == newest.c.label_id)
        lost = select(func.count()).select_from(newest).where(~pointed)
        with self._read() as connection:
            number: int = connection.execute(lost).scalar_one()
        return [f"Of {number:,} listings another label counts than the newest."] if number else []

    def _rank_faults(self) -> list[str]:
        versions = select(model_versions.c.version_id, model_versions.c.name)
        rows = select(func.count()).select_from(scores)
        with self._read() as connection:
            found = [
                (name, connection.execute(rows.where(scores.c.version_id == number)).scalar_one(),
                 ranked_count(connection, number))
                for number, name in connection.execute(versions).all()
            ]  # fmt: skip
        return [
            f"The ranking of model {name} has gaps: {there:,} scores, the last at rank {last:,}."
            for name, there, last in found
            if there != last
        ]
