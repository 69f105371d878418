"""Models, the versions: which there are, which is in force, and another one put in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pandas as pd
import streamlit as st

from mmquality.errors import MMQualityError, ModelFileError
from mmquality.pages import model_retraining, session
from mmquality.pages.asking import waiting_version
from mmquality.pages.components import caption, facts, section
from mmquality.pages.escaping import as_markdown, plain
from mmquality.pages.tables import WRAPPING
from mmquality.pages.widgets import choice
from mmquality.pages.wording import NOTHING, moment, percent
from mmquality.pipeline import versions as pipeline_versions
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion, Role

_ASKED = "promotion-asked"  # the version that waits for a yes
_SAID = "promotion-said"  # what to tell in the run that follows


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """The version in force, the table of all, and the way to another one."""
    current = catalogue.published_version()
    section(
        f"In force: {current.name}",
        "Ranking, neighbours and new labels go by this version's scores. Its scores never change: scoring "
        "again makes a new version.",
    )
    st.html(facts(_told(current) | _neighbours(catalogue)))
    section("All versions", "The last published first.")
    st.dataframe(
        _frame(catalogue, versions, current),
        hide_index=True,
        row_height=WRAPPING,
        height="content",
        column_config=_COLUMNS,
        placeholder=NOTHING,
        alt="Model versions, the last published first",
    )
    _promotion(catalogue, [v for v in versions if v.name != current.name and not _forgotten(catalogue, v)])
    model_retraining.show(catalogue, versions)


def chosen(versions: Sequence[ModelVersion], current: str) -> str:
    """The version to look at: the one in force, unless the address or the person says another."""
    names = [current, *(v.name for v in versions if v.name != current)]
    return choice("Version", names, "version", 170) if len(names) > 1 else current


def say_what_was_done() -> None:
    """Tell, once, what the callback before this run did."""
    said = st.session_state.pop(_SAID, None)
    if said:
        icon, words = said
        st.toast(as_markdown(words), icon=icon)


def _told(version: ModelVersion) -> dict[str, object]:
    summary = version.summary
    known = {
        "published": moment(version.created_at),
        "listings": version.listings,
        "projection": summary.get("projection"),
        "training": _seconds(summary.get("training_seconds")),
        "taught by": summary.get("taught_by"),
    }
    return {name: value for name, value in known.items() if value}


def _neighbours(catalogue: Catalogue) -> dict[str, object]:
    """How the nearest listings are found, where some may be missed."""
    try:
        found = {space: index.recall for space, index in catalogue.indexes().items()}
    except ModelFileError:  # the pages that need them say so
        return {}
    told = ", ".join(f"{percent(share)} by {space}" for space, share in found.items() if share < 1)
    return {"of the ten nearest found": told} if told else {}


def _seconds(seconds: object) -> str:
    return f"{seconds:,.0f} s" if isinstance(seconds, int | float) else ""


def _frame(catalogue: Catalogue, versions: Sequence[ModelVersion], current: ModelVersion) -> pd.DataFrame:
    waiting = waiting_version(catalogue)

    def told(name: str) -> list[str]:
        return [plain(str(v.summary.get(name) or "")) for v in versions]

    return pd.DataFrame(
        {
            "name": [plain(v.name) for v in versions],
            "state": [_state(catalogue, v, current, waiting) for v in versions],
            "created": [v.created_at.astimezone(UTC) for v in versions],
            "listings": [v.listings for v in versions],
            "taught": told("taught_by"),
            "seconds": [_number(v.summary.get("training_seconds")) for v in versions],
            "title": told("text_encoder"),
            "photo": told("photo_encoder"),
        }
    )


def _state(catalogue: Catalogue, version: ModelVersion, current: ModelVersion, waiting: str | None) -> str:
    if version.name == current.name:
        return "in force"
    if _forgotten(catalogue, version):
        return "forgotten"
    if version.name == waiting:
        return "waits"
    return "earlier" if version.created_at < current.created_at else "not in force"


def _forgotten(catalogue: Catalogue, version: ModelVersion) -> bool:
    """Whether what is large of it was taken away: its scores can be looked at, it cannot be put in force."""
    return pipeline_versions.is_forgotten(catalogue.workspace.models / version.name)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _promotion(catalogue: Catalogue, others: Sequence[ModelVersion]) -> None:
    if not others:
        caption("There is no other version to put in force; training again makes the next.")
        return
    if not session.visitor().may(Role.ADMIN):
        caption("Putting another version in force takes an admin.")
        return
    section("Put another version in force", "To go back, or forward again; nothing is lost on the way.")
    with st.container(key="promotion", horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox("Version", [v.name for v in others], key="promote", width=170, on_change=_forget)
        st.button("Put in force …", icon=":material/swap_horiz:", on_click=_ask, args=(name,))
    asked = st.session_state.get(_ASKED)
    if asked in [v.name for v in others]:
        _confirmation(catalogue, asked)


def _confirmation(catalogue: Catalogue, name: str) -> None:
    with st.container(key="confirmation", border=True):
        section(
            f"Put {name} in force?",
            "For everybody: from the next click on, all pages show its ranking and its neighbours. Labels "
            f"stay as they are, and {catalogue.published_version().name} can be put back in the same way.",
        )
        with st.container(horizontal=True, gap="small"):
            st.button(
                f"Put {as_markdown(name)} in force", type="primary", icon=":material/check:",
                on_click=_promote, args=(catalogue, name),
            )  # fmt: skip
            st.button("Cancel", on_click=_forget)


def _ask(name: str) -> None:
    st.session_state[_ASKED] = name


def _forget() -> None:
    st.session_state.pop(_ASKED, None)


def _promote(catalogue: Catalogue, name: str) -> None:
    """For a callback: the run that follows shows the other version."""
    _forget()
    try:
        pipeline_versions.promote(catalogue.workspace, catalogue.store, name, session.analyst())
    except MMQualityError as error:
        st.session_state[_SAID] = ":material/error:", str(error)
        return
    st.session_state[_SAID] = ":material/check:", f"Model {name} is in force."


_COLUMNS = {
    "name": st.column_config.TextColumn("Version", width=70),
    "state": st.column_config.TextColumn("State", width=85),
    "created": st.column_config.DatetimeColumn(
        "Published (UTC)", format="D MMM YYYY, HH:mm", width=140, timezone="UTC"
    ),
    "listings": st.column_config.NumberColumn("Listings", width=70, format="localized"),
    "taught": st.column_config.TextColumn("Taught by", width=215),
    "seconds": st.column_config.NumberColumn("Training", width=80, format="%.0f s"),
    "title": st.column_config.TextColumn("Title encoder", width=150),
    "photo": st.column_config.TextColumn("Photo encoder", width=150),
}
