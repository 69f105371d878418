"""Tables: every value comes through as written, every row has its number, every damage its sentence."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmquality.config import ImportLimits
from mmquality.data import delimited, tables
from mmquality.data.input_file import check_utf8
from mmquality.data.parquet import _lengths
from mmquality.data.tables import read_table
from mmquality.errors import InputFileError
from mmquality.records import RowProblem

FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _write(path: Path, content: str | bytes) -> Path:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def _read(path: Path, *required: str) -> tuple[pd.DataFrame, list[RowProblem]]:
    chunks = list(read_table(path, required))
    frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
    return frame, [problem for chunk in chunks for problem in chunk.problems]


def _rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def test_csv_values_come_through_as_they_were_written(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'id,title\n007,NA\nnull," x ""y"" "\n1e5,\nNaN,"a,b"\n')
    frame, problems = _read(path, "id", "title")
    assert _rows(frame) == [
        (2, "007", "NA"),
        (3, "null", ' x "y" '),
        (4, "1e5", ""),
        (5, "NaN", "a,b"),
    ]
    assert list(frame.columns) == ["_row", "id", "title"]
    assert not problems


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".CSV", ".csv.gz"])
def test_csv_dialects(tmp_path: Path, delimiter: str, ending: str, start: bytes, suffix: str) -> None:
    lines = [delimiter.join(row) for row in (["id", "title", "x"], ["1", "a b", "é"], ["2", '"c\nd"', ""])]
    path = tmp_path / f"a{suffix}"
    data = start + ending.join(lines).encode()
    path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
    frame, problems = _read(path, "id", "title")
    assert _rows(frame) == [(2, "1", "a b", "é"), (3, "2", "c\nd", "")]
    assert not problems


def test_a_row_is_a_record_and_blank_lines_count(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'id,title\n1,"two\nlines"\n\n2,b\n,\n3,c,extra\n4\n5,d\n')
    frame, problems = _read(path, "id")
    assert _rows(frame) == [(2, "1", "two\nlines"), (4, "2", "b"), (8, "5", "d")]
    assert problems == [
        RowProblem("a.csv", 6, "", "has 3 fields where the header has 2", "3"),
        RowProblem("a.csv", 7, "", "has 1 field where the header has 2", "4"),
    ]


@pytest.mark.parametrize("tail", ["", "4,d\n", '4,"quoted"\n', '4,"quoted",x\n5,"q"\n'])
def test_a_quotation_mark_that_is_not_closed_costs_one_row(tmp_path: Path, tail: str) -> None:
    path = _write(tmp_path / "a.csv", f'id,title\n1,a\n2,"27 inch\n3,c\n{tail}')
    frame, problems = _read(path, "id", "title")
    assert (problems[0].row, problems[0].reason) == (3, "has a quotation mark that is not closed")
    assert _rows(frame)[:2] == [(2, "1", "a"), (4, "3", "c")]
    assert frame["_row"].is_unique


def test_a_quotation_mark_that_swallows_more_than_a_field_may_hold_costs_one_row(tmp_path: Path) -> None:
    lines = "".join(f"{i},row\n" for i in range(2, 30_000))
    path = _write(tmp_path / "a.csv", f'id,title\n1,"open\n{lines}')
    frame, problems = _read(path, "id", "title")
    assert [problem.row for problem in problems] == [2]
    assert len(frame) == 29_998
    assert frame["id"].iloc[-1] == "29999"


def test_huge_fields_and_lines_cost_one_row(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", f"id,title\n1,{'x' * 200_000}\n2,{'y' * 2_500_000}\n3,c\n")
    frame, problems = _read(path, "id", "title")
    assert _rows(frame) == [(4, "3", "c")]
    assert [(problem.row, problem.column) for problem in problems] == [(2, ""), (3, "")]
    assert "field larger than field limit" in problems[0].reason
    assert problems[1].reason == "is longer than 1,000,000 characters"


def test_nul_bytes_come_through(tmp_path: Path) -> None:
    frame, problems = _read(_write(tmp_path / "a.csv", b"id,title\n1,a\0b\n"), "id")
    assert _rows(frame) == [(2, "1", "a\0b")]
    assert not problems


def test_repeated_and_nameless_columns_are_told_apart(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "id,colour, colour ,,_row,colour (2)\n1,a,b,c,d,e\n")
    frame, _ = _read(path, "id")
    assert list(frame.columns) == [
        "_row",
        "id",
        "colour",
        "colour (2)",
        "column 4",
        "_row (2)",
        "colour (2) (2)",
    ]
    assert _rows(frame) == [(2, "1", "a", "b", "c", "d", "e")]


def test_a_million_cells_come_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROWS", 10)
    monkeypatch.setattr(tables, "_MOST_CHARACTERS", 1_000)
    rows = [(str(i), "t" * (300 if i == 3 else 1)) for i in range(25)]
    csv_path = _write(tmp_path / "a.csv", "id,title\n" + "".join(f"{i},{t}\n" for i, t in rows))
    json_path = _write(
        tmp_path / "a.jsonl", "".join(json.dumps({"id": i, "title": t}) + "\n" for i, t in rows)
    )
    parquet_path = tmp_path / "a.parquet"
    pd.DataFrame(rows, columns=["id", "title"]).to_parquet(parquet_path)
    for path, first in ((csv_path, 2), (json_path, 1), (parquet_path, 1)):
        chunks = [chunk.frame for chunk in read_table(path, ["id"])]
        assert [len(chunk) for chunk in chunks] == [10, 10, 5]
        frame = pd.concat(chunks)
        assert frame["_row"].tolist() == list(range(first, first + 25))
        assert list(zip(frame["id"], frame["title"], strict=True)) == rows
    monkeypatch.setattr(tables, "_MOST_CHARACTERS", 100)
    assert len(list(read_table(csv_path))) > 3


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"id": 7, "title": "a", "price": 2.50, "tags": ["é", 1], "_row": 9}',
        "",
        '{"id": 8.0, "title": null, "new": true}',
        "not json",
        "[1, 2]",
        '{"id": "007", "title": "\\ud800x \\ud83d\\ude00", "price": NaN}',
        "[" * 100_000,
        '{"id": ' + "1" * 5_000 + "}",
        '{"id": "9"}',
    ]
    for name in ("a.jsonl", "a.ndjson", "a.jsonl.gz"):
        frame, problems = _read(_write(tmp_path / name, "\ufeff" + "\r\n".join(lines)), "id", "title")
        assert frame[["_row", "id", "title", "price", "tags", "new", "_row (2)"]].to_numpy().tolist() == [
            [1, "7", "a", "2.5", '["é", 1]', "", "9"],
            [3, "8", "", "", "", "true", ""],
            [6, "007", "?x 😀", "", "", "", ""],
            [9, "9", "", "", "", "", ""],
        ]
        assert [problem.row for problem in problems] == [4, 5, 7, 8]
        assert problems[1].reason == "is not a JSON object"


def test_parquet_values_are_written_as_a_person_would(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
    columns = {
        "id": pa.array([7, None]),
        "gaps": pa.array([7.0, None]),
        "price": pa.array([2.5, float("nan")]),
        "big": pa.array([1e300, -0.25]),
        "flag": pa.array([True, None]),
        "at": pa.array([moment, None], pa.timestamp("us", "Europe/Berlin")),
        "naive": pa.array([moment.replace(tzinfo=None), None], pa.timestamp("s")),
        "money": pa.array([Decimal("1.50"), None]),
        "word": pa.array(["NA", None]).dictionary_encode(),
        "bytes": pa.array([b"text", None]),
        "raw": pa.array([b"\xff", b"x"]),
        "list": pa.array([[1, 2], None]),
        "none": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    frame, _ = _read(tmp_path / "a.parquet", "id")
    assert frame.iloc[0].to_dict() == {
        "_row": 1,
        "id": "7",
        "gaps": "7",
        "price": "2.5",
        "big": "1e+300",
        "flag": "true",
        "at": "2026-01-31 12:30:00.000000",
        "naive": "2026-01-31 12:30:00.000",
        "money": "1.50",
        "word": "NA",
        "bytes": "text",
        "raw": "",
        "list": "[1, 2]",
        "none": "",
    }
    assert set(frame.iloc[1].drop(["_row", "big"])) == {""}


def _folder(path: Path) -> None:
    path.mkdir()


def _parquet_of_bytes(path: Path) -> None:
    strings = pa.array([b"\xff\xfe"]).view(pa.string())
    pq.write_table(pa.table({"id": ["1"], "title": strings}), path)


UNUSABLE: dict[str, tuple[str, Callable[[Path], object] | str | bytes | None, str]] = {
    "missing": ("a.csv", None, "does not exist"),
    "folder": ("a.csv", _folder, "is a folder"),
    "pipe": ("a.csv", os.mkfifo, "not a regular file"),
    "empty": ("a.csv", b"", "is empty"),
    "nothing but a byte order mark": ("a.csv", b"\xef\xbb\xbf", "is empty"),
    "blank lines": ("a.csv", "\n\n", "is empty"),
    "header only": ("a.csv", "id,title\n", "has no rows"),
    "missing column": (
        "a.csv",
        "id,name\n1,a\n",
        "'id', 'name'. Rename the one that is meant to 'title'",
    ),
    "column twice": ("a.csv", "id,title,title\n1,a,b\n", "more than one column 'title'"),
    "broken header": ("a.csv", '"id,title\n1,a\n', "header that has a quotation mark"),
    "too many columns": ("a.csv", "id,title" + ",x" * 2_000 + "\n1\n", "2,002 columns"),
    "latin-1": (
        "a.csv",
        "id,title\n1,a\n2,caf\u00e9\n".encode("latin-1"),
        "byte 0xe9 in line 3); save it as UTF-8",
    ),
    "cut within a character": ("a.csv", "id,title\n1,é".encode()[:-1], "not UTF-8"),
    "utf-16": ("a.csv", "id,title\n1,a\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
    "no gzip": ("a.csv.gz", None, "does not exist"),
    "unknown ending": ("a.txt", b"PK", "unknown ending"),
    "spreadsheet": ("a.xlsx", b"PK", "save it as CSV"),
    "no parquet": ("a.parquet", b"PAR1 no", "no readable Parquet"),
    "parquet without column": (
        "a.parquet",
        lambda path: pd.DataFrame({"id": [1]}).to_parquet(path),
        "no column 'title'; it has 'id'",
    ),
    "parquet without rows": (
        "a.parquet",
        lambda path: pd.DataFrame({"id": [], "title": []}).to_parquet(path),
        "has no rows",
    ),
    "parquet strings that are not UTF-8": ("a.parquet", _parquet_of_bytes, "no readable Parquet"),
    "json array": (
        "a.json",
        '[\n {"id": 1, "title": "a"}\n]\n',
        "is a JSON array; write one object per line",
    ),
    "pretty json": ("a.json", '{\n "id": 1\n}\n', "is not JSON Lines: line 1 is not valid JSON"),
    "json without column": ("a.jsonl", '{"id": 1}\n{"id": 2}\n', "no column 'title'; it has 'id'"),
    "json blank": ("a.jsonl", "\n \n", "has no rows"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_cannot_be_used_says_why_in_one_sentence(tmp_path: Path, case: str) -> None:
    name, content, reason = UNUSABLE[case]
    path = tmp_path / name
    if callable(content):
        content(path)
    elif content is not None:
        _write(path, content)
    with pytest.raises(InputFileError) as error:
        read_table(path, ["id", "title"])  # at once: nothing is iterated
    message = str(error.value)
    assert message.startswith(str(path)) and reason in message
    assert "\n" not in message and message.endswith(".")


def test_damaged_gzip_says_why_before_a_row_is_used(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,title\n" + b"1,a\n" * 100_000)
    for data in (b"no gzip at all", whole[: len(whole) // 2], whole[:40] + b"\xff" * 40 + whole[80:]):
        (tmp_path / "a.csv.gz").write_bytes(data)
        with pytest.raises(InputFileError, match="cannot be read"):
            read_table(tmp_path / "a.csv.gz", ["id"])


def _survives(path: Path, *required: str) -> None:
    started = time.perf_counter()
    try:
        for chunk in read_table(path, required):
            rows = [*chunk.frame["_row"], *(problem.row for problem in chunk.problems)]
            assert len(set(rows)) == len(rows)
            assert all(problem.reason for problem in chunk.problems)
    except InputFileError as error:
        assert str(path) in str(error)
    assert time.perf_counter() - started < 10


@FUZZ
@given(data=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".jsonl", ".csv.gz", ".parquet"]))
def test_random_bytes_raise_nothing_but_input_file_errors(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"fuzz{suffix}"
    path.write_bytes(data)
    _survives(path, "id")


@FUZZ
@given(
    body=st.text(st.sampled_from('ab,;"\n\r\t\0{}[]:é\u2028 1\\'), max_size=200),
    header=st.sampled_from(["id,title\n", '"id","title"\r\n', ""]),
    suffix=st.sampled_from([".csv", ".jsonl"]),
)
def test_random_text_raises_nothing_but_input_file_errors(
    tmp_path: Path, body: str, header: str, suffix: str
) -> None:
    _survives(_write(tmp_path / f"fuzz{suffix}", header + body))


@FUZZ
@given(rows=st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), min_size=1, max_size=8))
def test_whatever_is_written_as_csv_or_json_is_read_back(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    rows = [(a.encode("utf-8", "replace").decode(), b.encode("utf-8", "replace").decode()) for a, b in rows]
    quoted = ['"' + a.replace('"', '""') + '","' + b.replace('"', '""') + '"' for a, b in rows]
    path = tmp_path / "a.csv"
    path.write_bytes(("id,title\n" + "\n".join(quoted) + "\n").encode())
    expected = [(i, a, b) for i, (a, b) in enumerate(rows, start=2) if a or b]
    frame, problems = _read(path, "id", "title")
    assert _rows(frame) == expected
    assert not problems
    path = _write(tmp_path / "a.jsonl", "".join(json.dumps({"id": a, "title": b}) + "\n" for a, b in rows))
    frame, problems = _read(path, "id", "title")
    assert _rows(frame) == [(i, a, b) for i, (a, b) in enumerate(rows, start=1)]
    assert not problems


def test_parquet_whose_dictionary_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"id": ["1", "2"], "title": ["a", None], "n": [1.5, 2.0]}).to_parquet(path)
    damaged = bytearray(path.read_bytes())
    damaged[12] = 0  # how many texts the first column has
    path.write_bytes(bytes(damaged))
    with pytest.raises(InputFileError, match="no readable Parquet file"):
        read_table(path, ["id"])


@FUZZ
@given(data=st.data())
def test_damaged_parquet_raises_nothing_but_input_file_errors(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "fuzz.parquet"
    pd.DataFrame({"id": ["1", "2"], "title": ["a", None], "n": [1.5, 2.0]}).to_parquet(path)
    damaged = bytearray(path.read_bytes())
    places = st.integers(0, len(damaged) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)):
        damaged[place] = value
    path.write_bytes(bytes(damaged))
    _survives(path, "id")


@FUZZ
@given(
    body=st.text(st.sampled_from('ab,;"\n\r\0é '), max_size=60), header=st.sampled_from(["a,b\n", "a\r\n"])
)
def test_csv_in_columns_is_csv_record_by_record(tmp_path: Path, body: str, header: str) -> None:
    path = _write(tmp_path / "a.csv", header + body)
    try:
        found = _read(path)
    except InputFileError:
        return
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(delimited, "_in_columns", lambda *_: None)
        expected = _read(path)
    pd.testing.assert_frame_equal(found[0], expected[0])
    assert found[1] == expected[1]


def test_csv_in_order_is_read_in_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotation marks that are closed, or stand within a field, cost no look at each record."""
    path = _write(tmp_path / "a.csv", 'id,title\n1,"a, b"\n2,27" screen\n3,"c"d\n')
    monkeypatch.setattr(delimited, "_records", None)
    monkeypatch.setattr(tables, "_header", lambda *_: (1, ["id", "title"]))
    assert _rows(_read(path, "id")[0]) == [(2, "1", "a, b"), (3, "2", '27" screen'), (4, "3", "cd")]


def test_a_gzip_bomb_is_refused_before_a_row_is_used(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"id,title\n")
        for _ in range(70):
            file.write(b"\n" * 1_000_000)
    with pytest.raises(InputFileError, match="bomb.csv.gz unpacks to so many times its size"):
        read_table(path, ["id"])
    check_utf8(path, ImportLimits(max_unpacking=10_000))  # whoever means it, can


def test_a_parquet_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    rows = pa.array(["1"]).take(pa.array(np.zeros(9_000_000, np.int8)))
    pq.write_table(pa.table({"id": rows, "title": rows}), tmp_path / "bomb.parquet")
    assert (tmp_path / "bomb.parquet").stat().st_size < 200_000
    with pytest.raises(InputFileError, match="decompression bomb"):
        read_table(tmp_path / "bomb.parquet", ["id"])


@pytest.mark.parametrize("nested", [False, True], ids=["text", "in lists"])
def test_a_long_text_that_a_parquet_file_holds_once_costs_its_rows_alone(
    tmp_path: Path, nested: bool
) -> None:
    long, n = "x" * 1_000_001, 3 if nested else 20_000  # written out, 20 GB
    column = pa.DictionaryArray.from_arrays(pa.array([0] * (n - 1) + [1], pa.int32()), [long, "short"])
    if nested:
        column = pa.array([[long], [long], ["short"]])
    table = pa.table({"id": [str(i) for i in range(len(column))], "title": column})
    pq.write_table(table, tmp_path / "long.parquet")
    (chunk,) = read_table(tmp_path / "long.parquet", ["id"])
    assert chunk.frame["title"].tolist() == ['["short"]' if nested else "short"]
    assert [problem.row for problem in chunk.problems] == list(range(1, len(column)))
    assert chunk.problems[0].reason == "is longer than 1,000,000 characters"


def test_lengths_of_rows_are_those_of_their_texts(tmp_path: Path) -> None:
    """Pieces of a batch follow from them, whatever the column's type."""
    kinds = {
        "text": pa.array(["a", None, "ccc"]),
        "dictionary": pa.array(["a", None, "ccc"]).dictionary_encode(),
        "list": pa.array([["a", "b"], None, ["ccc"]]),
        "struct": pa.array([{"u": "a"}, None, {"u": "ccc"}]),
        "map": pa.array([[("k", "v")], None, [("k", "vv")]], pa.map_(pa.string(), pa.string())),
    }
    lengths = {name: _lengths(array).tolist() for name, array in kinds.items()}
    expected = {name: [2 if name in ("list", "map") else 1, 0, 3] for name in kinds}
    assert lengths == expected


def test_a_line_of_very_many_names_costs_itself_alone(tmp_path: Path) -> None:
    wide = json.dumps({str(n): 1 for n in range(1_001)})
    path = _write(tmp_path / "wide.jsonl", f'{{"id": 1}}\n{wide}\n{{"id": 2}}\n'.encode())
    (chunk,) = read_table(path, ["id"])
    assert chunk.frame["id"].tolist() == ["1", "2"]
    assert [(p.row, p.reason) for p in chunk.problems] == [(2, "has 1,001 names; the limit is 1,000")]
