"""Labels made elsewhere: tables, and what Label Studio and Argilla write, as rows of the same few columns.

A row is a dict with LABEL_COLUMNS, texts as they were found; what they mean is looked at in `labels.py`.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from zipfile import BadZipFile, ZipFile

from mmquality.config import ImportLimits
from mmquality.data.input_file import ROW, bomb, check_utf8, file_kind, open_text
from mmquality.data.json_items import array_items, begins_array
from mmquality.data.spreadsheets import written_text
from mmquality.data.tables import read_table, row_problem
from mmquality.errors import InputFileError
from mmquality.records import RowProblem

LABEL_COLUMNS = ("listing_id", "verdict", "reason", "note", "analyst", "created_at")
_SAID = ("verdict", "reason", "note")
_ELSEWHERE = {"annotator": "analyst"}  # other tools' names of our columns
_INSIDE = ("tasks.json", "records.json")  # of our own exports for them

# What reading an archive raises; RuntimeError: it is encrypted.
_DAMAGED = (BadZipFile, OSError, EOFError, UnicodeError, zlib.error, NotImplementedError, RuntimeError)

Found = tuple[int, dict[str, str]] | RowProblem


def label_rows(path: Path, limits: ImportLimits, known: Iterable[str] = ()) -> Iterator[Found]:
    """(row, columns) for each label of a file, and a problem for each row that has none.

    CSV, JSON Lines (both also .gz) and Parquet hold a label a row; .json (and .zip with such a file inside)
    is an array of Label Studio's tasks or Argilla's records, with the labels of people in each. `known` are
    the catalogue's ids (`read_table`). Raises `InputFileError` where the file cannot be used at all.
    """
    if path.suffix.lower() == ".zip":
        with _inside(path, limits) as handle:
            yield from _tool_rows(path, handle)
    elif file_kind(path) == "json" and _is_array(path):
        check_utf8(path, limits)
        with open_text(path) as handle:
            yield from _tool_rows(path, handle)
    else:
        yield from _table_rows(path, limits, known)


def _is_array(path: Path) -> bool:
    with open_text(path) as handle:
        return begins_array(handle)


@contextmanager
def _inside(path: Path, limits: ImportLimits) -> Iterator[TextIO]:
    """The file of labels in an archive."""
    try:
        with ZipFile(path) as archive:
            name = next((name for name in archive.namelist() if name.split("/")[-1] in _INSIDE), None)
            if name is None:
                raise InputFileError(f"{path} holds neither {' nor '.join(_INSIDE)}; give the file itself.")
            if archive.getinfo(name).file_size > limits.of(path.stat().st_size):
                raise bomb(path)
            with archive.open(name) as raw, io.TextIOWrapper(raw, encoding="utf-8") as text:
                yield text
    except _DAMAGED as error:
        raise InputFileError(f"{path} cannot be read ({error}); write it again.") from error


def _table_rows(path: Path, limits: ImportLimits, known: Iterable[str]) -> Iterator[Found]:
    written = written_text if file_kind(path) == "csv" else str
    for chunk in read_table(path, ("listing_id", "verdict"), limits, known):
        yield from chunk.problems
        frame = chunk.frame.rename(columns={k: v for k, v in _ELSEWHERE.items() if v not in chunk.frame})
        names = [name for name in LABEL_COLUMNS if name in frame]
        for row, *cells in frame[[ROW, *names]].itertuples(index=False):
            yield row, _row(dict(zip(names, map(written, cells), strict=True)))


def _tool_rows(path: Path, handle: TextIO) -> Iterator[Found]:
    for number, item in enumerate(array_items(path, handle), start=1):
        try:
            for said in _labels_of(item):
                yield number, _row(said)
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            yield row_problem(path, number, "", f"is no label of a kind that is known ({error})")


def _labels_of(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The labels in an item: of Label Studio's task, of Argilla's record, or of a plain object."""
    if "annotations" in item:
        for annotation in item["annotations"]:
            if not annotation.get("was_cancelled"):
                yield _annotated(item["data"], annotation)
    elif "responses" in item or "suggestions" in item:
        yield from _answered(item)
    else:
        yield {_ELSEWHERE.get(name, name): value for name, value in item.items()}


def _annotated(data: Mapping[str, Any], annotation: Mapping[str, Any]) -> Mapping[str, Any]:
    """A label of Label Studio; one that is as we gave it there is the one that was given here."""
    said = {result["from_name"]: _value(result["value"]) for result in annotation["result"]}
    given = data.get("label") or {}
    if given and all((said.get(name) or "") == (given.get(name) or "") for name in _SAID):
        return {**given, "listing_id": data["listing_id"]}
    who = annotation.get("completed_by")
    if isinstance(who, Mapping):
        who = who.get("email") or who.get("id")
    when = annotation.get("updated_at") or annotation.get("created_at")
    by = f"user {who}" if isinstance(who, int) else who
    return {**said, "listing_id": data["listing_id"], "analyst": by, "created_at": when}


def _value(value: Mapping[str, Any]) -> str:
    """What a control of Label Studio holds."""
    chosen = value.get("choices") or value.get("text") or [""]
    return chosen if isinstance(chosen, str) else "\n".join(map(str, chosen))


def _answered(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The labels of Argilla's users; where nobody answered, the one that was given here."""
    known = record.get("metadata") or {}
    listing_id = known.get("listing_id") or record.get("fields", {}).get("listing_id") or record["id"]
    answers: dict[str, dict[str, Any]] = {}
    for question, responses in (record.get("responses") or {}).items():
        for response in responses:
            if response.get("status") in (None, "submitted"):
                answers.setdefault(str(response.get("user_id") or ""), {})[question] = response["value"]
    for user, said in answers.items():
        yield {**said, "listing_id": listing_id, "analyst": user}
    if not answers and "verdict" in known:
        yield {**known, "listing_id": listing_id}


def _row(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(said.get(name)) for name in LABEL_COLUMNS}


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
