"""Below the verdict: what the photo looks like, what the title asks for, the neighbours, the history."""

from __future__ import annotations

import streamlit as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pages import links, neighbours, reasons
from mmquality.pages.components import (
    attributes,
    clicks_fact,
    distance_bar,
    label_badge,
    notice,
    score_bar,
    section,
    word_chips,
)
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import count, moment
from mmquality.pipeline.evidence import Evidence
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Label, Listing, ModelVersion, Neighbour, Space
from mmquality.store import LabelQuery

_NEIGHBOURS = 10
_SHARED_SHOWN = 8
_LABELS = 20


def gather(catalogue: Catalogue, listing_id: str) -> Evidence | str:
    """The evidence for one listing; where no index holds it, what to do about that."""
    try:
        return catalogue.evidence(listing_id)
    except (ModelFileError, UnknownListingError) as error:
        return str(error)


def show(
    catalogue: Catalogue, listing: Listing, found: Evidence | str, queue: str, history: bool = True
) -> None:
    """All of it; without an index that holds the listing, what can be said without one.

    `history`: whether earlier labels and scores are shown, too.
    """
    if isinstance(found, str):
        notice("No neighbours to show", found)
        _facts(catalogue, listing, None, history)
        return
    _shared(catalogue, found, queue)
    left, right = st.columns(2, gap="medium")
    with left:
        _looks_like(catalogue, found, queue)
    with right:
        _asks_for(catalogue, found, queue)
    left, right = st.columns(2, gap="medium")
    with left:
        _near(catalogue, listing, queue)
    with right:
        _facts(catalogue, listing, found, history)


def _looks_like(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section(
        "What the photo looks like",
        "The listings whose photos are most like this one, and what sets their titles apart.",
    )
    st.html(word_chips(found.looks_like, found.other_category, "no word sets their titles apart"))
    neighbours.rows(catalogue, "looks", found.photo_looks_like, _photo_figure, queue)


def _asks_for(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section(
        "What the title asks for",
        "Its words that the titles of such photos lack, and photos of the listings with titles most like it.",
    )
    st.html(word_chips(found.asks_for, "", "such photos are sold under all of its words"))
    listings = catalogue.store.listings_by_id(n.listing_id for n in found.title_asks_for)
    neighbours.strip(catalogue, "asks", listings, queue)


def _shared(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    """Who else shows this photo: unrelated titles speak against it, related ones are variants or copies."""
    for name, ids, words in (
        ("strangers", found.unrelated_sharers, "unrelated titles"),
        ("variants", found.related_sharers, "related titles"),
    ):
        if not ids:
            continue
        section(
            f"This photo is also shown by {count(len(ids), 'listing')} with {words}",
            "The same file, or one that the photo encoder can hardly tell from it."
            + (f" Here are {_SHARED_SHOWN} of them." if len(ids) > _SHARED_SHOWN else ""),
        )
        neighbours.strip(catalogue, name, catalogue.store.listings_by_id(ids[:_SHARED_SHOWN]), queue)


def _near(catalogue: Catalogue, listing: Listing, queue: str) -> None:
    section("Neighbours", "What the model puts this listing beside, nearest first.")
    nearest = catalogue.neighbours(listing.listing_id, Space.UNIFIED, _NEIGHBOURS)
    neighbours.rows(catalogue, "near", nearest, neighbours.unified_figures, queue)
    st.page_link(
        links.COMPARE,
        label="Compare with title-only recall",
        icon=":material/compare_arrows:",
        query_params={"id": listing.listing_id},
        width="content",
    )


def _facts(catalogue: Catalogue, listing: Listing, found: Evidence | None, history: bool) -> None:
    section("What clicks say")
    _clicks(listing, found)
    section("From the catalogue file")
    st.html(attributes(listing))
    if history:
        _history(catalogue, listing)


def _clicks(listing: Listing, found: Evidence | None) -> None:
    """Clicks against what its places would give; without the places, the bare counts."""
    if found is None or found.clicks is None:
        st.html(f'<p class="mmq-verdict">{clicks_fact(listing.impressions, listing.clicks)}</p>')
        return
    told = [reasons.click_sentence(found.clicks)]
    if found.clicks.shown:
        told.append(reasons.ratio_sentence(found.clicks))
    st.html("".join(f'<p class="mmq-verdict">{as_html(sentence)}</p>' for sentence in told))
    st.page_link(
        links.CLICKS,
        label="How clicks are read",
        icon=":material/ads_click:",
        query_params={"of": listing.listing_id},
        width="content",
    )


def _history(catalogue: Catalogue, listing: Listing) -> None:
    """Earlier labels and the scores of earlier models, where there is more than one to tell."""
    wanted = LabelQuery(listing_id=listing.listing_id, newest_only=False)
    labels = [row.label for row in catalogue.store.labels_page(wanted, size=_LABELS).rows]
    if len(labels) > 1:
        section("Labels, newest first")
        st.html("".join(_past_label(label) for label in labels))
    scores = catalogue.store.score_history(listing.listing_id)
    if len(scores) > 1:
        section("Scores by model version")
        st.html("".join(_past_score(*past) for past in scores))


def _past_label(label: Label) -> str:
    who = f"{as_html(label.analyst)}, {moment(label.created_at)}"
    return f'<p class="mmq-verdict">{label_badge(label)}<span>{who}</span></p>'


def _past_score(version: ModelVersion, score: float, rank: int) -> str:
    name = as_html(version.name)
    return f'<div class="mmq-past"><span>{name}</span>{score_bar(score)}<span>#{rank:,}</span></div>'


def _photo_figure(neighbour: Neighbour) -> str:
    return distance_bar("photo distance", neighbour.distance, neighbours.share(neighbour.distance))
