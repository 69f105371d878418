"""The problems of an import, read once and counted by reason."""

from __future__ import annotations

import re

import streamlit as st

from mmquality.pages.escaping import plain
from mmquality.pipeline.reading import Catalogue
from mmquality.records import RowProblem
from mmquality.store import ImportReport

_READ = 20_000  # a report may hold millions; so many are enough to see what is wrong
_NUMBER = re.compile(r"\d[\d.,]*")


def kind(problem: RowProblem) -> str:
    """A reason without its particulars: numbers are left out, so that like reasons count together."""
    return plain(f"{problem.column} {_NUMBER.sub('…', problem.reason)}")


def first_problems(catalogue: Catalogue, report: ImportReport) -> list[RowProblem]:
    """The problems of a report in their order, at most 20,000."""
    place = f"{catalogue.workspace.database_url} {report.created_at.isoformat()}"
    return _read(catalogue, report.report_id, place)


@st.cache_data(max_entries=4, show_spinner="Counting reasons …")
def _read(_catalogue: Catalogue, report_id: int, place: str) -> list[RowProblem]:
    """A report never changes, so its problems are read once."""
    return _catalogue.store.import_problems(report_id, 1, _READ).rows
