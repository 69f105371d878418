"""Labels in from a file, on the Labels page."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from dashboard import button, opened, store_of, texts, unescaped
from streamlit.testing.v1 import AppTest
from workspaces import Fixture

from mmquality.pages import label_import
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Verdict
from mmquality.store import LabelQuery


def uploaded(content: str, name: str = "made.csv") -> Any:
    """A file as the page has it once it was chosen."""
    return SimpleNamespace(name=name, getbuffer=lambda: io.BytesIO(content.encode()).getbuffer())


def captions(app: AppTest) -> str:
    return " ".join(unescaped(caption.value) for caption in app.caption)


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A visit's state outside a page."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", found)
    return found


def test_a_file_becomes_labels_once(fresh: Fixture, state: dict[str, Any]) -> None:
    state["label-file"] = uploaded("listing_id,verdict\nL001,match\nL002,unsure\nL999,match\n")
    catalogue = Catalogue(fresh.workspace)
    label_import._take_in(catalogue, False)
    done = state["labels-imported"]
    assert label_import._in_words(done) == "2 labels imported; 1 row not used"
    assert store_of(fresh).labels_page(LabelQuery(analyst="analyst")).total == 2
    label_import._take_in(catalogue, False)
    assert label_import._in_words(state["labels-imported"]).startswith("0 labels imported; 2 known before")
    label_import._undo(catalogue, done.batch)
    assert store_of(fresh).labels_page().total == 0 and "labels-imported" not in state


def test_a_file_of_another_kind_is_told(fresh: Fixture, state: dict[str, Any]) -> None:
    state["label-file"] = uploaded("id,verdict\nL001,match\n")
    label_import._take_in(Catalogue(fresh.workspace), False)
    assert "made.csv has no column 'listing_id'" in state["said"][1] and "/" not in state["said"][1]


def test_the_page_tells_what_was_imported_and_offers_the_way_back(fresh: Fixture) -> None:
    app = opened("labels")
    assert "No labels yet" in texts(app) and button(app, "Import").disabled
    store_of(fresh).add_label("L001", Verdict.MATCH, None, "", "ann")
    done = label_import.LabelImport("made.csv 1")
    app.session_state["labels-imported"] = done
    app.run()
    assert "0 labels imported" in captions(app)
