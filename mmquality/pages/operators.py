"""What operators get to know of a visit: who signed in, what was refused or failed, how long it took."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mmquality.errors import MMQualityError, NotAllowedError
from mmquality.logs import event
from mmquality.pages.metrics import ERRORS, PAGE_SECONDS, VERDICT_SECONDS

_KNOWN = "signed-in"  # in a visit's state: whose sign-in operators were told of
_VERDICTS = ("add_label", "add_labels")


def signed_in(person: str, role: str) -> None:
    """Somebody visits who has signed in; told once for each tab."""
    if person and st.session_state.get(_KNOWN) != person:
        st.session_state[_KNOWN] = person
        event("sign-in", person=person, role=role)


def refused(error: NotAllowedError, person: str = "") -> NotAllowedError:
    """Somebody asked for what they may not do; gives the error back, to be raised."""
    ERRORS.labels("refused").inc()
    event("refusal", logging.WARNING, person=person or None, sentence=str(error))
    return error


def not_signed_in(missing: str) -> None:
    """Somebody came past the proxy, or it does not say who they are; told once for each tab."""
    if st.session_state.get(_KNOWN) is None:
        st.session_state[_KNOWN] = ""
        event("not signed in", logging.WARNING, sentence=missing)


def told(error: MMQualityError) -> None:
    """A page could not be shown, and says why."""
    if not isinstance(error, NotAllowedError):  # that was counted where it was refused
        ERRORS.labels("told").inc()
        event("failure", logging.ERROR, where="page", sentence=str(error))


def unexpected(error: Exception) -> None:
    """A fault of ours, in a page or in what a button does; Streamlit shows that there was one."""
    ERRORS.labels("unexpected").inc()
    sentence = " ".join(f"{type(error).__name__}: {error}".split())
    event("failure", logging.ERROR, where="page", sentence=sentence, raised_at=_place_of(error))


@contextmanager
def page_run(page: str) -> Iterator[None]:
    """How long a run of a page takes, however it ends."""
    started = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - started
        PAGE_SECONDS.labels(page).observe(seconds)
        event("page", logging.DEBUG, page=page, seconds=seconds)


@contextmanager
def call(name: str) -> Iterator[None]:
    """How long a call of the store takes, where it is a verdict."""
    started = time.perf_counter()
    yield
    if name in _VERDICTS:
        VERDICT_SECONDS.observe(time.perf_counter() - started)


def _place_of(error: Exception) -> str:
    """`file.py:12`, where it was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
