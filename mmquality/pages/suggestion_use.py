"""What became of the language model's suggestions, and what they cost: on the Labels page."""

from __future__ import annotations

import streamlit as st

from mmquality.pages.components import facts, section
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import money
from mmquality.pipeline.reading import Catalogue
from mmquality.store import ExplanationUse

_MEANS = (
    "As it was: the label has the verdict, the reason and the note that were suggested. A suggestion that "
    "two labels took up counts once. The cost is that of all questions whose price was known. What never "
    "answered, such as an address with a slip, is in the audit alone."
)


def show(catalogue: Catalogue) -> None:
    """Each model that ever answered, with its figures; nothing where none did."""
    use = [one for one in catalogue.store.explanation_use() if one.asked > one.failed]
    if not use:
        return
    section("What became of suggestions", _MEANS)
    for one in use:  # not a table: on a phone, figures go on in the next line
        st.html(f'<p class="mmq-use">{as_html(f"{one.model} at {one.host}")}</p>{facts(_figures(one))}')


def _figures(one: ExplanationUse) -> dict[str, object]:
    return {
        "Asked": one.asked,
        "No answer": one.failed,
        "As it was": one.accepted,
        "Edited": one.edited,
        "Not used": one.asked - one.failed - one.accepted - one.edited,
        "Seconds": f"{one.seconds:.1f}",
        "Cost": money(one.cost).removeprefix("cost ") or "not known",
    }
