"""Model versions and their scores: published in one step, one of them in force, none forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY

from mmquality.errors import ModelFileError, UnknownListingError, WorkspaceError
from mmquality.records import ModelVersion
from mmquality.store.arrivals import leave
from mmquality.store.comings import last_change, removed
from mmquality.store.database import Database, frame_of, upsert
from mmquality.store.events import Deed, events, record
from mmquality.store.facets import one_import_at_a_time
from mmquality.store.places import ROOM, rank, ranked_count
from mmquality.store.tables import current_model, listings, model_versions, scores, varied_order

_BATCH = 50_000
_OF_VERSION = tuple(field.name for field in fields(ModelVersion))


def as_version(row: RowMapping) -> ModelVersion:
    """The version in a row that holds the columns of `model_versions`."""
    return ModelVersion(**{name: row[name] for name in _OF_VERSION})


_IN_FORCE = select(model_versions).join(current_model)
_LAST_DEED = (
    select(events.c.subject)
    .where(events.c.kind == Deed.MODEL.value)
    .order_by(events.c.event_id.desc())
    .limit(1)
)


def version_in_force(connection: Connection) -> tuple[int, ModelVersion] | None:
    """The number and the record of the version that readers see."""
    row = connection.execute(_IN_FORCE).mappings().one_or_none()
    return None if row is None else (row["version_id"], as_version(row))


class ScoreStore(Database):
    """The part of the store that holds model versions and scores."""

    def publish(
        self,
        version: ModelVersion,
        frame: pd.DataFrame,
        in_force: bool = True,
        varied: Sequence[str] = (),
        by: str = "",
        changes_known: int | None = None,
    ) -> None:
        """Store a version with its scores (listing_id, score in 0…1) and put it in force, in one transaction.

        Without `in_force` people can look at it, and put it in force later (`make_current`). Rank 1 is the
        highest score; equal scores are ranked by listing_id. Readers see the old version or the new one.
        Earlier versions stay. `varied`: ids of the worst listings, in the order in which each differs from
        those before it. `changes_known`: the catalogue's last change (`last_change`) when it was read to be
        scored, by default the last there is. Raises `ModelFileError` for scores that do not fit,
        `UnknownListingError` for listings that the catalogue does not hold, `WorkspaceError` when the name is
        taken; nothing changes then.
        """
        ranked = _ranked(frame)
        with self._read() as connection:  # before the write lock: listings are never deleted
            numbers = _listing_numbers(connection, ranked["listing_id"], version.name)
        number_of = dict(zip(ranked["listing_id"], numbers.tolist(), strict=True))
        with self._write() as connection:
            known = last_change(connection) if changes_known is None else changes_known
            version_id = _add_version(connection, version, known)
            _insert_scores(connection, version_id, numbers, ranked["score"].to_numpy())
            one_import_at_a_time(connection)
            leave(connection, connection.execute(removed()).scalars().all())  # since they were scored
            if varied:
                places = enumerate((number_of[listing_id] for listing_id in varied), 1)
                rows = [{"version_id": version_id, "place": n, "listing_no": no} for n, no in places]
                connection.execute(insert(varied_order), rows)
            record(connection, Deed.MODEL, by, version.name, f"published, {version.listings:,} listings")
            if in_force:
                _put_in_force(connection, version_id)
                record(connection, Deed.MODEL, by, version.name, "put in force")
        self._refresh_statistics()

    def make_current(self, name: str, by: str = "") -> None:
        """Put an earlier version in force again. Raises `WorkspaceError` when there is none of that name."""
        with self._write() as connection:
            _put_in_force(connection, _version_id(connection, name))
            record(connection, Deed.MODEL, by, name, "put in force")

    def current_version(self) -> ModelVersion | None:
        """The version in force, or None before the first one."""
        with self._read() as connection:
            found = version_in_force(connection)
        return None if found is None else found[1]

    def waiting_version(self) -> str | None:
        """The version published last, as long as nobody has put it, or another one, in force since."""
        with self._read() as connection:
            last: str | None = connection.execute(_LAST_DEED).scalar_one_or_none()
            current = version_in_force(connection)
        return None if current is None or last == current[1].name else last

    def last_change(self) -> int:
        """The number of the catalogue's last change; a version that reads the catalogue now knows it."""
        with self._read() as connection:
            return last_change(connection)

    def versions(self) -> list[ModelVersion]:
        """All versions, the last published first."""
        query = select(model_versions).order_by(model_versions.c.version_id.desc())
        with self._read() as connection:
            return [as_version(row) for row in connection.execute(query).mappings()]

    def version_scores(self, name: str) -> pd.DataFrame:
        """listing_id, score, rank of every listing that a version scored, the worst first.

        Raises `WorkspaceError` when there is no version of that name.
        """
        query = (
            select(listings.c.listing_id, scores.c.score)
            .join(scores, scores.c.listing_no == listings.c.listing_no)
            .join(model_versions, model_versions.c.version_id == scores.c.version_id)
            .where(model_versions.c.name == name)
            .order_by(scores.c.place)
        )
        with self._read() as connection:
            _version_id(connection, name)
            rows = connection.execute(query).all()
        found = frame_of(rows, ["listing_id", "score"])
        return found.assign(rank=np.arange(1, len(found) + 1))

    def ranked_numbers(self, name: str) -> pd.DataFrame:
        """listing_no (never to be shown), score, rank of every listing of a version, worst first.

        Much quicker than `version_scores` where there are very many. Raises as it does.
        """
        with self._read() as connection:
            here = scores.c.version_id == _version_id(connection, name)
            query = select(scores.c.listing_no, scores.c.score).where(here).order_by(scores.c.place)
            rows = connection.execute(query).cursor  # the driver's own: a million rows without a wrapper each
            found = np.array(rows.fetchall(), dtype=[("listing_no", np.int64), ("score", np.float64)])
        return pd.DataFrame(found).assign(rank=np.arange(1, len(found) + 1))

    def ids_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The listing_ids of these listing_nos, at most some ten thousand."""
        query = select(listings.c.listing_no, listings.c.listing_id).where(listings.c.listing_no.in_(numbers))
        with self._read() as connection:
            return {number: listing_id for number, listing_id in connection.execute(query)}

    def score_history(self, listing_id: str) -> list[tuple[ModelVersion, float, int]]:
        """(version, score, rank) of one listing in every version that scored it, the oldest first."""
        query = (
            select(model_versions, scores.c.score, rank)
            .join(scores, scores.c.version_id == model_versions.c.version_id)
            .join(listings, listings.c.listing_no == scores.c.listing_no)
            .where(listings.c.listing_id == listing_id)
            .order_by(model_versions.c.version_id)
        )
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [(as_version(row), row["score"], row["rank"]) for row in rows]

    def score_histogram(self, bins: int = 50) -> pd.DataFrame:
        """The scores of the version in force in `bins` equal bins of 0…1: columns low, high, count.

        A bin holds low ≤ score < high; the last one also holds 1. Without a version all counts are 0.
        """
        edges = np.linspace(0.0, 1.0, bins + 1)
        with self._read() as connection:
            found = version_in_force(connection)
            at_least = (
                _counts_at_least(connection, found[0], edges) if found else np.zeros(bins + 1, np.int64)
            )
        at_least[-1] = 0
        return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": at_least[:-1] - at_least[1:]})


def first_where(
    connection: Connection, version_id: int, condition: ColumnElement[bool]
) -> tuple[int, int] | None:
    """Place and rank of the worst listing of a version that meets a condition on the score.

    One descent of the index, however many there are. None where no listing meets it.
    """
    query = (
        select(scores.c.place, rank)
        .where(scores.c.version_id == version_id, condition)
        .order_by(scores.c.score.desc(), scores.c.place)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def count_before(connection: Connection, version_id: int, condition: ColumnElement[bool]) -> int:
    """How many listings of a version are ranked before the first one that meets a condition on the score.

    `scores.c.score < x` gives how many score x or more.
    """
    first = first_where(connection, version_id, condition)
    return ranked_count(connection, version_id) if first is None else first[1] - 1


def _version_id(connection: Connection, name: str) -> int:
    query = select(model_versions.c.version_id).where(model_versions.c.name == name)
    version_id: int | None = connection.execute(query).scalar_one_or_none()
    if version_id is None:
        raise WorkspaceError(
            f"There is no model version {name!r}; `mmquality models list` shows those there are."
        )
    return version_id


def _counts_at_least(connection: Connection, version_id: int, edges: np.ndarray) -> np.ndarray:
    return np.array([count_before(connection, version_id, scores.c.score < float(edge)) for edge in edges])


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame["score"].to_numpy(dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():  # NaN is neither
        raise ModelFileError(
            "Some scores are not numbers in 0…1; nothing was published. Train the model again."
        )
    if frame["listing_id"].duplicated().any():
        raise ModelFileError("A listing was scored twice; nothing was published. Score the catalogue again.")
    ranked = pd.DataFrame({"listing_id": frame["listing_id"].astype(object), "score": values})
    return ranked.sort_values(["score", "listing_id"], ascending=[False, True], ignore_index=True)


def _listing_numbers(connection: Connection, ids: pd.Series[str], version: str) -> np.ndarray:
    rows = connection.execute(select(listings.c.listing_id, listings.c.listing_no))
    numbers = ids.map({listing_id: number for listing_id, number in rows})
    unknown = ids[numbers.isna()]
    if len(unknown):
        raise UnknownListingError(
            f"Model version {version} scores {len(unknown)} listings that the catalogue does not hold "
            f"({unknown.iloc[0]!r} is one); import them first, then score again."
        )
    return numbers.to_numpy(dtype=np.int64)


# PostgreSQL takes whole columns as arrays, ten times quicker than a parameter for every value.
_FROM_ARRAYS = insert(scores).from_select(
    list(scores.c.keys()),
    select(
        func.unnest(*(bindparam(column.name, type_=ARRAY(column.type)) for column in scores.c))
        .table_valued(*scores.c.keys())
        .render_derived()
    ),
)


def _insert_scores(connection: Connection, version_id: int, numbers: np.ndarray, values: np.ndarray) -> None:
    """Store the scores of listings that come in the order of their ranks."""
    for start in range(0, len(numbers), _BATCH):
        batch = slice(start, start + _BATCH)
        listing_nos = numbers[batch].tolist()
        columns = {
            "version_id": [version_id] * len(listing_nos),
            "place": [number << ROOM for number in range(start + 1, start + 1 + len(listing_nos))],
            "listing_no": listing_nos,
            "score": values[batch].tolist(),
        }
        if connection.dialect.name == "postgresql":
            connection.execute(_FROM_ARRAYS, columns)
        else:
            rows = zip(*columns.values(), strict=True)
            connection.execute(insert(scores), [dict(zip(columns, row, strict=True)) for row in rows])


def _add_version(connection: Connection, version: ModelVersion, changes_known: int) -> int:
    taken = select(model_versions.c.version_id).where(model_versions.c.name == version.name)
    if connection.execute(taken).first() is not None:
        raise WorkspaceError(
            f"A model version {version.name!r} was published before; publish under another name."
        )
    values = {
        "name": version.name,
        "created_at": version.created_at,
        "listings": version.listings,
        "summary": version.summary,
        "changes_known": changes_known,
    }
    new = insert(model_versions).values(values).returning(model_versions.c.version_id)
    version_id: int = connection.execute(new).scalar_one()
    return version_id


def _put_in_force(connection: Connection, version_id: int) -> None:
    pointer = {"slot": 1, "version_id": version_id}
    connection.execute(upsert(connection, current_model, ["version_id"]), pointer)
