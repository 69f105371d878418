"""The click log as visits: what was clicked, on whose page, and what the visitor had looked at before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Visits:
    """Clicks of visitors who had looked at other listings before; row i of each is one click."""

    session: Ints  # (n,) whose click it is
    page: Ints  # (n,) row of the listing on whose page it was
    clicked: Ints  # (n,) row of the listing that was clicked
    before: list[Ints]  # rows looked at before, the newest last; neither of the two above

    @classmethod
    def of(cls, impressions: Iterable[pd.DataFrame], ids: pd.Index[str], most_clicks: int) -> Visits:
        """From a cleaned click log, in parts, of which the clicks are held; `ids` name the rows.

        Sessions of more clicks are no person's.
        """
        clicks = pd.concat([_NOTHING, *(_clicks_of(part, ids) for part in impressions)], ignore_index=True)
        size = clicks.groupby("session_id")["clicked"].transform("size")
        clicks = clicks[size <= most_clicks].sort_values(
            ["session_id", "shown_at", "position"], kind="stable"
        )
        session = _numbered(clicks)
        found = list(_with_past(session.tolist(), clicks["page"].tolist(), clicks["clicked"].tolist()))
        columns: list[Any] = list(zip(*found, strict=True)) if found else [[], [], [], []]
        whole = [np.array(column, np.int64) for column in columns[:3]]
        return cls(whole[0], whole[1], whole[2], [np.array(past, np.int64) for past in columns[3]])

    def __len__(self) -> int:
        return len(self.session)

    def __getitem__(self, which: npt.NDArray[np.bool_]) -> Visits:
        before = [past for past, taken in zip(self.before, which, strict=True) if taken]
        return Visits(self.session[which], self.page[which], self.clicked[which], before)


_NOTHING = pd.DataFrame(
    {
        "session_id": pd.Series(dtype="str"),
        "shown_at": pd.Series(dtype="datetime64[us, UTC]"),
        "position": np.empty(0, np.int64),
        "page": np.empty(0, np.int32),
        "clicked": np.empty(0, np.int32),
    }
)


def _clicks_of(impressions: pd.DataFrame, ids: pd.Index[str]) -> pd.DataFrame:
    """The columns of `_NOTHING`, of clicks between listings that have a row."""
    clicks = impressions[impressions["clicked"]]
    page, clicked = (
        np.asarray(ids.get_indexer(pd.Index(clicks[name])), np.int32)
        for name in ("seed_listing_id", "listing_id")
    )
    kept = clicks[["session_id", "shown_at", "position"]].assign(page=page, clicked=clicked)
    return kept[(page >= 0) & (clicked >= 0)]


def _numbered(clicks: pd.DataFrame) -> Ints:
    """A number for each session, in the order in which they began."""
    began = clicks.groupby("session_id")["shown_at"].transform("min")
    order = clicks.assign(began=began).sort_values(["began", "session_id"], kind="stable")["session_id"]
    numbers = pd.Index(order.drop_duplicates()).get_indexer(pd.Index(clicks["session_id"]))
    return np.asarray(numbers, np.int64)


def _with_past(
    session: list[int], pages: list[int], clicked: list[int]
) -> Iterator[tuple[int, int, int, list[int]]]:
    """Every click that has a past: opening a page is a look at its listing, and so is a click."""
    looked: list[int] = []
    last = at = -1
    for visitor, page, click in zip(session, pages, clicked, strict=True):
        if visitor != last:
            looked, last, at = [], visitor, -1
        if page != at and page not in looked[-1:]:
            looked.append(page)
        at = page
        past = [row for row in dict.fromkeys(reversed(looked)) if row not in (page, click)][::-1]
        if past and page != click:
            yield visitor, page, click, past
        looked.append(click)
