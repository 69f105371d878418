"""Export of labels: a file is written when its button is pressed, not before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from mmquality.pages.components import section
from mmquality.pipeline.reading import Catalogue
from mmquality.store import LabelQuery, export_labels

_FORMATS = {
    "csv": ("CSV", "text/csv"),
    "parquet": ("Parquet", "application/vnd.apache.parquet"),
    "jsonl": ("JSON Lines", "application/jsonl"),
}


def buttons(catalogue: Catalogue, query: LabelQuery) -> None:
    """One button per format for the labels that the query finds."""
    section("Export", "The labels that pass the filters, each with its listing and what its analyst saw.")
    with st.container(horizontal=True, gap="xsmall", key="exports"):
        for suffix, (name, mime) in _FORMATS.items():
            st.download_button(
                name,
                _writer(catalogue, query, suffix),
                file_name=f"labels-{_today()}.{suffix}",
                mime=mime,
                key=f"export-{suffix}",
                on_click="ignore",
                icon=":material/download:",
            )


def _writer(catalogue: Catalogue, query: LabelQuery, suffix: str) -> Callable[[], bytes]:
    def write() -> bytes:
        with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
            path = Path(folder) / f"labels.{suffix}"
            export_labels(catalogue.store, path, query)
            return path.read_bytes()

    return write


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
