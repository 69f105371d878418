"""What the overview counts, counted once: per model version, per threshold, per label that was given."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from mmquality.pages.asking import in_force
from mmquality.pipeline.kept_tables import group_ranks
from mmquality.pipeline.reading import Catalogue
from mmquality.store import Flagged, Groups

DAYS = 30  # of labelling that are shown
_PATIENCE = 0.1  # seconds a page waits for the groups before it goes on without them


def flagged(catalogue: Catalogue, threshold: float) -> Flagged:
    """What scores `threshold` (0…1) or more."""
    labelled = _labelled(catalogue, in_force(catalogue), catalogue.store.label_events())
    return catalogue.store.flagged(threshold, labelled)


def judged_scores(catalogue: Catalogue) -> pd.DataFrame:
    """The verdicts that count with the scores that were seen."""
    return _judged(catalogue, catalogue.workspace.database_url, catalogue.store.label_events())


def labels_per_day(catalogue: Catalogue) -> pd.DataFrame:
    """day, analyst, labels of the last 30 days."""
    first = datetime.combine(datetime.now(UTC) - timedelta(days=DAYS - 1), time(), UTC)
    return _days(catalogue, catalogue.workspace.database_url, catalogue.store.label_events(), first)


def groups(catalogue: Catalogue, imports: int, patience: float = _PATIENCE) -> tuple[Groups, ...] | None:
    """The ranking by category and by seller after so many imports; None while they are still counted.

    After an import a million listings take seconds, so they are counted beside the page.
    """
    counting = _counting(catalogue, in_force(catalogue), imports)
    try:
        return counting.result(patience)
    except TimeoutError:
        return None


@st.cache_data(max_entries=4, show_spinner=False)
def _labelled(_catalogue: Catalogue, version: str, events: tuple[int, int]) -> npt.NDArray[np.int64]:
    return _catalogue.store.labelled_places()


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
    name = _catalogue.published_version().name
    counting = worker.submit(group_ranks, _catalogue.workspace, _catalogue.store, name)
    worker.shutdown(wait=False)  # the thread ends with its work
    return counting
