"""One verdict for many listings: chosen one by one or by the filters, previewed, given, taken back whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from mmquality.errors import MMQualityError, RemovedListingError
from mmquality.pages import place, session
from mmquality.pages.components import caption
from mmquality.pages.escaping import as_markdown
from mmquality.pages.photos import thumbnail
from mmquality.pages.verdicts import say
from mmquality.pages.wording import VERDICTS, count
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Verdict
from mmquality.store import MOST_AT_ONCE, RankingQuery

SELECTING = "selecting"
_CHOSEN = "chosen-listings"  # ids, in the order of their choice
_GIVEN = "bulk-given"  # the last batch of this visit and what it said
_PREVIEWED = 12


def chosen() -> list[str]:
    """The listings chosen so far, on this page and others."""
    found: list[str] = st.session_state.setdefault(_CHOSEN, [])
    return found


def choose(ids: Iterable[str], among: Iterable[str]) -> None:
    """Of the listings `among` those shown, let just these be chosen; what is chosen elsewhere stays."""
    shown = set(among)
    st.session_state[_CHOSEN] = [i for i in chosen() if i not in shown] + list(ids)


def checkbox(listing_id: str, title: str) -> None:
    """A card's box to tick."""
    key, ticked = f"choose-{listing_id}", listing_id in chosen()
    # Set only what differs: a box may have been ticked since this run began, and the browser would untick it.
    if st.session_state.get(key) != ticked:
        st.session_state[key] = ticked
    st.checkbox(
        as_markdown(title), key=key,
        on_change=lambda: choose([listing_id] if st.session_state[key] else [], [listing_id]),
    )  # fmt: skip


def bar(catalogue: Catalogue, query: RankingQuery, total: int, version: str) -> None:
    """What is chosen and what can be done with it; after a bulk label, the way back."""
    _given(catalogue)
    if not st.session_state.get(SELECTING):
        return
    ids = chosen()
    with st.container(key="bulk", horizontal=True, vertical_alignment="center", gap="small", border=True):
        caption(f"{count(len(ids), 'listing')} chosen" if ids else "Tick listings to give them one verdict")
        if st.button("Label them…", icon=":material/label:", disabled=not ids, type="primary"):
            _dialog(catalogue, ids[:MOST_AT_ONCE], version)
        reach = min(total, MOST_AT_ONCE)
        words = f"Choose all {total:,}" if total <= MOST_AT_ONCE else f"Choose the first {reach:,}"
        st.button(
            words, icon=":material/select_all:", help="Those that pass the filters, in the order shown",
            on_click=lambda: choose(catalogue.store.ranking_ids(query, reach), chosen()),
        )  # fmt: skip
        st.button(
            "Choose none", icon=":material/deselect:", disabled=not ids, on_click=choose, args=((), ids)
        )


def _given(catalogue: Catalogue) -> None:
    """The last bulk label, as long as any of it stands: it may have been taken back elsewhere."""
    if _GIVEN not in st.session_state:
        return
    batch, words = st.session_state[_GIVEN]
    if not catalogue.store.batch(batch.batch).standing:
        del st.session_state[_GIVEN]
        return
    with st.container(key="bulk-given", horizontal=True, vertical_alignment="center", gap="small"):
        caption(words)
        st.button("Undo all", icon=":material/undo:", on_click=undo, args=(catalogue, batch.batch))
        st.button(
            "Close", icon=":material/close:", type="tertiary", on_click=st.session_state.pop, args=(_GIVEN,)
        )


def undo(catalogue: Catalogue, batch: str) -> None:
    """For a callback: withdraw all labels that were given together; those before them count again."""
    try:
        withdrawn = catalogue.store.undo_batch(batch, session.analyst())
    except MMQualityError as error:
        say(":material/error:", str(error))
        return
    say(":material/undo:", f"Withdrawn: {count(withdrawn, 'label')} that were given together")


@st.dialog("One verdict for many", width="large", icon=":material/label:")
def _dialog(catalogue: Catalogue, ids: Sequence[str], version: str) -> None:
    listings = catalogue.store.listings_by_id(ids)
    labelled = catalogue.store.labelled_among(list(listings))
    caption(_preview(len(listings), labelled))
    photos = (thumbnail(catalogue, listing) for listing in list(listings.values())[:_PREVIEWED])
    st.html(f'<div class="mmq-photos">{"".join(photos)}</div>')
    said = st.segmented_control(
        "Verdict", list(VERDICTS), default=Verdict.MISMATCH, required=True, key="bulk-verdict",
        format_func=lambda verdict: VERDICTS[verdict],
    )  # fmt: skip
    verdict, reasons = said or Verdict.MISMATCH, place.reasons()
    reason = None
    if verdict is Verdict.MISMATCH:
        reason = st.pills(
            "Reason (needed)", list(reasons.offered), key="bulk-reason",
            format_func=lambda reason: as_markdown(reasons.in_words(reason)),
        )  # fmt: skip
    note = st.text_input("Note", key="bulk-note", max_chars=1000, placeholder="for all of them") or ""
    ready = verdict is not Verdict.MISMATCH or reason is not None
    words = f"{VERDICTS[verdict]} · {reasons.in_words(reason).lower()}" if reason else VERDICTS[verdict]
    if st.button(
        f"Label {count(len(listings), 'listing')}: {as_markdown(words)}", type="primary", disabled=not ready,
        on_click=_give, args=(catalogue, list(listings), verdict, reason, note, version, words),
    ):  # fmt: skip
        st.rerun()  # closes the dialog


def _give(
    catalogue: Catalogue,
    ids: Sequence[str],
    verdict: Verdict,
    reason: str | None,
    note: str,
    version: str,
    words: str,
) -> None:
    """For a callback: write the labels. What was removed since it was chosen is chosen no more."""
    try:
        given = catalogue.store.add_labels(ids, verdict, reason, note, session.analyst(), version)
    except RemovedListingError as error:
        choose((), error.listing_ids)
        say(":material/error:", f"{error} Nothing was labelled; what was removed is chosen no more.")
        return
    except MMQualityError as error:
        say(":material/error:", str(error))
        return
    st.session_state[_GIVEN] = given, f"Saved: {count(given.labels, 'listing')}, {words}"


def _preview(number: int, labelled: int) -> str:
    more = f", of which the first {_PREVIEWED}" if number > _PREVIEWED else ""
    before = f". {count(labelled, 'of them carries', 'of them carry')} a label already; this one replaces it"
    return f"{count(number, 'listing')}{more}{before if labelled else ''}"
