"""Models, calibration: whether of the listings that score 30 % three in ten are mismatched."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mmquality.evaluation.calibration import ReliabilityBin
from mmquality.pages import links, plots, session
from mmquality.pages.components import caption, facts, notice, section
from mmquality.pages.model_versions import chosen
from mmquality.pages.widgets import choice
from mmquality.pages.wording import count
from mmquality.pipeline.label_calibration import FEWEST, label_calibration
from mmquality.pipeline.model_record import read_record
from mmquality.pipeline.reading import Catalogue
from mmquality.records import ModelVersion

_ANY = "any version"


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """The two diagrams side by side."""
    caption(
        "A score is calibrated when it is a probability: the dots lie on the dashed line. Below it the score "
        "promises more mismatches than there are, above it fewer. Each dot is a bin of listings, with the "
        "95% interval of what was observed."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _swaps(catalogue, versions)
    with right:
        _labels(catalogue, versions)


def _swaps(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    section(
        "Against swapped photos",
        "Photos that were exchanged on purpose among listings the networks had not seen: plenty of them, but "
        "not the mismatches of real sellers.",
    )
    version = chosen(versions, catalogue.published_version().name)
    record = read_record(catalogue.workspace, version)
    if not record.reliability:
        notice(
            f"{version} was not measured",
            "Calibration is measured while a model is trained; train again to see it.",
            session.commands("retrain"),
        )
        return
    _diagram(record.reliability, record.calibration_error, None, "swaps")


def _labels(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    section(
        "Against analysts' verdicts",
        "The score in force when each verdict was given, which no model had learnt from it. It speaks of the "
        "listings that were looked at: label some from the whole range of scores, not the top alone.",
    )
    judged = catalogue.store.judged_scores()
    seen = [v.name for v in versions if v.name in set(judged["version"])]
    if len(seen) > 1:
        name = choice("Scores of", [_ANY, *seen], "seen", 170)
        judged = judged if name == _ANY else judged[judged["version"] == name]
    found = label_calibration(judged)
    if not found.enough:
        notice(
            "Too few verdicts yet",
            f"{count(found.mismatches, 'mismatch', 'mismatches')} and "
            f"{count(found.matches, 'match', 'matches')} so far; it takes {FEWEST} verdicts, some of each.",
            name="labels",
        )
        st.page_link(links.RANKING, label="To the ranking", icon=":material/format_list_numbered:")
        return
    _diagram(found.curve, found.error, found.brier, "labels")


def _diagram(bins: Sequence[ReliabilityBin], error: float | None, brier: float | None, name: str) -> None:
    named = {
        "expected calibration error": None if error is None else f"{error:.3f}",
        "Brier score": None if brier is None else f"{brier:.3f}",
        "listings": sum(b.count for b in bins),
    }
    st.html(facts({key: value for key, value in named.items() if value is not None}))
    last = bins[-1]
    alt = (
        f"Reliability diagram of {len(bins)} bins; in the last one the mean score is {last.score:.0%} and "
        f"{last.share:.0%} are mismatches"
    )
    plots.show(plots.reliability(bins), f"reliability-{name}", alt)
    with st.expander("The bins as a table"):
        st.dataframe(_frame(bins), hide_index=True, height="content", column_config=_COLUMNS, alt=alt)


def _frame(bins: Sequence[ReliabilityBin]) -> pd.DataFrame:
    return pd.DataFrame([vars(b) for b in bins], columns=["score", "share", "low", "high", "count"])


_COLUMNS = {
    "score": st.column_config.NumberColumn("Mean score", format="percent"),
    "share": st.column_config.NumberColumn("Observed", format="percent"),
    "low": st.column_config.NumberColumn("95% from", format="percent"),
    "high": st.column_config.NumberColumn("95% to", format="percent"),
    "count": st.column_config.NumberColumn("Listings", format="localized"),
}
