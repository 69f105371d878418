"""Below the verdict: what the photo looks like, what the title asks for, the neighbours, the history."""

from __future__ import annotations

import streamlit as st

from mmquality.errors import ModelFileError, UnknownListingError
from mmquality.pages import links, neighbours
from mmquality.pages.components import (
    attributes,
    clicks_fact,
    distance_bar,
    label_badge,
    notice,
    score_bar,
    section,
)
from mmquality.pages.escaping import as_html
from mmquality.pages.wording import count, moment
from mmquality.pipeline.reading import Catalogue, Evidence
from mmquality.records import Label, Listing, ModelVersion, Neighbour, Space
from mmquality.store import LabelQuery

_NEIGHBOURS = 10
_SHARED_SHOWN = 8
_LABELS = 20


def show(catalogue: Catalogue, listing: Listing, queue: str) -> None:
    """All of it; without an index that holds the listing, what can be said without one."""
    try:
        found = catalogue.evidence(listing.listing_id)
        nearest = catalogue.neighbours(listing.listing_id, Space.UNIFIED, _NEIGHBOURS)
    except (ModelFileError, UnknownListingError) as error:
        notice("No neighbours to show", str(error))
        _facts(catalogue, listing)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _looks_like(catalogue, found, queue)
    with right:
        _asks_for(catalogue, found, queue)
    left, right = st.columns(2, gap="medium")
    with left:
        section("Neighbours", "What the model puts this listing beside, nearest first.")
        neighbours.rows(catalogue, "near", nearest, neighbours.unified_figures, queue)
        st.page_link(
            links.COMPARE,
            label="Compare with title-only recall",
            icon=":material/compare_arrows:",
            query_params={"id": listing.listing_id},
            width="content",
        )
    with right:
        _shared(catalogue, found, queue)
        _facts(catalogue, listing)


def _looks_like(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section("What the photo looks like", "Titles of the listings whose photos are most like this one.")
    neighbours.rows(catalogue, "looks", found.photo_looks_like, _photo_figure, queue)


def _asks_for(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    section("What the title asks for", "Photos of the listings whose titles are most like this one.")
    listings = catalogue.store.listings_by_id(n.listing_id for n in found.title_asks_for)
    neighbours.strip(catalogue, "asks", listings, queue)


def _shared(catalogue: Catalogue, found: Evidence, queue: str) -> None:
    others = found.shared_photo
    if not others:
        return
    section(
        "The same photo elsewhere", f"{count(len(others), 'other listing')} with exactly this photo file."
    )
    neighbours.strip(catalogue, "same", catalogue.store.listings_by_id(others[:_SHARED_SHOWN]), queue)


def _facts(catalogue: Catalogue, listing: Listing) -> None:
    section("What clicks say")
    st.html(f'<p class="mmq-verdict">{clicks_fact(listing.impressions, listing.clicks)}</p>')
    section("From the catalogue file")
    st.html(attributes(listing))
    _history(catalogue, listing)


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
