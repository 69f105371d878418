"""Labels made elsewhere: what a file says, whoever wrote it, and why a row cannot be used."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmquality.data import json_items
from mmquality.data.json_items import array_items
from mmquality.data.labels import read_labels
from mmquality.errors import InputFileError
from mmquality.records import REASONS, GivenLabel, RowProblem, Verdict

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def read(path: Path, analyst: str = "") -> tuple[list[GivenLabel], list[tuple[int, str, str]]]:
    """The labels, and (row, column, reason) of the problems."""
    found = list(read_labels(path, REASONS, analyst))
    problems = [(p.row, p.column, p.reason) for p in found if isinstance(p, RowProblem)]
    return [pair[1] for pair in found if not isinstance(pair, RowProblem)], problems


def test_a_table_in_words_or_codes(tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.csv",
        "listing_id,verdict,reason,annotator,created_at,note\n"
        "1,Mismatch,Wrong product,ann,2026-03-01T13:00:00+01:00,'=1\n"
        "2, match ,,ann,2026-03-01 12:00,\n"
        "3,UNSURE,poor-photo,bob,,it's\n",
    )
    assert read(path) == (
        [
            GivenLabel("1", Verdict.MISMATCH, "wrong_product", "=1", "ann", NOON),
            GivenLabel("2", Verdict.MATCH, None, "", "ann", NOON),
            GivenLabel("3", Verdict.UNSURE, "poor_photo", "it's", "bob", None),
        ],
        [],
    )


def test_rows_that_cannot_be_used_say_where_and_why(tmp_path: Path) -> None:
    rows = [
        ("", "match", "", "ann", ""), ("1", "", "", "ann", ""), ("1", "wrong", "", "ann", ""),
        ("1", "mismatch", "", "ann", ""), ("1", "mismatch", "ugly", "ann", ""),
        ("1", "match", "other", "ann", ""), ("1", "match", "", "", ""), ("1", "match", "", "ann", "soon"),
        ("1", "match", "", "a" * 300, ""),
    ]  # fmt: skip
    lines = ["listing_id,verdict,reason,analyst,created_at", *map(",".join, rows), "1,match"]
    labels, problems = read(write(tmp_path / "labels.csv", "\n".join(lines)))
    assert labels == []
    assert [(row, column) for row, column, _ in problems] == [
        (11, ""), (2, "listing_id"), (3, "verdict"), (4, "verdict"), (5, "reason"), (6, "reason"),
        (7, "reason"), (8, "analyst"), (9, "created_at"), (10, "analyst"),
    ]  # fmt: skip
    assert problems[3][2] == "is no verdict; there are mismatch, match, unsure"
    assert problems[5][2].startswith("is none of this workspace's, which are wrong_product, wrong_variant")


@pytest.mark.parametrize(
    "written", ["2026-03-01T12:00Z", "2026-03-01 12:00:00.000000", "1772366400", "1772366400000"]
)
def test_moments_as_programs_write_them(tmp_path: Path, written: str) -> None:
    path = write(tmp_path / "labels.csv", f"listing_id,verdict,analyst,created_at\n1,match,a,{written}\n")
    assert [label.created_at for label in read(path)[0]] == [NOON]


def test_a_name_for_rows_without_one(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", '{"listing_id": "1", "verdict": "match"}\n')
    assert [label.analyst for label in read(path, "eve")[0]] == ["eve"]


def chosen(name: str, value: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "image", "type": "choices", "value": {"choices": [value]}}


def test_what_label_studio_exports(tmp_path: Path) -> None:
    note = {"from_name": "note", "to_name": "image", "type": "textarea", "value": {"text": ["a", "b"]}}
    given_here = {
        "verdict": "match", "reason": None, "note": "", "analyst": "ann", "created_at": NOON.isoformat()
    }  # fmt: skip
    by_mail = {"id": 7, "email": "bob@example.com"}
    later = {"created_at": "2026-02-01T00:00:00Z", "updated_at": "2026-03-01T12:00:00.000000Z"}
    tasks = [
        {
            "id": 1, "data": {"listing_id": "1", "label": given_here},
            "annotations": [
                {"result": [chosen("verdict", "match")], "completed_by": 1, **later},
                {"result": [chosen("verdict", "mismatch"), chosen("reason", "other"), note],
                 "completed_by": by_mail, **later},
                {"result": [chosen("verdict", "match")], "completed_by": 1, "was_cancelled": True},
            ],
        },
        {"id": 2, "data": {"listing_id": "2"}, "annotations": [{"result": [], "completed_by": 3}]},
        {"id": 3, "data": {}, "annotations": [{"result": [], "completed_by": 3}]},
        {"id": 4, "data": {"listing_id": "2"}, "annotations": []},
        {"listing_id": "5", "verdict": "unsure", "annotator": 3, "created_at": NOON.isoformat()},
    ]  # fmt: skip
    labels, problems = read(write(tmp_path / "project.json", tasks))
    assert labels == [
        GivenLabel("1", Verdict.MATCH, None, "", "ann", NOON),  # as it came from here
        GivenLabel("1", Verdict.MISMATCH, "other", "a\nb", "bob@example.com", NOON),
        GivenLabel("5", Verdict.UNSURE, None, "", "3", NOON),
    ]
    assert [(row, column) for row, column, _ in problems] == [(2, "verdict"), (3, "")]


def test_what_argilla_exports(tmp_path: Path) -> None:
    def answer(value: str, user: str, **more: str) -> dict[str, str]:
        return {"value": value, "user_id": user, **more}

    records = [
        {
            "id": "17", "fields": {"title": "lamp"}, "metadata": {"listing_id": "1", "verdict": "match"},
            "responses": {
                "verdict": [answer("mismatch", "u1"), answer("match", "u2", status="submitted"),
                            answer("match", "u3", status="discarded")],
                "reason": [answer("other", "u1")],
            },
        },
        {"id": "2", "fields": {}, "metadata": {}, "responses": {"verdict": [answer("unsure", "u1")]}},
        {"id": "3", "metadata": {"verdict": "match", "analyst": "ann", "listing_id": "3"}, "suggestions": {}},
        {"id": "4", "responses": {}, "suggestions": {}},
        "nothing",
    ]  # fmt: skip
    path = tmp_path / "labels.argilla.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("mine/records.json", json.dumps(records))
    labels, problems = read(path)
    assert labels == [
        GivenLabel("1", Verdict.MISMATCH, "other", "", "u1", None),
        GivenLabel("1", Verdict.MATCH, None, "", "u2", None),
        GivenLabel("2", Verdict.UNSURE, None, "", "u1", None),
        GivenLabel("3", Verdict.MATCH, None, "", "ann", None),
    ]
    assert [row for row, _, _ in problems] == [5]


def test_files_that_cannot_be_used_at_all(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("photo.jpg", "")
    for path, words in (
        (tmp_path / "absent.csv", "does not exist"),
        (write(tmp_path / "no.csv", "id,verdict\n1,match\n"), "no column 'listing_id'"),
        (write(tmp_path / "cut.json", '[{"listing_id": "1", "verdict": "mat'), "item 1 cannot be read"),
        (write(tmp_path / "two.json", '[{"listing_id": "1"} {}]'), "has no comma"),
        (tmp_path / "empty.zip", "holds neither tasks.json nor records.json"),
        (write(tmp_path / "text.zip", "text"), "cannot be read"),
    ):
        with pytest.raises(InputFileError, match=words):
            read(path)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(), values, max_size=3)), st.integers(1, 40), st.booleans())
def test_an_array_is_read_piece_by_piece(items: list[Any], block: int, wide: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "_BLOCK", block)
        text = json.dumps(items, indent=2 if wide else None)
        assert list(array_items(Path("x.json"), StringIO(text))) == items


@pytest.mark.parametrize(
    ("written", "why"),
    [("2999-01-01T00:00:00Z", "is in the future"), ("0001-01-01T00:00:00+23:59", "is no moment in time")],
)
def test_a_label_from_the_future_would_count_for_ever(tmp_path: Path, written: str, why: str) -> None:
    path = write(tmp_path / "labels.csv", f"listing_id,verdict,analyst,created_at\n1,match,ann,{written}\n")
    labels, problems = read(path)
    assert labels == []
    assert [(column, reason.split(";")[0]) for _, column, reason in problems] == [("created_at", why)]


def test_an_archive_that_is_a_bomb_or_locked_is_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "bomb.zip", "w", ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("tasks.json", b" " * 70_000_000)
    with pytest.raises(InputFileError, match=r"bomb\.zip.* decompression bomb"):
        read(tmp_path / "bomb.zip")
    with ZipFile(tmp_path / "locked.zip", "w") as archive:
        archive.writestr("tasks.json", b"[]")
    data = bytearray((tmp_path / "locked.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1  # "is encrypted"
    (tmp_path / "locked.zip").write_bytes(data)
    with pytest.raises(InputFileError, match=r"locked\.zip cannot be read"):
        read(tmp_path / "locked.zip")
