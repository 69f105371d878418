"""How well analysts agree: second reviews in figures, with words that say what the figures mean."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from mmquality.evaluation.between_analysts import Reliability, by_pair, overall
from mmquality.pages.components import caption, section
from mmquality.pages.escaping import plain
from mmquality.pages.wording import count, percent
from mmquality.pipeline.reading import Catalogue

_MEANS = (
    "Cases that two analysts judged, the second without seeing the first verdict. Agreement beyond chance: "
    "1 is always the same verdict, 0 no more often than by chance. From 0.8 on, verdicts are taken as "
    "reliable; below 0.67, people understand the question differently (Krippendorff 2004)."
)


def show(catalogue: Catalogue) -> None:
    """Krippendorff's alpha over all, Cohen's kappa of each pair; how to get there where there is none."""
    section("How well analysts agree", _MEANS)
    together, pairs = _found(catalogue, catalogue.workspace.database_url, catalogue.store.label_events())
    if together is None:
        caption("No case has been judged twice yet. Under Queue, Review says how many are to be.")
        return
    caption(f"Over all, Krippendorff's alpha: {_told(together)}; {_same(together)}")
    st.dataframe(
        pd.DataFrame(
            {
                "analysts": [plain(" and ".join(pair.analysts)) for pair in pairs],
                "kappa": [_told(pair) for pair in pairs],
                "cases": [pair.cases for pair in pairs],
                "same": [pair.same / pair.cases for pair in pairs],
            }
        ),
        hide_index=True, width="content", column_config=_COLUMNS, key="agreement",
        alt="Agreement of every two analysts who judged the same cases",
    )  # fmt: skip


def _told(found: Reliability) -> str:
    if found.value is None:
        return "not to be told, as all verdicts are the same"
    return f"{found.value:.2f} ({found.low:.2f} – {found.high:.2f})"


def _same(found: Reliability) -> str:
    return f"{percent(found.same / found.cases)} of {count(found.cases, 'case')} got the same verdict"


@st.cache_data(max_entries=4, show_spinner=False)
def _found(
    _catalogue: Catalogue, database: str, events: tuple[int, int]
) -> tuple[Reliability | None, list[Reliability]]:
    twice = _catalogue.store.judged_twice()
    return overall(twice), by_pair(twice)


_COLUMNS = {
    "analysts": st.column_config.TextColumn("Analysts", width=130),
    "kappa": st.column_config.TextColumn("Cohen's kappa (95%)", width=150),
    "cases": st.column_config.NumberColumn("Cases", width=60),
    "same": st.column_config.NumberColumn("Same verdict", format="percent", width=110),
}
