"""Review: the queue, one case at a time; a key is a verdict, and the next case is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mmquality.errors import NotAllowedError, RemovedListingError
from mmquality.pages import (
    evidence,
    frame,
    history,
    links,
    listing_head,
    review_queue,
    session,
    suggestions,
    verdicts,
)
from mmquality.pages.asking import query_of
from mmquality.pages.components import caption, chips, header, notice, title
from mmquality.pages.filters import Filters
from mmquality.pages.photos import full_photo, zoomable_photo
from mmquality.pages.wording import count
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import CatalogueSettings, load_settings
from mmquality.records import Drawn, Label, Role
from mmquality.store import Case, Order

_NAME = "own-name"
_SKIPPED = "skipped"  # ids of the listings that this visit left to others
_LEFT = "left"  # the cases that were skipped since the last verdict: Back takes them up again
_BACK = "back"  # the label whose case is looked at again; in the address
_Places = tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]  # of the photo, the title and the form
_PAUSE = timedelta(minutes=5)  # longer than this between two verdicts is not work on a case


def show() -> None:
    """The whole page."""
    session.catalogue()  # says so where there is none
    try:
        session.visitor().must_be(Role.ANALYST, "Reviewing")
    except NotAllowedError as error:
        header("Review")
        notice("You look on", str(error))
        return
    if session.named_analyst() is None:
        header("Review")
        notice(
            "Who is reviewing?",
            "The queue gives each case to one person at a time, and has to know who you are.",
        )
        with st.container(width=320):
            st.text_input("Your name", key=_NAME, max_chars=60, on_change=_say_who)
        return
    _queue()


@st.fragment
def _queue() -> None:
    """The case and what belongs to it: a verdict draws neither the sidebar nor the navigation anew."""
    with frame.errors_told("Review"):
        _draw(session.catalogue(), session.analyst())


def _draw(catalogue: Catalogue, analyst: str) -> None:
    filters = replace(Filters.at(st.query_params.get("queue", "")), version="")  # scores are those in force
    settings = load_settings(catalogue.workspace)
    looked_at = _looked_at_again(catalogue, analyst)
    way = st.container(key="way", horizontal=True, vertical_alignment="center", gap="small")
    sides = st.columns(2, gap="medium")
    with sides[1]:  # drawn first: that a verdict is saved is what its analyst waits for
        own = looked_at[1] if looked_at else None
        places = sides[0], st.container(), verdicts.begin(catalogue, own, partial(_judge_again, catalogue))
    with way:
        order = _bar(catalogue, analyst, filters, settings)
    query, store, how = query_of(catalogue, filters), catalogue.store, (settings.second_share, order)
    if looked_at is not None:
        _case(catalogue, places, filters, *looked_at, again=True)
    elif case := store.next_case(analyst, query, settings.control_share, _skipped(), None, *how):
        _case(catalogue, places, filters, case)
        _look_ahead(catalogue, store.upcoming(analyst, query, [*_skipped(), case.listing_id], *how))
    else:
        _nothing_left(catalogue, filters, order)


def _say_who() -> None:
    """As if it were written in the sidebar, which a phone hides."""
    st.session_state[session.ANALYST_KEY] = st.session_state[_NAME]


def _bar(catalogue: Catalogue, analyst: str, filters: Filters, settings: CatalogueSettings) -> Order:
    """The day's work, the way back and past a case, how the queue works; the order in which cases come."""
    told = [_today(catalogue, analyst), "the filtered ranking" if filters.narrowed else ""]
    header("Review", *told, _unsettled(catalogue))
    st.toggle(
        "Show score", key="reveal", bind="query-params",
        help="Without it you judge by what you see. It stands in the message after your verdict.",
    )  # fmt: skip
    with st.popover("Queue", icon=":material/tune:"):
        order = review_queue.settings(catalogue, filters, settings)
    st.button(
        "Back", shortcut="B", icon=":material/arrow_back:", on_click=_go_back, args=(catalogue, analyst),
        help="To the case you judged or skipped before",
    )  # fmt: skip
    st.button("Skip", shortcut="S", icon=":material/skip_next:", on_click=_skip, key="skip")
    return order


def _unsettled(catalogue: Catalogue) -> str:
    """How many disagreements wait, where there are any."""
    waiting = len(catalogue.store.disputed())
    return f"{count(waiting, 'disagreement')} to settle" if waiting else ""


def _today(catalogue: Catalogue, analyst: str) -> str:
    """How many listings have a verdict since midnight that stands, and how long one takes."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    times = catalogue.store.judged_since(analyst, midnight)
    between = sorted(gap for a, b in zip(times, times[1:], strict=False) if (gap := a - b) < _PAUSE)
    pace = f", {between[len(between) // 2].total_seconds():.0f} s each" if between else ""
    return f"{count(len(times), 'verdict')} today{pace}"


def _skipped() -> list[str]:
    skipped: list[str] = st.session_state.setdefault(_SKIPPED, [])
    return skipped


def _skip() -> None:
    """Leave the case to others; a case that is looked at again is only left."""
    if _BACK in st.query_params:
        del st.query_params[_BACK]
    elif now := st.session_state.get("case"):
        _skipped().append(now.listing_id)
        _left().append(now)


def _left() -> list[Case]:
    left: list[Case] = st.session_state.setdefault(_LEFT, [])
    return left


def _go_back(catalogue: Catalogue, analyst: str) -> None:
    """To the case that was skipped last, if nothing was judged since; else to the one judged before."""
    if _left():
        _take_up(catalogue, analyst, _left().pop())
        return
    here = st.query_params.get(_BACK, "")
    before = catalogue.store.judged_before(analyst, int(here) if here.isdecimal() else None)
    if before is not None:
        st.query_params[_BACK] = str(before[0])


def _take_up(catalogue: Catalogue, analyst: str, case: Case) -> None:
    """Hand out a skipped case instead of the one that came after it."""
    _skipped().remove(case.listing_id)
    if not catalogue.store.take_up(analyst, case.listing_id, case.drawn, instead=True):
        removed = catalogue.store.removed([case.listing_id])
        why = str(RemovedListingError(*removed)) if removed else "Somebody else has the case that you skipped"
        verdicts.say(":material/error:", why)


def _take_up_all() -> None:
    _skipped().clear()
    _left().clear()


def _looked_at_again(catalogue: Catalogue, analyst: str) -> tuple[Case, Label | None] | None:
    """The case of the label that the address names, if it is the analyst's, and his verdict that stands.

    What others said of it stays unseen.
    """
    here = st.query_params.get(_BACK, "")
    listing_id = catalogue.store.judged_as(analyst, int(here)) if here.isdecimal() else None
    if listing_id is None:
        return None
    own = [p for p in catalogue.store.label_history(listing_id) if p.label.analyst == analyst]
    drawn = next((p.label.drawn for p in own if p.label.label_id == int(here)), Drawn.BROWSED)
    return Case(listing_id, drawn), next((p.label for p in own if p.withdrawn_at is None), None)


def _judge_again(catalogue: Catalogue, withdrawn: Label) -> None:
    """The withdrawn verdict's case is looked at again, unless somebody else has drawn it in between."""
    _left().clear()
    if withdrawn.analyst == session.analyst():
        st.query_params.pop(_BACK, None)
        if catalogue.store.take_up(withdrawn.analyst, withdrawn.listing_id, withdrawn.drawn):
            st.query_params[_BACK] = str(withdrawn.label_id)
        else:
            verdicts.say(":material/undo:", "Withdrawn; the case is somebody else's now, or needs no verdict")


def _go_on() -> None:
    st.query_params.pop(_BACK, None)
    _left().clear()


def _nothing_left(catalogue: Catalogue, filters: Filters, order: Order) -> None:
    st.session_state.pop("case", None)  # there is none to skip
    skipped = _skipped()
    if skipped:
        notice("Only skipped cases are left", f"You skipped {count(len(skipped), 'listing')}.")
        st.button("Take them up again", on_click=_take_up_all, icon=":material/replay:")
        return
    if order is Order.DISPUTES:
        waiting = catalogue.store.disputed()
        others = f"{_unsettled(catalogue)}: by somebody who judged neither way yet." if waiting else ""
        notice("No disagreement is left to you", others or "No two verdicts differ.")
        return
    whole = "Every listing that passes the filters" if filters.narrowed else "Every listing"
    notice("Nothing left to review", f"{whole} is labelled, or before somebody else right now.")
    st.page_link(links.RANKING, label="To the ranking", icon=":material/format_list_numbered:")


def _case(
    catalogue: Catalogue,
    places: _Places,
    filters: Filters,
    case: Case,
    label: Label | None = None,
    again: bool = False,
) -> None:
    """The case in its places, the form first: once its title is there, keys are verdicts on it.

    Earlier verdicts are shown to who settles a disagreement, and to nobody else.
    """
    st.session_state["case"] = case
    listing = catalogue.store.listing(case.listing_id)
    hidden = not st.session_state.get("reveal") and not again
    drawn, threshold = label.drawn if label else case.drawn, filters.query().min_score
    photo, told, form = places
    about = verdicts.Case(
        catalogue, listing, drawn=drawn, score_hidden=hidden, threshold=threshold, done=_go_on,
        undone=partial(_judge_again, catalogue),
    )  # fmt: skip
    verdicts.form(about, label, form)
    with photo, st.container(key="portrait"):
        zoomable_photo(listing)
    found = evidence.gather(catalogue, listing.listing_id)
    with told:
        st.html(title(listing))
        st.html(f'<div class="mmq-chips">{chips(listing)}</div>')
        ranked = None if hidden else listing_head.place(catalogue, listing.listing_id)
        if ranked is not None:
            st.html(listing_head.standing(catalogue, ranked, found))
        if case.changed:
            caption("Judged before; its title or photo has changed since.")
        if case.drawn is Drawn.DISPUTE:
            history.labels(catalogue, listing, "Analysts disagree; your verdict settles it", not hidden)
        asked = st.container()
    evidence.show(catalogue, listing, found, "", history=not hidden, unseen=True)
    suggestions.show(about, asked)


def _look_ahead(catalogue: Catalogue, listing_id: str | None) -> None:
    """While this case is looked at: read what the next one needs, and let the browser fetch its photo."""
    if listing_id is not None:
        evidence.gather(catalogue, listing_id)
        with st.container(key="ahead"):  # not displayed
            full_photo(catalogue.store.listing(listing_id))


show()
