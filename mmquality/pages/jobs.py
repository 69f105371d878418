"""Long work that a page starts: its button, how far it is, and what went wrong; a reload finds it again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from mmquality.config import Workspace
from mmquality.errors import MMQualityError
from mmquality.pages import session
from mmquality.pages.components import caption, notice
from mmquality.pages.verdicts import say
from mmquality.pages.wording import duration, moment
from mmquality.pipeline import background
from mmquality.pipeline.background import Job, Phase
from mmquality.records import Role

_LOOK_EVERY = 1.0  # seconds
_WENT_WRONG = {Phase.FAILED: "It did not work", Phase.STOPPED: "It stopped before it was done"}


_FOR_ANALYSTS = ("export", "map", "spaces", "experiment", "health")  # jobs; others are for admins


def offer(workspace: Workspace, name: str, arguments: Sequence[str], label: str) -> None:
    """The button that runs `mmquality ARGUMENTS` as the job `name`; while it runs, how far it is instead."""
    found = background.job(workspace, name)
    if found is not None and found.phase is Phase.RUNNING:
        _progress(workspace, name)
        return
    if found is not None and found.phase in _WENT_WRONG:
        notice(_WENT_WRONG[found.phase], found.said or "Start it again.", name=f"{name}-failed")
    refused = _refused(workspace, name)
    caption(refused)
    st.button(
        label,
        key=f"start-{name}",
        type="primary",
        disabled=bool(refused),
        icon=":material/play_arrow:",
        on_click=_start,
        args=(workspace, name, arguments),
    )


def last_one(workspace: Workspace, name: str) -> None:
    """When the job of this name was last done, and how long it took; nothing before the first time."""
    found = background.job(workspace, name)
    if found is not None and found.phase is Phase.DONE and found.ended is not None:
        when = moment(datetime.fromtimestamp(found.ended, UTC))
        caption(f"Last done on {when}; it took {duration(found.ended - found.started)}.")


def _start(workspace: Workspace, name: str, arguments: Sequence[str]) -> None:
    try:
        session.visitor().must_be(_least(name), "This work")
        background.start(workspace, name, arguments, by=session.analyst())
    except MMQualityError as error:
        say(":material/error:", str(error))
    # Where another visitor was quicker, that job is shown.


def _refused(workspace: Workspace, name: str) -> str:
    """Why this visitor cannot start the job, in words; "" where they can."""
    least, visitor = _least(name), session.visitor()
    if not visitor.may(least):
        return f"This takes the role {least}; yours is {visitor.role}."
    try:
        background.check_may_start(workspace, name)
    except MMQualityError as error:
        return str(error)
    return ""


def _least(name: str) -> Role:
    return Role.ANALYST if name in _FOR_ANALYSTS else Role.ADMIN


@st.fragment(run_every=_LOOK_EVERY)
def _progress(workspace: Workspace, name: str) -> None:
    """How far a job is; the page is shown anew once it has ended."""
    found = background.job(workspace, name)
    if found is None or found.phase is not Phase.RUNNING:
        st.rerun()
    st.progress(_share(found), text=f"{found.stage or 'Starting'} …")
    caption(f"At work for {duration(time.time() - found.started)}. You may leave this page meanwhile.")


def _share(found: Job) -> float:
    return min(found.done / found.total, 1.0) if found.total else 0.0
