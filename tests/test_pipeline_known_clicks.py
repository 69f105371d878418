"""The click log as numbers, against counting it line by line."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.clicks import dense
from mmquality.errors import WorkspaceError
from mmquality.pipeline import click_counts, kept_clicks
from mmquality.pipeline.click_counts import PLACES, counted_clicks
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.known_clicks import MOST_CLICKS, KnownClicks, known_clicks

IDS = ["a", "b", "c", "d"]  # of the catalogue; "gone" is a listing that it holds no more
LISTING = st.sampled_from([*IDS, "gone"])
IMPRESSION = st.tuples(
    st.sampled_from(["s1", "s2", "s3"]), LISTING, LISTING, st.integers(1, PLACES + 9), st.booleans()
)


def log_of(folder: Path, lines: list[tuple[str, str, str, int, bool]]) -> None:
    """Impressions (session, seed, listing, place, clicked), each at a time of its own."""
    columns = ["session_id", "seed_listing_id", "listing_id", "position", "clicked"]
    frame = pd.DataFrame(lines, columns=columns)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    merge_clicks(folder, "impressions", [frame.assign(shown_at=pd.date_range(begin, periods=len(lines)))])


def pairs_of(folder: Path, lines: list[tuple[str, str]]) -> None:
    """A file of co-clicks."""
    frame = pd.DataFrame(lines, columns=["listing_id", "other_id"]).assign(weight=1.0)
    merge_clicks(folder, "co_clicks", [frame])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(IMPRESSION, min_size=1, max_size=30),
    st.lists(st.tuples(LISTING, LISTING), min_size=1, max_size=8, unique=True),
    st.sets(LISTING, max_size=2),
)
def test_it_says_what_counting_line_by_line_says(
    lines: list[tuple[str, str, str, int, bool]], told: list[tuple[str, str]], held_out: set[str]
) -> None:
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patched:
        patched.setattr(kept_clicks, "_ROWS", 4)  # in several parts
        patched.setattr(click_counts, "_WAITING", 5)
        folder = Path(scratch)
        log_of(folder, lines)
        pairs_of(folder, told)
        found, of_all = known_clicks(folder, IDS, held_out), counted_clicks(folder)
    counted = [
        (session, seed, listing, min(place, PLACES) - 1, clicked)
        for session, seed, listing, place, clicked in lines
        if listing in IDS and not {seed, listing} & held_out
    ]
    shown = Counter((listing, place) for _, _, listing, place, _ in counted)
    clicked = Counter((listing, place) for _, _, listing, place, clicked in counted if clicked)
    places = max((place for _, place in shown), default=-1) + 1
    for counts, expected in ((found.shown, shown), (found.clicked, clicked)):
        wanted = [[expected[listing, place] for place in range(places)] for listing in IDS]
        np.testing.assert_array_equal(dense(counts), np.array(wanted, np.float32).reshape(len(IDS), places))
    seen = [listing for _, _, listing, _, _ in lines]
    assert of_all.listing_ids == list(dict.fromkeys(seen))  # whoever was shown first comes first
    assert of_all.shown.sum(axis=1).tolist() == [seen.count(one) for one in of_all.listing_ids]
    assert of_all.shown.shape[1] == max(min(place, PLACES) for _, _, _, place, _ in lines)
    assert of_all.clicked.sum() == sum(was_clicked for *_, was_clicked in lines)
    together = {frozenset(pair) for pair in told if set(pair) <= set(IDS) and not set(pair) & held_out}
    sessions = defaultdict(set)
    for session, seed, listing, _, was_clicked in counted:
        if was_clicked:
            sessions[session].add(listing)
            together |= {frozenset((seed, listing))} if seed in IDS else set()
    for listings in sessions.values():
        together |= {frozenset(pair) for pair in combinations(listings, 2)}
    rows = sorted(tuple(sorted(map(IDS.index, pair))) for pair in together if len(pair) == 2)
    np.testing.assert_array_equal(found.pairs, np.array(rows, np.int64).reshape(-1, 2))


def test_nothing_is_known_without_a_log(tmp_path: Path) -> None:
    assert_empty(known_clicks(tmp_path, IDS), 4)
    log_of(tmp_path, [("s1", "gone", "gone", 1, True)])
    assert_empty(known_clicks(tmp_path, IDS), 4)
    assert_empty(known_clicks(tmp_path, []), 0)


def assert_empty(found: KnownClicks, n: int) -> None:
    """No place, no pair."""
    assert found.shown.shape == found.clicked.shape == (n, 0)
    assert found.pairs.shape == (0, 2)


def test_who_clicks_too_much_in_one_session_brings_nothing_together(tmp_path: Path) -> None:
    ids = [f"L{n}" for n in range(MOST_CLICKS + 1)]
    log_of(tmp_path, [("crawler", "gone", one, 1, True) for one in ids])
    found = known_clicks(tmp_path, ids)
    assert found.clicked.sum() == len(ids) and not len(found.pairs)
    assert len(known_clicks(tmp_path, ids[1:]).pairs) == MOST_CLICKS * (MOST_CLICKS - 1) // 2


def test_a_damaged_log_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "impressions.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(WorkspaceError, match="import the click log again"):
        known_clicks(tmp_path, IDS)
