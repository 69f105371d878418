"""From the filters of the ranking page to what the store is asked: which listings, of which model version."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from mmquality.pages.filters import NO_CATEGORY, Filters
from mmquality.pipeline.judgement import load_judgement
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.versions import is_forgotten
from mmquality.records import Space
from mmquality.store import Facet, RankingQuery

SIMILAR = 200  # listings nearest to one, besides itself
_BINS = 100  # one per cent each, so that any whole threshold lies between two bins
_A_WHILE = 60  # seconds that counts beside filters may lag behind an import


def query_of(catalogue: Catalogue, filters: Filters) -> RankingQuery:
    """The filters as the store understands them. Raises `UnknownListingError` for `like` an unknown one."""
    return filters.query(similar(catalogue, filters.like) if filters.like else None)


def similar(catalogue: Catalogue, listing_id: str) -> tuple[str, ...]:
    """The listing and those nearest to it in unified space, at the version in force."""
    return _similar(catalogue, in_force(catalogue), listing_id)


def facets(catalogue: Catalogue) -> list[Facet]:
    """The attributes to filter by, with the whole catalogue's counts, as they were within a minute."""
    return _facets(catalogue, _place(catalogue))


def categories(catalogue: Catalogue) -> dict[str, int]:
    """The categories with the whole catalogue's counts, the largest first, as they were within a minute."""
    return _categories(catalogue, _place(catalogue))


def score_histogram(catalogue: Catalogue) -> pd.DataFrame:
    """The scores in force in bins of one per cent: low, high, count."""
    return _histogram(catalogue, in_force(catalogue))


def in_force(catalogue: Catalogue) -> str:
    """Tells the version in force, with what it ranks now, from any other, also from one of the same name in
    another database."""
    version = catalogue.published_version()
    told = version.name, version.created_at.isoformat(), version.revision
    return " ".join(map(str, (catalogue.workspace.database_url, *told)))


def waiting_version(catalogue: Catalogue) -> str | None:
    """A version trained since, on which nobody has decided; none that was forgotten or called worse."""
    name = catalogue.store.waiting_version()
    if name is None or is_forgotten(catalogue.workspace.models / name):
        return None
    return None if _worse(catalogue.workspace.models / name) else name


def _place(catalogue: Catalogue) -> str:
    return f"{catalogue.workspace.root} {catalogue.workspace.database_url}"


@st.cache_data(max_entries=4, show_spinner=False)
def _histogram(_catalogue: Catalogue, version: str) -> pd.DataFrame:
    return _catalogue.store.score_histogram(_BINS)


@st.cache_data(max_entries=500, ttl=3600, show_spinner=False)
def _similar(_catalogue: Catalogue, version: str, listing_id: str) -> tuple[str, ...]:
    near = _catalogue.neighbours(listing_id, Space.UNIFIED, SIMILAR)
    return (listing_id, *(neighbour.listing_id for neighbour in near))


@st.cache_data(max_entries=8, ttl=_A_WHILE, show_spinner=False)
def _facets(_catalogue: Catalogue, place: str) -> list[Facet]:
    return [facet for facet in _catalogue.store.facets() if ":" not in facet.name]  # `where` parts at a colon


@st.cache_data(max_entries=8, ttl=_A_WHILE, show_spinner=False)
def _categories(_catalogue: Catalogue, place: str) -> dict[str, int]:
    return {name or NO_CATEGORY: listings for name, listings in _catalogue.store.categories()}


@st.cache_data(max_entries=4, show_spinner=False)
def _worse(version: Path) -> bool:
    judgement = load_judgement(version)
    return judgement is not None and judgement.worse is True
