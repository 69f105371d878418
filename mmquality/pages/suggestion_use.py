"""What became of the language model's suggestions, and what they cost: on the Labels page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from mmquality.pages.components import section
from mmquality.pages.escaping import plain
from mmquality.pages.wording import money
from mmquality.pipeline.reading import Catalogue

_MEANS = (
    "As it was: the label has the verdict, the reason and the note that were suggested. A suggestion that "
    "two labels took up counts once. The cost is that of all questions whose price was known. What never "
    "answered, such as an address with a slip, is in the audit alone."
)


def show(catalogue: Catalogue) -> None:
    """A row for each model that ever answered; nothing where none did."""
    use = [one for one in catalogue.store.explanation_use() if one.asked > one.failed]
    if not use:
        return
    section("What became of suggestions", _MEANS)
    st.dataframe(
        pd.DataFrame(
            {
                "model": [plain(f"{one.model} at {one.host}") for one in use],
                "asked": [one.asked for one in use],
                "failed": [one.failed for one in use],
                "accepted": [one.accepted for one in use],
                "edited": [one.edited for one in use],
                "unused": [one.asked - one.failed - one.accepted - one.edited for one in use],
                "seconds": [one.seconds for one in use],
                "cost": [money(one.cost).removeprefix("cost ") or "not known" for one in use],
            }
        ),
        hide_index=True, width="content", column_config=_COLUMNS, key="suggestion-use",
        alt="What became of each language model's suggestions",
    )  # fmt: skip


_COLUMNS = {
    "model": st.column_config.TextColumn("Language model", width=240),
    "asked": st.column_config.NumberColumn("Asked", width=70),
    "failed": st.column_config.NumberColumn("No answer", width=80),
    "accepted": st.column_config.NumberColumn("As it was", width=80),
    "edited": st.column_config.NumberColumn("Edited", width=70),
    "unused": st.column_config.NumberColumn("Not used", width=80),
    "seconds": st.column_config.NumberColumn("Seconds", format="%.1f", width=80),
    "cost": st.column_config.TextColumn("Cost", width=90),
}
