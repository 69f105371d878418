"""Cases that two analysts judged without seeing each other's verdict."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import FromClause, ScalarSelect, exists, func, literal_column, select

from mmquality.records import Drawn
from mmquality.store.database import Database, frame_of
from mmquality.store.tables import label_withdrawals, labels, listings

_SAID = ("analyst", "verdict")


class SecondReviewStore(Database):
    """The part of the store that knows who judged the same case."""

    def judged_twice(self) -> pd.DataFrame:
        """The cases that two analysts judged, the second without seeing the first verdict.

        Columns: listing_id, first_analyst, first_verdict, second_analyst, second_verdict; verdicts that were
        withdrawn are left out. Of a second analyst who changed his mind the first word is taken: he may have
        seen the other's since.
        """
        first, second = labels.alias("first"), labels.alias("second")
        standing = ~exists().where(label_withdrawals.c.label_id == second.c.label_id)
        query = (
            select(
                listings.c.listing_id, first.c.analyst, first.c.verdict, second.c.analyst, second.c.verdict
            )
            .select_from(second)
            .join(listings, listings.c.listing_no == second.c.listing_no)
            .join(first, first.c.label_id == _verdict_before(second))
            .where(second.c.drawn == literal_column(f"'{Drawn.SECOND}'"), standing)
            .order_by(second.c.label_id)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        names = [f"{place}_{name}" for place in ("first", "second") for name in _SAID]
        found = frame_of(rows, ["listing_id", *names])
        return found.drop_duplicates(["listing_id", "second_analyst"], ignore_index=True)


def _verdict_before(second: FromClause) -> ScalarSelect[int]:
    """The last label that stands of those by others before this one, of the same title and photo.

    Who settles a disagreement has seen this one's verdict.
    """
    before = labels.alias("before")
    query = (
        select(func.max(before.c.label_id))
        .outerjoin(label_withdrawals, label_withdrawals.c.label_id == before.c.label_id)
        .where(before.c.listing_no == second.c.listing_no, before.c.label_id < second.c.label_id)
        .where(before.c.analyst != second.c.analyst, label_withdrawals.c.label_id.is_(None))
        .where(before.c.drawn != Drawn.DISPUTE.value)
        .where(before.c.title_hash == second.c.title_hash, before.c.photo_hash == second.c.photo_hash)
    )
    return query.correlate(second).scalar_subquery()
