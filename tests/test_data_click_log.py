"""The click log: only rows of known listings come through, and merging them twice changes nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmquality.data import tables
from mmquality.data.click_log import (
    CO_CLICK_COLUMNS,
    IMPRESSION_COLUMNS,
    ClickChunk,
    read_co_clicks,
    read_impressions,
)
from mmquality.errors import InputFileError

KNOWN = pd.Index(["a", "b", "c", "007"])
HEADER = ",".join(IMPRESSION_COLUMNS)


def _file(tmp_path: Path, text: str, name: str = "clicks.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def _only(chunks: list[ClickChunk]) -> ClickChunk:
    assert len(chunks) == 1
    return chunks[0]


def test_impressions_are_read(tmp_path: Path) -> None:
    text = f"{HEADER}\ns1,2026-01-31T14:05:06+01:00,a,007,1,true\ns1,1769868306,,b,0,0\n"
    chunk = _only(list(read_impressions(_file(tmp_path, text), KNOWN)))
    assert not chunk.problems
    assert chunk.frame.to_dict("records") == [
        {
            "session_id": "s1",
            "shown_at": pd.Timestamp("2026-01-31T13:05:06Z"),
            "seed_listing_id": "a",
            "listing_id": "007",
            "position": 1,
            "clicked": True,
        },
        {
            "session_id": "s1",
            "shown_at": pd.Timestamp("2026-01-31T14:05:06Z"),
            "seed_listing_id": "",
            "listing_id": "b",
            "position": 0,
            "clicked": False,
        },
    ]
    assert str(chunk.frame["shown_at"].dtype) == "datetime64[us, UTC]"
    assert (chunk.frame["position"].dtype, chunk.frame["clicked"].dtype) == ("int64", "bool")


def test_impressions_that_cannot_be_used_are_reported_and_stop_nothing(tmp_path: Path) -> None:
    rows = [
        ("s,2026-01-31,a,b,1,1", None, ""),
        (",2026-01-31,a,b,1,1", "session_id", "is empty"),
        ("s,2026-01-31,a,zz,1,1", "listing_id", "is not in the catalogue"),
        ("s,2026-01-31,a,,1,1", "listing_id", "is not in the catalogue"),
        ("s,2026-01-31,zz,a,1,1", "seed_listing_id", "is not in the catalogue"),
        ("s,2026-01-31,a,a,1,1", "seed_listing_id", "is the listing itself"),
        ("s,31/01/2026,a,b,1,1", "shown_at", "is not a time such as 2026-01-31T14:05:00"),
        ("s,,a,b,1,1", "shown_at", "is not a time such as 2026-01-31T14:05:00"),
        ("s,2026-01-31,a,b,-1,1", "position", "is not a whole number from 0 on"),
        ("s,2026-01-31,a,b,1.5,1", "position", "is not a whole number from 0 on"),
        ("s,2026-01-31,a,b,1,maybe", "clicked", "is neither true nor false"),
        ("s,2026-01-31,a,b,1", "", "has 5 fields where the header has 6"),
        ("s,2026-01-31,b,a,12,0", None, ""),
    ]
    path = _file(tmp_path, f"{HEADER}\n" + "".join(f"{line}\n" for line, _, _ in rows))
    chunk = _only(list(read_impressions(path, KNOWN)))
    assert [(p.row, p.column, p.reason) for p in chunk.problems] == [
        (i, column, reason) for i, (_, column, reason) in enumerate(rows, 2) if column is not None
    ]
    assert {p.file for p in chunk.problems} == {"clicks.csv"}
    assert chunk.problems[1].value == "zz"
    assert chunk.frame["position"].tolist() == [1, 12]


def test_parquet_impressions_keep_their_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "session_id": [1, 2],
            "shown_at": pd.to_datetime(["2026-01-31 01:00", "2026-01-31 02:00"]).tz_localize("Asia/Tokyo"),
            "seed_listing_id": ["a", None],
            "listing_id": ["b", "b"],
            "position": [1.0, 2.0],
            "clicked": [True, False],
        }
    )
    frame.to_parquet(tmp_path / "clicks.parquet")
    read = _only(list(read_impressions(tmp_path / "clicks.parquet", KNOWN))).frame
    assert read["session_id"].tolist() == ["1", "2"]
    assert read["seed_listing_id"].tolist() == ["a", ""]
    assert read["shown_at"].iloc[0] == pd.Timestamp("2026-01-30T16:00:00Z")
    assert read["position"].tolist() == [1, 2]


@pytest.mark.parametrize("weight", ["weight", "count"])
def test_pairs_have_no_direction_and_come_once(tmp_path: Path, weight: str) -> None:
    text = f"rank,listing_id,also_bought_id,{weight}\n1,b,a,2\n2,a,b,3\n3,a,b,1\n4,c, 007 ,1.5\n"
    chunk = _only(list(read_co_clicks(_file(tmp_path, text), KNOWN)))
    assert not chunk.problems
    assert tuple(chunk.frame.columns) == CO_CLICK_COLUMNS
    assert chunk.frame.to_numpy().tolist() == [["a", "b", 3.0], ["007", "c", 1.5]]


def test_pairs_that_cannot_be_used_are_reported(tmp_path: Path) -> None:
    text = "listing_id,other_id,weight\na,b,1\na,a,1\na,zz,1\nzz,a,1\na,c,0\na,c,x\na\nb,c,2\n"
    chunk = _only(list(read_co_clicks(_file(tmp_path, text), KNOWN)))
    assert [(p.row, p.column, p.reason) for p in chunk.problems] == [
        (3, "other_id", "is the listing itself"),
        (4, "other_id", "is not in the catalogue"),
        (5, "listing_id", "is not in the catalogue"),
        (6, "weight", "is not a number above 0"),
        (7, "weight", "is not a number above 0"),
        (8, "", "has 1 field where the header has 3"),
    ]
    assert chunk.frame.to_numpy().tolist() == [["a", "b", 1.0], ["b", "c", 2.0]]


def test_pairs_without_a_weight_weigh_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 2)
    text = '{"one_id": "a", "other_id": "b"}\n{"one_id": "a", "other_id": "c"}\n{"one_id": "b"}\n'
    chunks = list(read_co_clicks(_file(tmp_path, text, "pairs.jsonl"), KNOWN))
    assert [chunk.frame["weight"].tolist() for chunk in chunks] == [[1.0, 1.0], []]
    assert [(p.row, p.column, p.reason) for p in chunks[1].problems] == [
        (3, "other_id", "is not in the catalogue")
    ]


def test_a_file_without_its_columns_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="fewer than two columns of ids.*'listing_id', 'other'"):
        read_co_clicks(_file(tmp_path, "listing_id,other\na,b\n"), KNOWN)
    with pytest.raises(InputFileError, match="no columns 'shown_at', 'seed_listing_id'"):
        read_impressions(_file(tmp_path, "session_id,listing_id\ns,a\n"), KNOWN)
    with pytest.raises(InputFileError, match="does not exist"):
        read_impressions(tmp_path / "none.csv", KNOWN)


FIELDS = st.sampled_from(
    ["a", "b", "zz", "", "1", "-1", "1.5", "true", "now", "2026-01-31", "1e9", "é", '"', "\0"]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(FIELDS, min_size=4, max_size=7), max_size=8))
def test_a_mutated_click_log_raises_nothing_but_input_file_errors(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    body = "".join(",".join(row) + "\n" for row in rows)
    started = time.perf_counter()
    for header, read in ((HEADER, read_impressions), ("x_id,y_id,weight,z", read_co_clicks)):
        try:
            for chunk in read(_file(tmp_path, f"{header}\n{body}"), KNOWN):
                assert chunk.frame["listing_id"].isin(KNOWN).all()
                assert all(problem.reason and problem.row > 1 for problem in chunk.problems)
        except InputFileError as error:
            assert "clicks.csv" in str(error)
    assert time.perf_counter() - started < 10


def test_clicks_from_the_future_and_before_the_first_place_are_refused(tmp_path: Path) -> None:
    rows = [
        "s,2999-01-01,,1,1,1",
        "s,2026-01-01,,1,-1,1",
        "s,0001-01-01T00:00:00+23:59,,1,1,1",
        "s,2026-01-01,,1,1,-1",
    ]
    path = _file(
        tmp_path, "session_id,shown_at,seed_listing_id,listing_id,position,clicked\n" + "\n".join(rows)
    )
    (chunk,) = read_impressions(path, pd.Index(["1"]))
    assert chunk.frame.empty
    assert [(p.row, p.column) for p in chunk.problems] == [
        (2, "shown_at"), (3, "position"), (4, "shown_at"), (5, "clicked"),
    ]  # fmt: skip
    assert chunk.problems[0].reason == "is in the future"


def test_a_pair_named_twice_is_counted_and_guessed_columns_are_told(tmp_path: Path) -> None:
    said: list[str] = []
    text = "listing_id,also_bought_id,score\na,b,0.5\nb,a,0.1\nb,c,0.2\n"
    (chunk,) = read_co_clicks(_file(tmp_path, text), pd.Index(["a", "b", "c"]), say=said.append)
    assert (chunk.used, len(chunk.frame)) == (3, 2)
    assert said == [
        "Pairs are 'listing_id' with 'also_bought_id' in clicks.csv; each counts once, for lack of a column "
        "'weight'."
    ]
    for header in ("listing_id,other_id\na,b\n", "other_id,listing_id,weight\na,b,2\n"):
        list(read_co_clicks(_file(tmp_path, header), pd.Index(["a", "b"]), say=said.append))
    assert len(said) == 1
    list(read_co_clicks(_file(tmp_path, "a_id,b_id,count\na,b,2\n"), pd.Index(["a", "b"]), say=said.append))
    assert said[1].endswith("'a_id' with 'b_id' in clicks.csv; 'count' says how often.")


def test_an_id_is_known_however_its_accents_are_written(tmp_path: Path) -> None:
    path = _file(tmp_path, "a_id,b_id\nCafe\u0301,2\n")
    (chunk,) = read_co_clicks(path, pd.Index(["Caf\u00e9", "2"]))
    assert not chunk.problems and set(chunk.frame.iloc[0][["listing_id", "other_id"]]) == {"Caf\u00e9", "2"}
