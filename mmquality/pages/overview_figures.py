"""What the overview counts, counted once: per model version, per threshold, per label that was given."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import pandas as pd
import streamlit as st

from mmquality.pipeline.reading import Catalogue
from mmquality.store import Flagged, Groups

DAYS = 30  # of labelling that are shown
_BINS = 100  # one per cent each, so that any whole threshold lies between two bins
_PATIENCE = 0.3  # seconds a page waits for the groups before it goes on without them


def score_histogram(catalogue: Catalogue) -> pd.DataFrame:
    """The scores in bins of one per cent: low, high, count."""
    return _histogram(catalogue, _version(catalogue))


def flagged(catalogue: Catalogue, threshold: float) -> Flagged:
    """What scores `threshold` (0…1) or more."""
    return _flagged(catalogue, _version(catalogue), catalogue.store.label_events(), threshold)


def judged_scores(catalogue: Catalogue) -> pd.DataFrame:
    """The verdicts that count with the scores that were seen."""
    return _judged(catalogue, catalogue.workspace.database_url, catalogue.store.label_events())


def labels_per_day(catalogue: Catalogue) -> pd.DataFrame:
    """day, analyst, labels of the last 30 days."""
    first = datetime.combine(datetime.now(UTC) - timedelta(days=DAYS - 1), time(), UTC)
    return _days(catalogue, catalogue.workspace.database_url, catalogue.store.label_events(), first)


def groups(catalogue: Catalogue, imports: int) -> tuple[Groups, ...] | None:
    """The ranking by category and by seller after so many imports; None while they are still counted.

    A million listings take seconds, so they are counted beside the page, once per version and import.
    """
    counting = _counting(catalogue, _version(catalogue), imports)
    try:
        return counting.result(_PATIENCE)
    except TimeoutError:
        return None


def _version(catalogue: Catalogue) -> str:
    """Tells the version in force from any other, also from one of the same name in another database."""
    version = catalogue.published_version()
    return f"{catalogue.workspace.database_url} {version.name} {version.created_at.isoformat()}"


@st.cache_data(max_entries=4, show_spinner=False)
def _histogram(_catalogue: Catalogue, version: str) -> pd.DataFrame:
    return _catalogue.store.score_histogram(_BINS)


@st.cache_data(max_entries=64, show_spinner=False)
def _flagged(_catalogue: Catalogue, version: str, events: tuple[int, int], threshold: float) -> Flagged:
    return _catalogue.store.flagged(threshold)


@st.cache_data(max_entries=4, show_spinner=False)
def _judged(_catalogue: Catalogue, database: str, events: tuple[int, int]) -> pd.DataFrame:
    return _catalogue.store.judged_scores()


@st.cache_data(max_entries=4, show_spinner=False)
def _days(_catalogue: Catalogue, database: str, events: tuple[int, int], first: datetime) -> pd.DataFrame:
    return _catalogue.store.labels_per_day(first)


def _usable(counting: Future[tuple[Groups, ...]]) -> bool:
    """Whether it may be asked again: a count that failed is begun anew."""
    return not counting.done() or counting.exception() is None


@st.cache_resource(max_entries=4, show_spinner=False, validate=_usable)
def _counting(_catalogue: Catalogue, version: str, imports: int) -> Future[tuple[Groups, ...]]:
    worker = ThreadPoolExecutor(1, thread_name_prefix="groups")
    counting = worker.submit(_catalogue.store.ranked_groups, "category", "seller")
    worker.shutdown(wait=False)  # the thread ends with its work
    return counting
