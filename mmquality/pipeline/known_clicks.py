"""What the click log says of some listings, as numbers: how often each was shown and clicked at each place,
and who was clicked together. The log is read in parts, and no more than numbers of it stays in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.util import hash_array
from scipy.sparse import csr_array

from mmquality.pipeline.click_counts import PlaceCounts, impressions_in_parts
from mmquality.pipeline.kept_clicks import click_parts

Ints = npt.NDArray[np.int64]

MOST_CLICKS = 50  # listings clicked in one session; beyond, it is a crawler's, and no listings go together


@dataclass(frozen=True)
class KnownClicks:
    """Of n listings, row by row."""

    shown: csr_array  # (n, places) impressions at each place on the page, place 1 first
    clicked: csr_array  # (n, places) how many of them were clicked
    pairs: Ints  # (m, 2) rows of co-clicked listings, each pair once, the lower row first


def known_clicks(folder: Path, listing_ids: Iterable[str], held_out: Collection[str] = ()) -> KnownClicks:
    """The log in `folder` of these listings, without what touches one that is held out.

    Two go together where the log says so, where one was clicked under the other, or both in one session.
    Clicks on others are left out: the log outlives a listing whose photo is gone. Raises `WorkspaceError`.
    """
    rows = pd.Index(listing_ids)
    counts, clicks = PlaceCounts(), [_NOTHING]
    for part in _impressions(folder, rows, held_out):
        counts.add(*(part[name].to_numpy() for name in ("row", "place", "clicked")))
        clicks.append(_events(rows, part[part["clicked"]]))
    together = pd.concat(clicks, ignore_index=True)
    ends = [
        *_co_clicks(folder, rows, held_out),
        together.loc[together["seed"] >= 0, ["seed", "row"]].to_numpy(np.int64),
        _clicked_together(together),
    ]
    return KnownClicks(*counts.of(len(rows)), _distinct(ends, len(rows)))


_NOTHING = pd.DataFrame(
    {
        "session": np.empty(0, np.uint64),  # a hash: of a hundred million, two share one in 3 of 10,000 logs
        "seed": np.empty(0, np.int32),
        "row": np.empty(0, np.int32),
    }
)


def _impressions(folder: Path, rows: pd.Index[str], held_out: Collection[str]) -> Iterator[pd.DataFrame]:
    """The log of `rows` in parts, each with its row and its place, from 0."""
    for part, places in impressions_in_parts(folder, ["session_id", "seed_listing_id", "listing_id"]):
        part = part.assign(row=_places(rows, part["listing_id"]), place=places)
        yield _apart_from(held_out, part[part["row"] >= 0], "listing_id", "seed_listing_id")


def _events(rows: pd.Index[str], clicks: pd.DataFrame) -> pd.DataFrame:
    """The columns of `_NOTHING`: what is kept of each click."""
    return pd.DataFrame(
        {
            "session": hash_array(clicks["session_id"].to_numpy(object)),
            "seed": _places(rows, clicks["seed_listing_id"]),
            "row": clicks["row"].to_numpy(np.int32),
        }
    )


def _co_clicks(folder: Path, rows: pd.Index[str], held_out: Collection[str]) -> Iterator[Ints]:
    for part in click_parts(folder, "co_clicks", ["listing_id", "other_id"]):
        part = _apart_from(held_out, part, "listing_id", "other_id")
        ends = np.stack([_places(rows, part[end]) for end in ("listing_id", "other_id")], axis=1)
        yield ends[(ends >= 0).all(axis=1)].astype(np.int64)


def _apart_from(held_out: Collection[str], clicks: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return clicks[~clicks[list(columns)].isin(held_out).any(axis=1)] if held_out else clicks


def _clicked_together(clicks: pd.DataFrame) -> Ints:
    """Every two listings clicked in one session, in both orders."""
    clicks = clicks[["session", "row"]].drop_duplicates()
    of_a_person = clicks.groupby("session")["row"].transform("size") <= MOST_CLICKS
    clicks = clicks[of_a_person]
    both = clicks.merge(clicks, on="session", suffixes=("", "_other"))
    return both[["row", "row_other"]].to_numpy(np.int64)


def _distinct(ends: Iterable[Ints], n: int) -> Ints:
    """The pairs of different rows among some of n rows, each once and in order."""
    pairs = np.sort(np.concatenate(list(ends)), axis=1)
    one, other = pairs[pairs[:, 0] != pairs[:, 1]].T
    return np.stack(np.divmod(np.unique(one * n + other), max(n, 1)), axis=1)


def _places(rows: pd.Index[str], listing_ids: pd.Series[str]) -> npt.NDArray[np.int32]:
    """The row of each listing, -1 where it is none of these."""
    return np.asarray(rows.get_indexer(pd.Index(listing_ids)), np.int32)
