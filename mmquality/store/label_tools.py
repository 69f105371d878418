"""Labels as other labelling tools take them: one archive with the labels, the questions and how to go on.

Neither tool keeps who said something elsewhere, and when: Label Studio refuses annotators that it does not
know, Argilla takes answers of its own users alone. So the label as it was given travels beside each case
(`data.label`, `metadata`), and an import recognises what nobody changed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from mmquality.records import Verdict
from mmquality.store.label_pages import EXPORTED

TASKS, RECORDS = "tasks.json", "records.json"
QUESTION = "Does the photo show what the title sells?"
LABEL_STUDIO_HELP = f"""Label Studio
1. Create a project; as its labeling interface (Code) paste labeling-config.xml.
2. Import {TASKS}.
3. Photos: start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and
   LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=the photos' folder, and connect a folder in it as local storage.
Back: export the project as JSON, then `mmquality import-labels` that file.
"""
ARGILLA_HELP = f"""Argilla
1. Unpack this archive; go into the photos' folder, so that the photos are found.
2. In Python: import argilla as rg; client = rg.Argilla(...)
   rg.Dataset.from_disk("the unpacked folder", name="...", workspace="...", client=client)
Each verdict is a suggestion that names its analyst.
Back: dataset.records.to_json("{RECORDS}"), then `mmquality import-labels {RECORDS}`.
"""

_LISTING = 5  # after the label's number come four columns of its listing
_OF_LABEL = (EXPORTED[0].name, *(column.name for column in EXPORTED[_LISTING:]))
Rows = Iterator[list[Any]]
_encode = json.JSONEncoder(ensure_ascii=False, default=datetime.isoformat).encode


def write_label_studio(path: Path, rows: Rows, reasons: Mapping[str, str]) -> None:
    """Tasks with one annotation each, and the labeling configuration that they fit."""
    codes = dict(reasons)
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        _write_array(archive, TASKS, rows, _task, codes)
        archive.writestr("labeling-config.xml", labeling_config(codes))
        archive.writestr("README.txt", LABEL_STUDIO_HELP)


def write_argilla(path: Path, rows: Rows, reasons: Mapping[str, str]) -> None:
    """What `rg.Dataset.from_disk` reads once it is unpacked."""
    codes = dict(reasons)
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        _write_array(archive, RECORDS, rows, _record, codes)
        archive.writestr(".argilla/settings.json", json.dumps(argilla_settings(codes), indent=2))
        archive.writestr(".argilla/dataset.json", json.dumps({"name": "mmquality", "status": "ready"}))
        archive.writestr("README.txt", ARGILLA_HELP)


def _write_array(
    archive: ZipFile, name: str, rows: Rows, made: Callable[[Any], Any], codes: dict[str, str]
) -> None:
    """One JSON array, an item in a line; reasons that are no longer offered join `codes`."""
    with _text_in(archive, name) as file:
        file.write("[")
        before = "\n"
        for some in rows:
            for row in some:
                if row.reason is not None and row.reason not in codes:
                    codes[row.reason] = row.reason
                file.write(before + _encode(made(row)))
                before = ",\n"
        file.write("\n]\n")


@contextmanager
def _text_in(archive: ZipFile, name: str) -> Iterator[io.TextIOWrapper]:
    with archive.open(name, "w", force_zip64=True) as raw:
        with io.TextIOWrapper(raw, encoding="utf-8") as text:
            yield text


def _task(row: Any) -> dict[str, Any]:
    said = [_chosen("verdict", row.verdict)]
    if row.reason is not None:
        said.append(_chosen("reason", row.reason))
    if row.note:
        said.append(_result("note", "textarea", {"text": [row.note]}))
    listing = {"listing_id": row.listing_id, "title": row.title, "category": row.category or ""}
    image = f"/data/local-files/?d={quote(row.image.lstrip('/'))}"
    return {
        "data": {**listing, "image": image, "score": row.score, "label": _provenance(row)},
        "annotations": [{"result": said, "ground_truth": False}],
    }


def _chosen(name: str, value: str) -> dict[str, Any]:
    return _result(name, "choices", {"choices": [value]})


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "image", "type": kind, "value": value}


def _provenance(row: Any) -> dict[str, Any]:
    """Everything of the label itself."""
    return dict(zip(_OF_LABEL, (row[0], *row[_LISTING:]), strict=True))


def _record(row: Any) -> dict[str, Any]:
    said = {"verdict": row.verdict, "reason": row.reason, "note": row.note}
    kept = {"listing_id": row.listing_id, "category": row.category} | _provenance(row)
    return {
        "id": str(row.label_id),
        "fields": {"title": row.title, "image": row.image},
        "metadata": {name: _metadatum(value) for name, value in kept.items() if value not in (None, "")},
        "suggestions": {
            name: {"value": value, "score": None, "agent": row.analyst}
            for name, value in said.items()
            if value
        },
        "responses": {},
        "vectors": {},
    }


def _metadatum(value: Any) -> Any:
    """Argilla's metadata are texts and numbers."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else value


def labeling_config(reasons: Mapping[str, str]) -> str:
    """Label Studio's labeling interface for these reasons (code → words)."""
    verdicts = "\n".join(f"    <Choice value={quoteattr(v)}/>" for v in Verdict)
    why = "\n".join(f"    <Choice value={quoteattr(c)} hint={quoteattr(w)}/>" for c, w in reasons.items())
    return f"""<View>
  <Header value={quoteattr(QUESTION)}/>
  <Text name="title" value="$title"/>
  <Image name="image" value="$image"/>
  <Choices name="verdict" toName="image" choice="single" required="true" showInline="true">
{verdicts}
  </Choices>
  <Choices name="reason" toName="image" choice="single" required="true" showInline="true"
           visibleWhen="choice-selected" whenTagName="verdict" whenChoiceValue="{Verdict.MISMATCH}">
{why}
  </Choices>
  <TextArea name="note" toName="image" placeholder="Note" maxSubmissions="1"/>
</View>
"""


def argilla_settings(reasons: Mapping[str, str]) -> dict[str, Any]:
    """Argilla's settings of a dataset for these reasons (code → words)."""
    return {
        "guidelines": f"{QUESTION} A mismatch needs a reason.",
        "allow_extra_metadata": True,
        "fields": [
            _property("title", "Title", {"type": "text", "use_markdown": False}),
            _property("image", "Photo", {"type": "image"}),
        ],
        "questions": [
            _property("verdict", QUESTION, _options({v: v.capitalize() for v in Verdict})),
            _property("reason", "Why it is a mismatch", _options(reasons), required=False),
            _property("note", "Note", {"type": "text", "use_markdown": False}, required=False),
        ],
        "vectors": [],
        "metadata": [],
    }


def _property(name: str, title: str, settings: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {"name": name, "title": title, "required": required, "settings": settings}


def _options(words: Mapping[Any, str]) -> dict[str, Any]:
    options = [{"value": str(code), "text": text} for code, text in words.items()]
    return {"type": "label_selection", "options": options}
