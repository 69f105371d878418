"""The label form: one key or one click is a whole verdict, written to the store at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmquality.errors import MMQualityError, RemovedListingError
from mmquality.pages import evidence, links, place, session
from mmquality.pages.components import caption, label_badge
from mmquality.pages.escaping import as_html, as_markdown
from mmquality.pages.wording import VERDICTS, moment, percent, verdict
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Drawn, Label, Listing, Role, Verdict
from mmquality.store import Explanation

_ERROR = ":material/error:"
_KEYS = 9  # reasons with a key of their own: 1 to 9
_SAID = "said"  # what to tell in the run that follows a change
_SAVED_AT = "saved-at"  # when this visit's last verdict was written
_PAUSE = 0.4  # seconds; nobody reads a listing in less: the key repeats, or was meant for the listing before
_TAKEN_UP = "taken-up"  # the language model's suggestion that the form holds, if any
_LONGEST_NOTE = 1000  # characters
_LAST = "last-verdict"  # this visit's last verdict, its listing's title, and what was said of it
_AFTER_KEY = "after"
_AFTER = ("Next listing", "Stay here")

Undone = Callable[[Label], None]


@dataclass(frozen=True)
class Case:
    """What a verdict is about, how it came before the analyst, and what happens after it."""

    catalogue: Catalogue
    listing: Listing
    after: str | None = None  # the listing to go on to, where the analyst wants to go on
    drawn: Drawn = Drawn.BROWSED
    score_hidden: bool = False
    threshold: float | None = None  # the score from which on the analyst reviews
    done: Callable[[], None] | None = None  # called after a verdict, instead of going on to a listing
    undone: Undone | None = None  # called with a label after it was withdrawn


def begin(catalogue: Catalogue, label: Label | None, undone: Undone | None = None) -> DeltaGenerator:
    """The form's place with what the last key did in it, drawn before all that has to be looked up first.

    `label`: the one that counts for the listing that the form will be about; `undone`: called with a label
    after it was withdrawn.
    """
    place = st.container(key="verdicts", border=True, gap="small")
    with place:
        _what_was_saved(catalogue, label, undone)
    return place


def form(case: Case, label: Label | None, place: DeltaGenerator | None = None) -> None:
    """What the last key did (where it is not in `place` yet), the label that counts, and the buttons."""
    with place or begin(case.catalogue, label, case.undone):
        _question(case, label)
        if not session.visitor().may(Role.ANALYST):
            caption("You look on; labelling takes an analyst.")
            return
        _buttons(case)
        st.text_input(
            "Note", key=_note_key(case.listing), placeholder="a note, before the verdict (Tab leaves it)",
            label_visibility="collapsed", max_chars=_LONGEST_NOTE, on_change="ignore",
            icon=":material/edit_note:",
        )  # fmt: skip
        if case.done is None:
            # Not a toggle: while an input has the focus, the keys of the buttons are asleep.
            st.segmented_control(
                "After a verdict",
                _AFTER,
                default=_AFTER[0],
                required=True,
                key=_AFTER_KEY,
                persist_state="session",
            )


def take_up(listing: Listing, said: Explanation) -> None:
    """For a callback: put a suggestion into the form; what is saved is still the key that is pressed."""
    written = str(st.session_state.get(_note_key(listing)) or "").strip()
    st.session_state[_note_key(listing)] = f"{written} {said.sentence}".strip()[:_LONGEST_NOTE]
    st.session_state[_TAKEN_UP] = said


def taken_up(listing: Listing) -> Explanation | None:
    """The suggestion that the form holds."""
    said: Explanation | None = st.session_state.get(_TAKEN_UP)
    return said if said is not None and said.listing_id == listing.listing_id else None


def say_what_was_saved() -> None:
    """On a page without the form: tell, once, what the callback before this run did."""
    said = st.session_state.pop(_SAID, None)
    if said:
        icon, words = said
        st.toast(as_markdown(words), icon=icon)


def _what_was_saved(catalogue: Catalogue, label: Label | None, undone: Undone | None) -> None:
    """What the last key did, for as long as nothing else is done, and the way to take it back."""
    label_before, title, words = st.session_state.get(_LAST) or (None, "", "")
    icon, words = st.session_state.pop(_SAID, None) or ("", words)
    alarming = " mmq-alarming" if icon == _ERROR else ""
    with st.container(key="said", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="mmq-said{alarming}" role="status">{as_html(words)}</p>')
        if label_before is not None and label is None:
            _undo_button(catalogue, label_before, title, undone)


def say(icon: str, words: str) -> None:
    """For a callback: tell this in the run that follows (plain words)."""
    st.session_state[_SAID] = icon, words


def undo(catalogue: Catalogue, label: Label, title: str, undone: Undone | None = None) -> None:
    """For a callback: withdraw a label; the one before it, if any, counts again."""
    st.session_state.pop(_LAST, None)
    try:
        counts = catalogue.store.undo_label(label.label_id, session.analyst())
    except MMQualityError as error:
        st.session_state[_SAID] = _ERROR, str(error)
        return
    now = f"; now {verdict(counts).lower()} by {counts.analyst}" if counts else "; now unlabelled"
    if label.drawn is Drawn.SECOND:  # the first verdict stays unseen
        now = ""
    st.session_state[_SAID] = ":material/undo:", f"Withdrawn: {verdict(label)}{now} ({title})"
    if undone is not None:
        undone(label)


def _buttons(case: Case) -> None:
    with st.grid(2, min_column_width=120, gap=6):
        _button(case, VERDICTS[Verdict.MATCH], "Y", Verdict.MATCH, icon=":material/check:")
        _button(case, VERDICTS[Verdict.UNSURE], "U", Verdict.UNSURE, icon=":material/question_mark:")
    st.html('<p class="mmq-because"><b>Mismatch</b>, because of</p>')
    with st.grid(3, min_column_width=130, gap=6, key="reasons"):
        for number, (reason, words) in enumerate(place.reasons().offered.items(), 1):
            shortcut = str(number) if number <= _KEYS else None
            _button(case, as_markdown(words), shortcut, Verdict.MISMATCH, reason)


def _button(
    case: Case,
    words: str,
    shortcut: str | None,
    said: Verdict,
    reason: str | None = None,
    icon: str | None = None,
) -> None:
    key = f"{said}-{reason}" if reason else str(said)
    held = taken_up(case.listing)
    suggested = held is not None and (held.verdict, held.reason) == (said, reason)
    st.button(
        words,
        key=key,
        shortcut=shortcut,
        icon=icon,
        width="stretch",
        type="primary" if suggested else "secondary",
        on_click=_save,
        args=(case, said, reason),
    )


def _save(case: Case, said: Verdict, reason: str | None) -> None:
    """Write the verdict, then go on if that is wished; of a listing that was removed meanwhile, say so."""
    if time.monotonic() - st.session_state.get(_SAVED_AT, -_PAUSE) < _PAUSE:
        st.session_state[_SAID] = (
            ":material/timer:",
            "That was quick: the second key was not taken as a verdict",
        )
        return
    version = case.catalogue.version
    note = str(st.session_state.get(_note_key(case.listing)) or "")
    held = taken_up(case.listing)
    if held is not None and held.verdict is not said:  # left after all: its sentence is not the analyst's
        note, held = note.replace(held.sentence, "").strip(), None
    try:
        label = case.catalogue.store.add_label(
            case.listing.listing_id, said, reason, note, session.analyst(), version.name if version else None,
            case.drawn, case.score_hidden, case.threshold, evidence.shown(case.listing.listing_id),
            held.explanation_id if held else None,
        )  # fmt: skip
    except RemovedListingError as error:
        say(_ERROR, f"{error} Your verdict on it was not kept ({case.listing.title})")
        _go_on(case)
        return
    except MMQualityError as error:
        st.session_state[_SAID] = _ERROR, str(error)
        return
    st.session_state[_SAVED_AT] = time.monotonic()
    revealed = f"; the model says {percent(label.score)}" if label.score_hidden and label.score else ""
    words = f"Saved: {verdict(label)}{revealed} ({case.listing.title})"
    st.session_state[_LAST] = label, case.listing.title, words
    st.session_state[_note_key(case.listing)] = ""
    st.session_state.pop(_TAKEN_UP, None)
    _go_on(case)


def _go_on(case: Case) -> None:
    if case.done is not None:
        case.done()
    elif case.after and st.session_state.get(_AFTER_KEY) == _AFTER[0]:
        links.go_on_to(case.after)


def _note_key(listing: Listing) -> str:
    return f"note-{listing.listing_id}"


def _question(case: Case, label: Label | None) -> None:
    """The label that counts, or the question that asks for one."""
    if label is None:
        st.html('<p class="mmq-verdict">Does the photo show what the title sells?</p>')
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        note = f" · “{as_html(label.note)}”" if label.note else ""
        st.html(
            f'<p class="mmq-verdict">{label_badge(label)}<span>{as_html(label.analyst)}, '
            f"{moment(label.created_at)}{note}</span></p>",
            width="content",
        )
        _undo_button(case.catalogue, label, case.listing.title, case.undone)


def _undo_button(catalogue: Catalogue, label: Label, title: str, undone: Undone | None) -> None:
    if not session.visitor().may(Role.ANALYST):
        return
    st.button(
        "Undo", shortcut="Z", type="tertiary", icon=":material/undo:", on_click=undo,
        args=(catalogue, label, title, undone),
    )  # fmt: skip
