"""The catalogue in figures: what a threshold flags, in which groups, what verdicts say, who labelled when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from mmquality.records import Drawn, Verdict
from mmquality.store.database import Database, frame_of
from mmquality.store.left_first import LeftFirst
from mmquality.store.places import END, ranked_count
from mmquality.store.scores import first_where, version_in_force
from mmquality.store.tables import current_labels, label_withdrawals, labels, listings, model_versions, scores

_STREAMED = 50_000  # rows held at a time while the catalogue is gone through


@dataclass(frozen=True)
class Flagged:
    """How many listings score a threshold or more, and how many of them have a label that counts."""

    listings: int
    labelled: int

    @property
    def left(self) -> int:
        """How many are still to be reviewed."""
        return self.listings - self.labelled


@dataclass(frozen=True)
class GroupRate:
    """One group of listings: how many it has, and how many of them are flagged."""

    name: str  # "" = the listings that name none
    flagged: int
    listings: int

    @property
    def share(self) -> float:
        """The share that is flagged, 0…1."""
        return self.flagged / self.listings


@dataclass(frozen=True)
class Groups:
    """The ranked listings of one version by group: rank r belongs to `names[codes[r - 1]]`."""

    names: Sequence[str]
    codes: npt.NDArray[np.int32]

    def most_flagged(self, flagged: int, most: int = 10) -> list[GroupRate]:
        """The groups with the most listings among the first `flagged` ranks, those without any left out."""
        hits = np.bincount(self.codes[:flagged], minlength=len(self.names))
        sizes = np.bincount(self.codes, minlength=len(self.names))
        first = np.argsort(-hits, kind="stable")[:most]  # names are sorted: equal ones follow by name
        return [GroupRate(self.names[i], int(hits[i]), int(sizes[i])) for i in first if hits[i]]


class SummaryStore(Database):
    """The part of the store that counts for the overview."""

    def flagged(self, threshold: float, labelled: npt.NDArray[np.int64] | None = None) -> Flagged:
        """What the version in force flags at a threshold (0…1); nothing without a version.

        `labelled`: what `labelled_places` said; who asks for several thresholds need not look it up again.
        """
        places = self.labelled_places() if labelled is None else labelled
        with self._read() as connection:
            found = version_in_force(connection)
            if found is None:
                return Flagged(0, 0)
            lower = first_where(connection, found[0], scores.c.score < threshold)
            last = ranked_count(connection, found[0]) if lower is None else lower[1] - 1
        return Flagged(last, int((places < (END if lower is None else lower[0])).sum()))

    def labelled_places(self) -> npt.NDArray[np.int64]:
        """The places (`places.py`) of the listings with a label that counts, in the version in force."""
        with self._read() as connection:
            found = version_in_force(connection)
            judged = LeftFirst(current_labels, scores, scores.c.listing_no == current_labels.c.listing_no)
            in_force = scores.c.version_id == (found[0] if found else 0)
            query = select(scores.c.place).select_from(judged).where(in_force)
            return np.array(list(connection.execute(query).scalars()), np.int64)

    def ranked_groups(self, *columns: str) -> tuple[Groups, ...]:
        """The version in force by each of these columns of `Listing` (category, seller).

        Goes through the whole catalogue, so ask once per version; any threshold is then answered from memory.
        """
        with self._read() as connection:
            found = version_in_force(connection)
            return _groups(connection, found[0] if found else 0, columns)

    def judged_scores(self) -> pd.DataFrame:
        """version, score, mismatch (bool), control (bool) of every verdict that counts.

        Unsure is none, nor is one that is disputed. The score is the one that the analyst saw: it was given
        before the verdict was, so no model has learnt the verdict from it. A verdict on a listing that had no
        score is left out. `control`: the listing was once drawn at random from the catalogue, whoever has
        judged it since.
        """
        drawn = select(labels.c.listing_no).where(labels.c.drawn == Drawn.CONTROL.value)
        mismatch = labels.c.verdict == Verdict.MISMATCH.value
        query = (
            select(model_versions.c.name, labels.c.score, mismatch, labels.c.listing_no.in_(drawn))
            .join(current_labels, current_labels.c.label_id == labels.c.label_id)
            .join(model_versions, model_versions.c.version_id == labels.c.version_id)
            .where(labels.c.verdict != Verdict.UNSURE.value, ~current_labels.c.disputed)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        frame = frame_of(rows, ["version", "score", "mismatch", "control"])
        return frame.astype({"score": "float64", "mismatch": "bool", "control": "bool"})

    def labels_per_day(self, since: datetime) -> pd.DataFrame:
        """day (a `date` in UTC), analyst, labels: those given since then and not withdrawn, by day."""
        withdrawn = select(label_withdrawals.c.label_id)
        with self._read() as connection:
            day = _utc_day(labels.c.created_at, connection.dialect.name)
            query = (
                select(day, labels.c.analyst, func.count())
                .where(labels.c.created_at >= since, labels.c.label_id.not_in(withdrawn))
                .group_by(day, labels.c.analyst)
                .order_by(day, labels.c.analyst)
            )
            rows = [
                (date.fromisoformat(str(day)), analyst, n) for day, analyst, n in connection.execute(query)
            ]
        return pd.DataFrame(rows, columns=["day", "analyst", "labels"])

    def label_events(self) -> tuple[int, int]:
        """The newest label's number and how many labels were withdrawn: while they stay, all figures do."""
        with self._read() as connection:
            newest = connection.execute(select(func.max(labels.c.label_id))).scalar_one()
            withdrawn = connection.execute(select(func.count()).select_from(label_withdrawals)).scalar_one()
        return newest or 0, withdrawn


def _groups(connection: Connection, version_id: int, columns: Sequence[str]) -> tuple[Groups, ...]:
    # Listings in their order, each with its place from an index: the other way round every one would be a
    # leap to another page of the file. Those that are not ranked have none.
    here = (scores.c.listing_no == listings.c.listing_no) & (scores.c.version_id == version_id)
    query = select(scores.c.place, *(listings.c[name] for name in columns)).select_from(
        listings.outerjoin(scores, here)
    )
    places, codes = [], []
    met: list[dict[str, int]] = [{} for _ in columns]
    for rows in connection.execution_options(yield_per=_STREAMED).execute(query).partitions():
        stand, *values = zip(*rows, strict=True)
        places.append(np.array([place or 0 for place in stand], dtype=np.int64))
        told = zip(met, values, strict=True)
        codes.append(
            np.array(
                [[numbers.setdefault(name or "", len(numbers)) for name in names] for numbers, names in told],
                dtype=np.int32,
            )
        )
    if not places:
        return tuple(Groups([], np.empty(0, np.int32)) for _ in columns)
    place, code = np.concatenate(places), np.concatenate(codes, axis=1)
    by_rank = np.argsort(place)[(place == 0).sum() :]
    return tuple(_sorted(list(numbers), row[by_rank]) for numbers, row in zip(met, code, strict=True))


def _sorted(names: list[str], codes: npt.NDArray[np.int32]) -> Groups:
    """The same groups with their names in order."""
    order = sorted(range(len(names)), key=names.__getitem__)
    new = np.empty(len(names), dtype=np.int32)
    new[order] = np.arange(len(names), dtype=np.int32)
    return Groups([names[i] for i in order], new[codes] if len(names) else codes)


def _utc_day(moment: ColumnElement[datetime], dialect: str) -> ColumnElement[str]:
    return func.date(func.timezone("UTC", moment) if dialect == "postgresql" else moment)
