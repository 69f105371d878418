"""The kept click log: merging it twice changes nothing, whatever pieces it comes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmquality.data.click_log import IMPRESSION_COLUMNS
from mmquality.errors import WorkspaceError
from mmquality.pipeline import kept_clicks
from mmquality.pipeline.kept_clicks import merge_clicks


def _impressions(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session_id": [session for session, _, _ in rows],
            "shown_at": pd.to_datetime(["2026-01-31"] * len(rows), utc=True).as_unit("us"),
            "seed_listing_id": [""] * len(rows),
            "listing_id": [listing for _, listing, _ in rows],
            "position": [1] * len(rows),
            "clicked": [clicked for _, _, clicked in rows],
        }
    )


def test_merging_keeps_every_impression_once(tmp_path: Path) -> None:
    folder = tmp_path / "w" / "clicks"
    first = _impressions(("s1", "a", False), ("s1", "b", True), ("s1", "a", True))
    assert merge_clicks(folder, "impressions", [first]) == (2, 0)
    assert merge_clicks(folder, "impressions", [first]) == (0, 0)
    more = _impressions(("s1", "b", False), ("s2", "a", False))
    assert merge_clicks(folder, "impressions", [more]) == (1, 0)
    kept = pd.read_parquet(folder / "impressions.parquet")
    assert tuple(kept.columns) == IMPRESSION_COLUMNS
    assert kept[["session_id", "listing_id", "clicked"]].to_numpy().tolist() == [
        ["s1", "b", True],
        ["s1", "a", True],
        ["s2", "a", False],
    ]
    assert str(kept["shown_at"].dtype) == "datetime64[us, UTC]"
    assert [path.name for path in folder.iterdir()] == ["impressions.parquet"]


def test_merging_keeps_the_larger_weight(tmp_path: Path) -> None:
    pairs = pd.DataFrame({"listing_id": ["a", "a"], "other_id": ["b", "c"], "weight": [1.0, 5.0]})
    assert merge_clicks(tmp_path, "co_clicks", [pairs]) == (2, 0)
    assert merge_clicks(tmp_path, "co_clicks", [pairs.assign(weight=[2.0, 3.0])]) == (0, 1)
    kept = pd.read_parquet(tmp_path / "co_clicks.parquet").set_index("other_id")["weight"]
    assert kept.to_dict() == {"b": 2.0, "c": 5.0}


def test_merging_into_a_damaged_file_says_what_to_do_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "impressions.parquet").write_bytes(b"damaged")
    with pytest.raises(WorkspaceError, match="delete it and import the click log again"):
        merge_clicks(tmp_path, "impressions", [_impressions(("s", "a", True))])
    assert (tmp_path / "impressions.parquet").read_bytes() == b"damaged"


def test_merging_in_pieces_keeps_what_pandas_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    drawn = zip(rng.integers(0, 4, 200), rng.integers(0, 5, 200), rng.random(200) < 0.4, strict=True)
    rows = _impressions(*((f"s{session}", f"L{listing}", bool(click)) for session, listing, click in drawn))
    monkeypatch.setattr(kept_clicks, "_ROWS", 3)
    merge_clicks(tmp_path, "impressions", [rows[:50]])
    merge_clicks(tmp_path, "impressions", [rows[50:120], rows[120:120], rows[120:]])
    by_session = ["session_id", "shown_at", "seed_listing_id", "listing_id", "position"]
    expected = rows.groupby(by_session)["clicked"].max()
    kept = pd.read_parquet(tmp_path / "impressions.parquet").set_index(by_session)["clicked"]
    assert kept.index.is_unique
    pd.testing.assert_series_equal(kept.sort_index(), expected.sort_index())
