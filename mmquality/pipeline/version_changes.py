"""Two model versions side by side: how far they agree, and which listings moved most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmquality.store import Store


@dataclass(frozen=True)
class VersionChange:
    """The listings that both versions scored.

    `rows`: listing_no, score_before, rank_before, score_after, rank_after; the worst of the later version
    first. Ranks are those of each version's whole catalogue.
    """

    before: str
    after: str
    rows: pd.DataFrame
    only_before: int  # listings that this version scored and the other one did not
    only_after: int

    def correlation(self) -> float | None:
        """Spearman's rank correlation, 1 = the same order; None for fewer than two listings."""
        if len(self.rows) < 2:
            return None
        before, after = (self.rows[name].rank().to_numpy() for name in ("rank_before", "rank_after"))
        return float(np.corrcoef(before, after)[0, 1])

    def kept(self, k: int) -> int:
        """How many of the k worst of the earlier version are among the k worst of the later one."""
        return int(((self.rows["rank_before"] <= k) & (self.rows["rank_after"] <= k)).sum())

    def risen(self, k: int) -> pd.DataFrame:
        """The k listings whose score rose most, the largest change first; none that fell."""
        return self._moved(k, 1)

    def fallen(self, k: int) -> pd.DataFrame:
        """The k listings whose score fell most, the largest change first; none that rose."""
        return self._moved(k, -1)

    def _moved(self, k: int, sign: int) -> pd.DataFrame:
        change = sign * (self.rows["score_after"] - self.rows["score_before"])
        moved = self.rows.assign(change=change)[change > 0]
        most = moved.nlargest(k, "change", keep="all")  # more than k where changes are equal
        worst = most.sort_values(["change", "listing_no"], ascending=[False, True]).head(k)
        return worst.drop(columns="change").reset_index(drop=True)


def named(store: Store, rows: pd.DataFrame) -> pd.DataFrame:
    """The same rows of a `VersionChange`, a few thousand at most, with the listing_id of each."""
    return rows.assign(listing_id=rows["listing_no"].map(store.ids_of(rows["listing_no"].tolist())))


def compare_versions(
    store: Store, before: str, after: str, numbers: Callable[[str], pd.DataFrame] | None = None
) -> VersionChange:
    """Compare two published versions. Raises `WorkspaceError` for one that was never published.

    `numbers` answers in the place of `Store.ranked_numbers`, from tables that were kept, say.
    """
    scores = {name: (numbers or store.ranked_numbers)(name) for name in (before, after)}
    both = scores[before].merge(scores[after], on="listing_no", suffixes=("_before", "_after"))
    return VersionChange(
        before=before,
        after=after,
        rows=both.sort_values("rank_after", ignore_index=True),
        only_before=len(scores[before]) - len(both),
        only_after=len(scores[after]) - len(both),
    )
