"""The queue: hands out one case at a time, and never one case to two analysts."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from mmquality.records import Drawn
from mmquality.store.conditions import RankingQuery
from mmquality.store.database import Database, upsert
from mmquality.store.scores import scored_count, version_in_force
from mmquality.store.selection import Selection
from mmquality.store.tables import current_labels, current_model, labels, leases, listings, scores

LEASE = timedelta(minutes=15)  # without a verdict or another look, the case then goes to others
_CONTROL_TRIES = 50  # random ranks; so many are needed only where nearly everything is labelled


@dataclass(frozen=True)
class Case:
    """A listing that is its analyst's until a verdict, or until the lease ends."""

    listing_id: str
    drawn: Drawn


class QueueStore(Database):
    """The part of the store that hands out cases."""

    def next_case(
        self,
        analyst: str,
        query: RankingQuery,
        control_share: float = 0.0,
        apart_from: Collection[str] = (),
        rng: random.Random | None = None,
    ) -> Case | None:
        """The case that `analyst` holds, else a new one that nobody holds; None where nothing is left.

        A new one is the worst unlabelled listing of the query or, with probability `control_share`, a random
        unlabelled one of the whole catalogue. A case that was skipped, labelled meanwhile or that the query
        no longer asks for is given back.

        :param apart_from: ids of listings that the analyst skipped
        """
        with self._write() as connection:
            # One draw at a time, or two would find the same case free. (On SQLite every writer is alone.)
            connection.execute(select(current_model).with_for_update())
            found = version_in_force(connection)
            if found is None:
                return None
            draw = _Draw(connection, found[0], analyst, query, apart_from)
            return draw.held() or draw.new(control_share, rng or random.Random())

    def upcoming(self, analyst: str, query: RankingQuery, apart_from: Collection[str] = ()) -> str | None:
        """The worst listing that `analyst` could be given now, apart from those; nobody is given it by this.

        What comes next, unless somebody is quicker or a control case is drawn.
        """
        with self._read() as connection:
            found = version_in_force(connection)
            return _Draw(connection, found[0], analyst, query, apart_from).first() if found else None

    def give_back(self, analyst: str) -> None:
        """Let others have what `analyst` holds."""
        with self._write() as connection:
            connection.execute(delete(leases).where(leases.c.analyst == analyst))

    def judged_since(self, analyst: str, moment: datetime) -> list[datetime]:
        """When the analyst labelled since `moment`, the latest first; withdrawn labels were work, too."""
        by_analyst = (labels.c.analyst == analyst, labels.c.created_at >= moment)
        query = select(labels.c.created_at).where(*by_analyst).order_by(labels.c.label_id.desc())
        with self._read() as connection:
            return list(connection.execute(query).scalars())

    def judged_before(self, analyst: str, label_id: int | None = None) -> tuple[int, str] | None:
        """The analyst's last label, or the last one before `label_id`: its number and its listing's id."""
        query = select(labels.c.label_id, listings.c.listing_id).select_from(
            labels.join(listings, listings.c.listing_no == labels.c.listing_no)
        )
        query = query.where(labels.c.analyst == analyst)
        if label_id is not None:
            query = query.where(labels.c.label_id < label_id)
        with self._read() as connection:
            row = connection.execute(query.order_by(labels.c.label_id.desc()).limit(1)).one_or_none()
        return None if row is None else (row[0], row[1])


class _Draw:
    """One analyst's turn, inside a transaction."""

    def __init__(
        self,
        connection: Connection,
        version_id: int,
        analyst: str,
        query: RankingQuery,
        apart_from: Collection[str],
    ) -> None:
        self._connection, self._version_id, self._analyst = connection, version_id, analyst
        self._selection = Selection(connection, version_id, query)
        self._now = datetime.now(UTC)
        skipped = select(listings.c.listing_no).where(listings.c.listing_id.in_(apart_from))
        others = select(leases.c.listing_no).where(
            leases.c.analyst != analyst, leases.c.expires_at > self._now
        )
        number = scores.c.listing_no
        self._free: tuple[ColumnElement[bool], ...] = (
            number.not_in(select(current_labels.c.listing_no)),
            number.not_in(others),
            number.not_in(skipped),
        )

    def held(self) -> Case | None:
        """What the analyst holds, renewed, as long as it is to be judged; everything else is given back."""
        own = select(leases.c.listing_no, leases.c.drawn).where(leases.c.analyst == self._analyst)
        case = None
        for number, drawn in self._connection.execute(own).all():
            here = scores.c.listing_no == number
            anywhere = drawn == Drawn.CONTROL
            rank = self._anywhere(here) if anywhere else self._selection.worst_of(here, *self._free)
            if case is None and rank is not None:
                case = self._lease(rank, Drawn(drawn))
            else:
                self._connection.execute(delete(leases).where(leases.c.listing_no == number))
        return case

    def new(self, control_share: float, rng: random.Random) -> Case | None:
        """A case that nobody holds."""
        if rng.random() < control_share:
            rank = self._random(rng)
            if rank is not None:
                return self._lease(rank, Drawn.CONTROL)
        rank = self._selection.worst_of(*self._free)
        return None if rank is None else self._lease(rank, Drawn.QUEUE)

    def first(self) -> str | None:
        """The id of the worst free listing."""
        rank = self._selection.worst_of(*self._free)
        return None if rank is None else self._listing(rank)[1]

    def _random(self, rng: random.Random) -> int | None:
        """The rank of a random free listing: every one is as likely as every other."""
        ranked = scored_count(self._connection, self._version_id)
        tries = (rng.randint(1, ranked) for _ in range(_CONTROL_TRIES if ranked else 0))
        free = (rank for rank in tries if self._anywhere(scores.c.rank == rank) is not None)
        return next(free, None)

    def _anywhere(self, here: ColumnElement[bool]) -> int | None:
        """The rank of the listing `here` in the whole ranking, where it is free."""
        query = select(scores.c.rank).where(scores.c.version_id == self._version_id, here, *self._free)
        return self._connection.execute(query).scalar_one_or_none()

    def _lease(self, rank: int, drawn: Drawn) -> Case:
        number, listing_id = self._listing(rank)
        lease = {
            "listing_no": number,
            "analyst": self._analyst,
            "drawn": drawn.value,
            "expires_at": self._now + LEASE,
        }
        self._connection.execute(upsert(self._connection, leases, ["analyst", "drawn", "expires_at"]), lease)
        return Case(listing_id, drawn)

    def _listing(self, rank: int) -> tuple[int, str]:
        """The number and the id of the listing at a rank."""
        at_rank = and_(scores.c.version_id == self._version_id, scores.c.rank == rank)
        listing = select(listings.c.listing_no, listings.c.listing_id).join(
            scores, scores.c.listing_no == listings.c.listing_no
        )
        number, listing_id = self._connection.execute(listing.where(at_rank)).one()
        return number, listing_id
