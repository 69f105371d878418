"""What watchers could not use, on the Import report: seen, tried again, dismissed."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from mmquality.pages import session
from mmquality.pages.components import caption, section
from mmquality.pages.escaping import plain
from mmquality.pages.tables import WRAPPING
from mmquality.pages.widgets import pages
from mmquality.pages.wording import count, moment
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Role
from mmquality.store import DeadLetter, LetterState

_PAGE = 25
_KEY = "letters"


def dead_letters(catalogue: Catalogue) -> None:
    """The open letters, and what to do with those that are ticked, or with all."""
    section("From watchers")
    total = catalogue.store.dead_letters(size=1).total
    caption(
        f"{count(total, 'letter')} could not be used. A letter that is tried again goes to the watcher that "
        "runs, or to the next one; one whose listing has come once more since is left alone."
    )
    page = pages(math.ceil(total / _PAGE), "letters-page")
    found = catalogue.store.dead_letters(page=page, size=_PAGE).rows
    chosen = st.dataframe(
        _frame(found), hide_index=True, row_height=WRAPPING, height="content",
        column_config=_COLUMNS, alt="Dead letters", key=_KEY, on_select="rerun", selection_mode="multi-row",
    )  # fmt: skip
    if not session.visitor().may(Role.ADMIN):
        return
    ticked = [found[row].letter_id for row in chosen["selection"]["rows"] if row < len(found)]
    which = count(len(ticked), "letter") if ticked else "all"
    with st.container(horizontal=True):
        for words, icon, state in _DEEDS:
            st.button(
                f"{words} {which}", key=f"letters-{state}", icon=icon, on_click=_settle,
                args=(catalogue, ticked or None, state),
            )  # fmt: skip


def _settle(catalogue: Catalogue, letter_ids: list[int] | None, state: LetterState) -> None:
    done = catalogue.store.settle_letters(letter_ids, state, session.analyst())
    words = "will be tried again" if state is LetterState.AGAIN else "dismissed"
    st.toast(f"{count(len(done), 'letter')} {words}.")


def _frame(letters: list[DeadLetter]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "when": [moment(x.created_at) for x in letters],
            "place": [plain(x.place) for x in letters],
            "listing": [plain(x.listing_id) for x in letters],
            "reason": [plain(x.reason) for x in letters],
            "payload": [plain(x.payload[:300]) for x in letters],
        }
    )


_DEEDS = (
    ("Try again:", ":material/refresh:", LetterState.AGAIN),
    ("Dismiss:", ":material/delete_sweep:", LetterState.DISMISSED),
)
_COLUMNS = {
    "when": st.column_config.TextColumn("When", width=130),
    "place": st.column_config.TextColumn("Where", width=180),
    "listing": st.column_config.TextColumn("Listing", width=110),
    "reason": st.column_config.TextColumn("Reason", width=330),
    "payload": st.column_config.TextColumn("What it says", width=200),
}
