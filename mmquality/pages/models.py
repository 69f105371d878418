"""Models: their versions, how they were trained, whether scores are probabilities, ours against others."""

from __future__ import annotations

import streamlit as st

from mmquality.pages import (
    model_calibration,
    model_changes,
    model_comparison,
    model_health,
    model_training,
    model_versions,
    session,
)
from mmquality.pages.components import header
from mmquality.pages.widgets import segments
from mmquality.pages.wording import count, day
from mmquality.pipeline.reading import Catalogue

PARTS = {
    "Versions": model_versions.show,
    "Changes": model_changes.show,
    "Training": model_training.show,
    "Calibration": model_calibration.show,
    "Comparison": model_comparison.show,
    "Health": model_health.show,
}


def show(catalogue: Catalogue) -> None:
    """The whole page; its parts are drawn one at a time."""
    model_versions.say_what_was_done()
    versions = catalogue.store.versions()
    current = catalogue.published_version()
    header(
        "Models",
        count(len(versions), "version"),
        f"{current.name} in force, published {day(current.created_at)}",
    )
    with st.container(key="model-parts"):
        part = segments("Show", list(PARTS), "show")
    PARTS[part](catalogue, versions)


show(session.catalogue())
