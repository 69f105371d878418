"""An order for the queue in which neighbours differ: every region of the unified space in turn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmquality.rows import Rows

WORST = 10_000  # listings that are put into this order; nobody reviews further
REGIONS = 50  # at most; each is a kind of listing, its worst ones come first


def varied_order(scores: pd.DataFrame, unified: Rows) -> list[str]:
    """Ids of the worst listings of `scores` (listing_id, score): the worst of each region of the unified
    space (n, d), then the second worst of each, and so on; the worst first in each round.

    Regions are the clusters that k-means finds among these listings; the same ones in every run.
    """
    from sklearn.cluster import KMeans  # slow to import

    ranked = scores.reset_index(drop=True).sort_values(["score", "listing_id"], ascending=[False, True])
    worst = ranked.iloc[:WORST]
    vectors = np.asarray(unified[worst.index.to_numpy()], dtype=np.float32)
    regions = min(REGIONS, len(np.unique(vectors, axis=0)))
    region = KMeans(regions, n_init=1, max_iter=30, random_state=0).fit_predict(vectors)
    turn = worst.groupby(region).cumcount()
    order: list[str] = worst["listing_id"].iloc[np.argsort(turn.to_numpy(), kind="stable")].tolist()
    return order
