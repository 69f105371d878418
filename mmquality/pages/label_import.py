"""Labels from elsewhere: a file is chosen, read, and what became of it is told."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from mmquality.errors import MMQualityError
from mmquality.pages import bulk, links, place, session
from mmquality.pages.components import caption
from mmquality.pages.verdicts import say
from mmquality.pages.wording import count
from mmquality.pipeline.label_importing import LabelImport, import_labels
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Role
from mmquality.store import Fate

_KINDS = ("csv", "tsv", "jsonl", "ndjson", "json", "parquet", "zip")
_MOST = 50  # megabytes; a larger file is read by the command line
_FILE, _DONE, _STAYS = "label-file", "labels-imported", "Keep the labels that stand"
_WHICH = (_STAYS, "Let the file's count")


def panel(catalogue: Catalogue) -> None:
    """The way from a file to labels, and what the last one of this visit did."""
    if not session.visitor().may(Role.ADJUDICATOR):
        return
    _told(catalogue)
    with st.popover("Import labels", icon=":material/upload:"):
        caption(
            "CSV, JSON Lines or Parquet with listing_id and verdict (and reason, note, analyst, created_at), "
            "or what Label Studio or Argilla exports as JSON."
        )
        file = st.file_uploader("File", list(_KINDS), key=_FILE, max_upload_size=_MOST)
        which = st.radio("Where a listing has a label", _WHICH, key="label-conflicts")
        st.button(
            "Import", type="primary", disabled=file is None, icon=":material/upload:",
            on_click=_take_in, args=(catalogue, which != _STAYS),
        )  # fmt: skip
        caption(f"Larger than {_MOST} MB: mmquality import-labels FILE -w {session.folder()}")


def _take_in(catalogue: Catalogue, replace: bool) -> None:
    """For a callback: read the file that was chosen."""
    file = st.session_state[_FILE]
    with tempfile.TemporaryDirectory(prefix="mmquality-") as folder:
        path = Path(folder) / Path(file.name).name
        path.write_bytes(file.getbuffer())
        try:
            reasons, by = place.reasons().known, session.analyst()
            done = import_labels(catalogue.store, path, replace, by, reasons=reasons, by=by)
            st.session_state[_DONE] = done
        except MMQualityError as error:
            say(":material/error:", str(error).replace(f"{folder}/", ""))


def _told(catalogue: Catalogue) -> None:
    """What the last import of this visit did, and the way back."""
    done = st.session_state.get(_DONE)
    if done is None:
        return
    with st.container(key="imported", horizontal=True, vertical_alignment="center", gap="small"):
        caption(_in_words(done))
        if done.problems:
            st.page_link(links.IMPORTS, label="To the import report", icon=":material/fact_check:")
        if done.added and catalogue.store.batch(done.batch).standing:
            st.button("Undo the import", icon=":material/undo:", on_click=_undo, args=(catalogue, done.batch))


def _undo(catalogue: Catalogue, batch: str) -> None:
    st.session_state.pop(_DONE, None)
    bulk.undo(catalogue, batch)


def _in_words(done: LabelImport) -> str:
    agree, known = done.fates[Fate.AGREES], done.fates[Fate.KNOWN]
    others = [
        f"{known:,} known before" if known else "",
        f"{agree:,} agree with a label that stands" if agree else "",
        f"{count(done.conflicts, 'conflict')}" if done.conflicts else "",
        f"{count(len(done.problems), 'row')} not used" if done.problems else "",
    ]
    return "; ".join([f"{count(done.added, 'label')} imported", *filter(None, others)])
