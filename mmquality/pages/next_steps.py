"""What to do next: a few suggestions that follow from the state of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import streamlit as st

from mmquality.pages import links, session
from mmquality.pages.components import section
from mmquality.pages.escaping import as_html
from mmquality.pages.filters import Filters
from mmquality.pages.wording import count, percent
from mmquality.store import Flagged

_SHOWN = 3
CONTROLS = 10  # control cases that shares of the catalogue take: with fewer an interval says nothing
_WORTH_TRAINING = 20  # new verdicts, or a tenth of those already learnt from


@dataclass(frozen=True)
class State:
    """What suggestions rest on."""

    model: str
    threshold: int  # per cent
    flagged: Flagged
    unscored: int  # listings imported after the model
    judged: int  # listings with a verdict to learn from, …
    learnt: int  # … and how many the model has learnt from
    controls: int  # control cases judged, …
    control_share: float  # … and their share of the cases that Review hands out
    unused_rows: int  # of the last import
    apart: int = 0  # labels that judge the model instead of teaching it
    disputed: int = 0  # listings on which analysts disagree
    waiting: str | None = None  # a version trained since, which nobody has put in force


@dataclass(frozen=True)
class Step:
    """One suggestion: what and why, then where to go or what to run."""

    title: str
    why: str
    commands: str = ""
    link: str = ""
    page: Path = links.RANKING
    params: Mapping[str, str | list[str]] | None = None


def show(state: State) -> None:
    """The first few suggestions."""
    section("What to do next")
    for number, step in enumerate(islice(steps(state), _SHOWN)):
        with st.container(key=f"step-{number}", gap="xxsmall"):
            st.html(f'<div class="mmq-step"><h3>{as_html(step.title)}</h3><p>{as_html(step.why)}</p></div>')
            if step.commands:
                st.code(step.commands, language=None)
            if step.link:
                st.page_link(
                    step.page, label=step.link, icon=":material/arrow_forward:", query_params=step.params
                )


def steps(state: State) -> Iterator[Step]:
    """All suggestions, the most urgent first."""
    if state.unscored:
        yield Step(
            f"{count(state.unscored, 'listing')} without a score",
            f"Imported after model {state.model} had scored the catalogue. Encode them and let them join:",
            commands=session.commands("encode", "arrive"),
        )
    yield _review(state)
    if state.disputed:
        yield Step(
            f"{count(state.disputed, 'disagreement')} to settle",
            "Two verdicts on the same listing differ. Until a third settles it, no model learns from either.",
            link="Settle them",
            page=links.REVIEW,
            params={"order": links.DISAGREEMENTS},
        )
    if state.waiting:
        yield Step(
            f"Model {state.waiting} waits",
            f"Trained after {state.model}, but not put in force. See what it would change, and decide.",
            link="Compare both",
            page=links.MODELS,
            params={"show": "Changes", "from": state.model, "to": state.waiting},
        )
    new = state.judged - state.learnt - state.apart
    if new >= max(_WORTH_TRAINING, state.learnt / 10):
        yield Step(
            f"{count(new, 'verdict')} to learn from",
            f"Model {state.model} has learnt from {state.learnt:,}. Train again, then compare both versions.",
            link="Train again",
            page=links.MODELS,
        )
    due = state.judged * state.control_share >= 1  # before, that there is none yet says nothing
    if due and state.controls < CONTROLS:
        yield Step(
            f"{count(CONTROLS - state.controls, 'control case')} to go",
            "Listings drawn at random, judged like any other, tell how many mismatches the threshold "
            f"misses. Review mixes them in: {percent(state.control_share)} of its cases.",
            link="To the review",
            page=links.REVIEW,
        )
    if state.unused_rows:
        yield Step(
            f"{count(state.unused_rows, 'row')} of the last import could not be used",
            "The report names each row and its reason.",
            link="To the import report",
            page=links.IMPORTS,
        )


def _review(state: State) -> Step:
    if not state.flagged.listings:
        return Step("Nothing is flagged", f"No listing scores {state.threshold}%. Lower the threshold.")
    if not state.flagged.left:
        return Step(
            "All flagged listings are labelled",
            f"Nothing is left at {state.threshold}% or more. Lower the threshold to look further.",
        )
    return Step(
        f"{count(state.flagged.left, 'flagged listing')} to review",
        "Nobody has said yet whether title and photo belong together; the worst come first.",
        link="Review them",
        page=links.REVIEW,
        params={"queue": Filters(score=(state.threshold, 100)).address()},
    )
