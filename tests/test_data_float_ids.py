"""Ids that a program wrote as floats: integers where the whole column is, as they stand everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mmquality.data import tables
from mmquality.data.tables import read_table

Read = Callable[..., list[str]]


@pytest.fixture(params=["csv", "parquet"])
def ids_read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    """A function that writes floats as pandas does, and reads them as ids."""

    def read(*floats: float | None, known: tuple[str, ...] = ()) -> list[str]:
        path = tmp_path / f"a.{request.param}"
        frame = pd.DataFrame({"listing_id": list(floats), "title": "a"})
        frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
        chunks = read_table(path, ["listing_id"], known=known)
        return [listing_id for chunk in chunks for listing_id in chunk.frame["listing_id"]]

    return read


def test_whole_numbers_are_integers_gaps_stay(ids_read: Read) -> None:
    assert ids_read(111586001.0, None, 0.0, -7.0) == ["111586001", "", "0", "-7"]


def test_one_fraction_leaves_all_as_they_are(ids_read: Read) -> None:
    assert ids_read(1.0, 1.1, 2.0) == ["1.0", "1.1", "2.0"]


def test_a_catalogue_with_such_ids_keeps_them(ids_read: Read) -> None:
    assert ids_read(1.0, 2.0, known=("a", "1.0")) == ["1.0", "2.0"]
    assert ids_read(1.0, 2.0, known=("a", "1", "1.1", "01.0", "1.00")) == ["1", "2"]


def test_a_fraction_in_the_last_chunk_counts(ids_read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 2)
    assert ids_read(1.0, 2.0, 3.0, 4.0, 4.5) == ["1.0", "2.0", "3.0", "4.0", "4.5"]
    assert ids_read(None, None, 3.0, 4.0, 5.0) == ["", "", "3", "4", "5"]


@pytest.mark.parametrize("written", ["007.0", "1.00", "1e5", "1,0", "7.0a", "-0.0", "1234567890123456.0"])
def test_what_no_program_writes_for_an_exact_integer_stays(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.tsv").write_text(f"listing_id\ttitle\n{written}\ta\n8.0\tb\n")
    (chunk,) = read_table(tmp_path / "a.tsv")
    assert chunk.frame["listing_id"].tolist() == [written, "8.0"]


def test_each_column_of_ids_is_looked_at_alone_and_no_other_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("listing_id,seed_listing_id,size\n1,2.0,3.0\n4.5,,5.0\n")
    (chunk,) = read_table(tmp_path / "a.csv")
    assert chunk.frame.iloc[:, 1:].to_numpy().tolist() == [["1", "2", "3.0"], ["4.5", "", "5.0"]]


def test_a_file_without_floats_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("listing_id,seed_id,title\n1,,a\n2.0,,b\n")
    opened: list[object] = []
    read = tables._chunks
    monkeypatch.setattr(tables, "_chunks", lambda *given: opened.append(given) or read(*given))
    known = (pytest.fail("the catalogue was read") for _ in [0])
    assert len(list(read_table(tmp_path / "a.csv", known=known))) == len(opened) == 1
