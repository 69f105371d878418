"""The problems of an import: counted by reason, and found by it."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from mmquality.pages.escaping import plain
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RowProblem, count_kinds, kind_of
from mmquality.store import ImportReport

MOST_READ = 20_000  # a report may hold millions; so many are enough to see what is wrong


def is_of(problem: RowProblem, kind: str) -> bool:
    """Whether a problem is of a kind, as `kinds` calls it."""
    return kind_of(plain(problem.words)) == kind_of(kind)


def kinds(catalogue: Catalogue, report: ImportReport) -> Counter[str]:
    """How often each kind of problem occurred, as it is shown: as the importer counted, or among the first
    20,000."""
    counted = report.summary.get("reasons")
    if not isinstance(counted, dict):
        counted = count_kinds(first_problems(catalogue, report))
    counts: Counter[str] = Counter()
    for reason, number in counted.items():
        counts[plain(reason)] += number
    return counts


def first_problems(catalogue: Catalogue, report: ImportReport) -> list[RowProblem]:
    """The problems of a report in their order, at most 20,000."""
    place = f"{catalogue.workspace.database_url} {report.created_at.isoformat()}"
    return _read(catalogue, report.report_id, place)


@st.cache_data(max_entries=4, show_spinner="Looking through the problems …")
def _read(_catalogue: Catalogue, report_id: int, place: str) -> list[RowProblem]:
    """A report never changes, so its problems are read once."""
    return _catalogue.store.import_problems(report_id, 1, MOST_READ).rows
