"""Export of labels: a few are written when their button is pressed, many by a job, to be fetched later."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from mmquality.pages import jobs, place, session
from mmquality.pages.components import caption
from mmquality.pages.guard import for_this_visit
from mmquality.pages.widgets import choice
from mmquality.pages.wording import count, megabytes, moment
from mmquality.pipeline.exporting import export_options, export_place
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Role
from mmquality.store import Deed, LabelQuery, export_labels

AT_ONCE = 5_000  # labels: written within half a second
_FORMATS = {"CSV": ("csv", "text/csv"), "Parquet": ("parquet", "application/vnd.apache.parquet"),
            "JSON Lines": ("jsonl", "application/jsonl"),
            "Label Studio": ("label-studio.zip", "application/zip"),
            "Argilla": ("argilla.zip", "application/zip")}  # fmt: skip
_WHAT = "The labels that pass the filters, each with its listing and what its analyst saw."


def buttons(catalogue: Catalogue, query: LabelQuery, total: int) -> None:
    """The way to a file of the `total` labels that the query finds, in each format."""
    if not session.visitor().may(Role.ANALYST):
        return
    with st.container(horizontal=True, gap="xsmall", key="exports", vertical_alignment="center"):
        if total > AT_ONCE:
            _as_job(catalogue, query, total, choice("Export as", list(_FORMATS), "format", 150))
            return
        st.caption("Export", help=_WHAT, width="content")
        for name in _FORMATS:
            _download(name, _writer(catalogue, query, _FORMATS[name][0]), name, datetime.now(UTC))


def _as_job(catalogue: Catalogue, query: LabelQuery, total: int, name: str) -> None:
    """The file that was written last, and the job that writes it."""
    path = export_place(catalogue.workspace, query, _FORMATS[name][0])
    if path.exists():
        file = path.stat()
        made = datetime.fromtimestamp(file.st_mtime, UTC)
        _download(name, path.read_bytes, f"Download {name}, {megabytes(file.st_size)}", made)
        caption(f"Written on {moment(made)}; labels given since then are not in it.")
    words = f"Write {count(total, 'label')} to a file" if not path.exists() else "Write it anew"
    command = ["export", f"--out={path}", *export_options(query)]
    jobs.offer(catalogue.workspace, "export", command, words)


def _download(name: str, content: Callable[[], bytes], words: str, made: datetime) -> None:
    suffix, mime = _FORMATS[name]
    st.download_button(
        words, content, file_name=f"labels-{made:%Y-%m-%d}.{suffix}", mime=mime,
        key=f"export-{suffix.partition('.')[0]}", on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def _writer(catalogue: Catalogue, query: LabelQuery, suffix: str) -> Callable[[], bytes]:
    # Now: no visit stands behind the one who fetches the file.
    by, store = session.analyst(), for_this_visit(catalogue.store)

    def write() -> bytes:
        with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
            path = Path(folder) / f"labels.{suffix}"
            number = export_labels(store, path, query, reasons=place.reasons().offered)
            store.note(Deed.EXPORT, by, path.name, count(number, "label"))
            return path.read_bytes()

    return write
