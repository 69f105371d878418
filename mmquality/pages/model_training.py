"""Models, training: how the terms of the loss fell, and what the data was."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mmquality.pages import plots
from mmquality.pages.components import caption, facts, notice, section, terms
from mmquality.pages.model_versions import chosen
from mmquality.pipeline.model_record import ModelRecord, read_record
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion

_TERMS = {
    "coclick": ("Co-click", "listings clicked together are near each other"),
    "triplets_within": ("Triplets within", "a title is nearer to its own photo than to others'"),
    "triplets_between": ("Triplets between", "a title is nearer to photos of co-clicked listings"),
    "self_supervision": ("Mismatch, swapped photos", "own photos are told from swapped ones"),
    "clicks": ("Mismatch, clicks", "P(no click) of impressions, by place on the page"),
    "labels": ("Mismatch, labels", "what analysts said"),
}


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """Curves, data and settings of one version."""
    version = chosen(versions, catalogue.published_version().name)
    record = read_record(catalogue.workspace, version)
    _losses(record)
    _data(record)
    with st.expander("Settings of the run"):
        for name, settings in (("Training", record.training), ("Network", record.network)):
            section(name)
            st.html(terms({key.replace("_", " "): value for key, value in settings.items()}))


def _losses(record: ModelRecord) -> None:
    section(
        "Losses by epoch", "Means over each epoch's batches, of the network that saw the whole catalogue."
    )
    if record.losses.empty:
        notice("No losses were kept", "This version was trained before they were; train again to see them.")
        return
    with st.grid("auto", min_column_width=230, gap=16):
        for term in record.losses:
            title, meaning = _TERMS.get(str(term), (str(term), ""))
            values = record.losses[term]
            with st.container(key=f"loss-{term}", gap="xsmall"):
                section(title, meaning)
                alt = f"{title}: {values.iloc[0]:.3f} in the first epoch, {values.iloc[-1]:.3f} in the last"
                plots.show(plots.curve(values), f"loss-{term}-chart", alt)


def _data(record: ModelRecord) -> None:
    section("The data it was trained on")
    known = {name: value for name, value in record.fingerprint.items() if name != "sha256"}
    st.html(facts(known))
    if "co_clicks" in known:
        caption(
            "Co-clicks: pairs of listings, each counted once: imported (the Import report counts the file's "
            "rows), clicked under one listing, or clicked in one session."
        )
    digest = str(record.fingerprint.get("sha256", ""))
    if digest:
        caption(f"Fingerprint {digest[:16]}…: another one means that listings, clicks or labels differed.")
