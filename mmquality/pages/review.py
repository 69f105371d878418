"""Review: the queue, one case at a time; a key is a verdict, and the next case is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from mmquality.pages import evidence, links, listing_head, session, verdicts
from mmquality.pages.asking import query_of
from mmquality.pages.components import chips, header, notice, title
from mmquality.pages.filters import Filters
from mmquality.pages.photos import full_photo, zoomable_photo
from mmquality.pages.wording import count, percent
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.settings import change_settings, load_settings
from mmquality.records import Drawn
from mmquality.store import Case

_NAME = "own-name"
_SKIPPED = "skipped"  # ids of the listings that this visit left to others
_BACK = "back"  # the label whose case is looked at again; in the address
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2)
_PAUSE = timedelta(minutes=5)  # longer than this between two verdicts is not work on a case


def show(catalogue: Catalogue) -> None:
    """The whole page."""
    analyst = session.named_analyst()
    if analyst is None:
        header("Review")
        notice(
            "Who is reviewing?",
            "The queue gives each case to one person at a time, and has to know who you are.",
        )
        with st.container(width=320):
            st.text_input("Your name", key=_NAME, max_chars=60, on_change=_say_who)
        return
    filters = replace(Filters.at(st.query_params.get("queue", "")), version="")  # scores are those in force
    share = load_settings(catalogue.workspace).control_share
    _bar(catalogue, analyst, filters, share)
    looked_at = _looked_at_again(catalogue, analyst)
    query = query_of(catalogue, filters)
    case = looked_at or catalogue.store.next_case(analyst, query, share, _skipped())
    if case is None:
        _nothing_left(filters)
        return
    _case(catalogue, case, again=looked_at is not None)
    if looked_at is None:
        _look_ahead(catalogue, catalogue.store.upcoming(analyst, query, [*_skipped(), case.listing_id]))


def _say_who() -> None:
    """As if it were written in the sidebar, which a phone hides."""
    st.session_state[session.ANALYST_KEY] = st.session_state[_NAME]


def _bar(catalogue: Catalogue, analyst: str, filters: Filters, share: float) -> None:
    """The day's work, the way back and past a case, and how the queue works."""
    with st.container(key="way", horizontal=True, vertical_alignment="center", gap="small"):
        header("Review", _today(catalogue, analyst), "the filtered ranking" if filters.narrowed else "")
        st.toggle(
            "Show score", key="reveal", bind="query-params",
            help="Without it you judge by what you see. It stands in the message after your verdict.",
        )  # fmt: skip
        with st.popover("Queue", icon=":material/tune:"):
            _settings(catalogue, filters, share)
        st.button(
            "Back", shortcut="B", icon=":material/arrow_back:", on_click=_go_back, args=(catalogue, analyst),
            help="To the case you judged before",
        )  # fmt: skip
        st.button("Skip", shortcut="S", icon=":material/skip_next:", on_click=_skip, key="skip")


def _today(catalogue: Catalogue, analyst: str) -> str:
    """How many verdicts since midnight, and how long one takes."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    times = catalogue.store.judged_since(analyst, midnight)
    between = sorted(gap for a, b in zip(times, times[1:], strict=False) if (gap := a - b) < _PAUSE)
    pace = f", {between[len(between) // 2].total_seconds():.0f} s each" if between else ""
    return f"{count(len(times), 'verdict')} today{pace}"


def _settings(catalogue: Catalogue, filters: Filters, share: float) -> None:
    st.select_slider(
        "Control cases", sorted({*_SHARES, share}), value=share, format_func=percent, key="control-share",
        on_change=_set_share, args=(catalogue,),
        help="Drawn at random from the whole catalogue and not marked. They alone tell how many mismatches "
        "the ranking misses. For everybody who reviews this catalogue.",
    )  # fmt: skip
    st.page_link(
        links.RANKING, label="Choose what is reviewed, in the ranking", icon=":material/filter_alt:",
        query_params=filters.params(),
    )  # fmt: skip


def _set_share(catalogue: Catalogue) -> None:
    change_settings(catalogue.workspace, control_share=float(st.session_state["control-share"]))


def _skipped() -> list[str]:
    skipped: list[str] = st.session_state.setdefault(_SKIPPED, [])
    return skipped


def _skip() -> None:
    """Leave the case to others; a case that is looked at again is only left."""
    if _BACK in st.query_params:
        del st.query_params[_BACK]
    elif now := st.session_state.get("case"):
        _skipped().append(now)


def _go_back(catalogue: Catalogue, analyst: str) -> None:
    here = st.query_params.get(_BACK, "")
    before = catalogue.store.judged_before(analyst, int(here) if here.isdecimal() else None)
    if before is not None:
        st.query_params[_BACK] = str(before[0])


def _looked_at_again(catalogue: Catalogue, analyst: str) -> Case | None:
    """The case of the label that the address names, if it is one of the analyst's."""
    here = st.query_params.get(_BACK, "")
    if not here.isdecimal():
        return None
    found = catalogue.store.judged_before(analyst, int(here) + 1)
    if found is None or found[0] != int(here):
        return None
    return Case(found[1], Drawn.BROWSED)


def _go_on() -> None:
    st.query_params.pop(_BACK, None)


def _nothing_left(filters: Filters) -> None:
    verdicts.say_what_was_saved()
    skipped = _skipped()
    if skipped:
        notice("Only skipped cases are left", f"You skipped {count(len(skipped), 'listing')}.")
        st.button("Take them up again", on_click=skipped.clear, icon=":material/replay:")
        return
    whole = "Every listing that passes the filters" if filters.narrowed else "Every listing"
    notice("Nothing left to review", f"{whole} is labelled, or before somebody else right now.")
    st.page_link(links.RANKING, label="To the ranking", icon=":material/format_list_numbered:")


def _case(catalogue: Catalogue, case: Case, again: bool) -> None:
    st.session_state["case"] = case.listing_id
    listing = catalogue.store.listing(case.listing_id)
    hidden = not st.session_state.get("reveal") and not again
    # A case that the queue hands out has no label: without the score there is nothing to look up.
    ranked = None if hidden else listing_head.place(catalogue, listing.listing_id)
    label = ranked.label if ranked else None
    drawn = label.drawn if again and label else case.drawn
    found = evidence.gather(catalogue, listing.listing_id)
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="portrait"):
        zoomable_photo(listing)
    with right:
        st.html(title(listing))
        st.html(f'<div class="mmq-chips">{chips(listing)}</div>')
        if ranked is not None:
            st.html(listing_head.standing(catalogue, ranked, found))
        verdicts.form(verdicts.Case(catalogue, listing, drawn=drawn, score_hidden=hidden, done=_go_on), label)
    evidence.show(catalogue, listing, found, "", history=not hidden)


def _look_ahead(catalogue: Catalogue, listing_id: str | None) -> None:
    """While this case is looked at: read what the next one needs, and let the browser fetch its photo."""
    if listing_id is not None:
        evidence.gather(catalogue, listing_id)
        with st.container(key="ahead"):  # not displayed
            full_photo(catalogue.store.listing(listing_id))


show(session.catalogue())
