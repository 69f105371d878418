"""What unified recall is worth to a whole catalogue, beside title-only and photo-only recall.

Measured once for a model version, on at most `QUERIES` listings drawn with a fixed seed, and kept in the
workspace's folder of evaluations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.evaluation.bootstrap import mean_interval
from mmquality.evaluation.recall import share_known
from mmquality.evaluation.recommending import positives_of, recall_of_lists
from mmquality.index import VectorIndex, distance_of
from mmquality.pipeline.held_out import load_held_out
from mmquality.pipeline.known_clicks import known_clicks
from mmquality.pipeline.product_keys import product_keys
from mmquality.pipeline.progress import Advance, Reporter, Silent
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.version_reports import keep_report, load_report
from mmquality.records import Space

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

AT = (10, 50, 100)
SHARED_OF = 10  # neighbours of each list that are held against each other
QUERIES = 2_000
_COLUMNS = ("listing_id", "attributes", "category")
_SEED = 7
_BLOCK = 256  # listings looked up at a time
_FEWEST = 10  # queries of a category whose gain is told


@dataclass(frozen=True)
class Measured:
    """A mean over listings with its 95 % interval."""

    name: str  # a space, or a category ("" = none)
    value: float
    low: float
    high: float
    k: int
    queries: int


@dataclass(frozen=True)
class SpacesReport:
    """What was measured of one version."""

    version: str
    queries: int  # listings with co-clicks that were asked; 0 where the click log has no pair for them
    held_out: bool  # whether they are listings whose clicks the model never saw
    known: float | None  # share of the asked pairs that the model knows; None where that is not told
    recall: list[Measured]  # of each space at each k
    gains: list[Measured]  # recall@10 of unified minus that of title, by category, the largest first
    shared: list[int]  # how many listings share 0, 1, … SHARED_OF of their neighbours by title and unified
    apart: list[str]  # listing ids, those first whose two lists differ most


def compare_spaces(workspace: Workspace, reporter: Reporter | None = None) -> SpacesReport:
    """Measure the version in force and keep the report. Raises `WorkspaceError` where there is none."""
    reporter = reporter or Silent()
    with Catalogue(workspace) as catalogue:
        version = catalogue.published_version().name
        indexes, told = catalogue.indexes(), catalogue.store.catalogue_frame(_COLUMNS)
        ids = list(indexes[Space.UNIFIED].ids)
        told = told.set_index("listing_id").reindex(ids)
        gone = indexes[Space.UNIFIED].gone  # removed since: neither asked nor found
        held_out = load_held_out(workspace.models / version)
        known = catalogue.known_pairs()
    pairs = known_clicks(workspace.clicks, ids, gone).pairs
    asked, wanted = _asked(pairs, product_keys(told["attributes"]), pd.Index(ids).isin(list(held_out)))
    drawn = _sample(np.flatnonzero(~pd.Index(ids).isin(gone)))
    rows = np.union1d(asked, drawn)
    with reporter.stage("Looking up neighbours", len(rows) * len(Space)) as advance:
        found = {space: _nearest(index, rows, advance) for space, index in indexes.items()}
    of_asked = {space: near[np.searchsorted(rows, asked)] for space, near in found.items()}
    shares = {
        (space, k): share
        for space, near in of_asked.items()
        for k, share in recall_of_lists(near, wanted, AT).items()
    }
    shared, apart = _differing(indexes[Space.UNIFIED], drawn, found, np.searchsorted(rows, drawn))
    report = SpacesReport(
        version,
        len(asked),
        bool(held_out),
        _share_known(asked, wanted, ids, known),
        [_measured(str(space), values, k) for (space, k), values in shares.items() if len(values)],
        _gains(shares, told["category"].fillna("").to_numpy(dtype=object)[asked]),
        np.bincount(shared, minlength=SHARED_OF + 1).tolist(),
        [ids[row] for row in apart],
    )
    keep_report(workspace, report_path(workspace, version), report, reporter)
    return report


_PARTS = {"recall": Measured, "gains": Measured}


def report_path(workspace: Workspace, version: str) -> Path:
    """Where the report of a version lies, once it is measured."""
    return workspace.evaluations / f"spaces-{version}.json"


def read_report(workspace: Workspace, version: str) -> SpacesReport | None:
    """The report of a version; None where it was not measured. Raises `WorkspaceError` for a damaged one."""
    return load_report(report_path(workspace, version), SpacesReport, _PARTS, "mmquality evaluate spaces")


def _asked(pairs: Ints, product: Ints, held_out: npt.NDArray[np.bool_]) -> tuple[Ints, list[Ints]]:
    """Rows to ask for their co-clicked listings of another product, and those listings.

    Where the model held listings out, they alone are asked.
    """
    ends = np.unique(pairs)
    rows = ends[held_out[ends]] if held_out.any() else ends
    wanted = positives_of(pairs, product, rows)
    rows = _sample(rows[[len(w) > 0 for w in wanted]])
    return rows, positives_of(pairs, product, rows)


def _sample(rows: Ints) -> Ints:
    rng = np.random.default_rng(_SEED)
    return rows if len(rows) <= QUERIES else np.sort(rng.choice(rows, QUERIES, replace=False))


def _nearest(index: VectorIndex, rows: Ints, advance: Advance) -> Ints:
    """The rows nearest to each of `rows`, itself left out, (len(rows), min(100, n − 1))."""
    found = []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        near, _ = index.search_others(index.vectors_at(block), block, max(AT))
        found.append(near)
        advance(len(block))
    return np.concatenate(found)


def _measured(name: str, values: Doubles, k: int) -> Measured:
    interval = mean_interval(values)
    assert interval.value is not None and interval.low is not None and interval.high is not None
    return Measured(name, interval.value, interval.low, interval.high, k, len(values))


def _gains(shares: Mapping[tuple[Space, int], Doubles], category: npt.NDArray[np.object_]) -> list[Measured]:
    gain = shares[Space.UNIFIED, SHARED_OF] - shares[Space.TITLE, SHARED_OF]
    names, count = np.unique(category.astype(str), return_counts=True)
    gains = [
        _measured(name, gain[category == name], SHARED_OF)
        for name, n in zip(names.tolist(), count, strict=True)
        if n >= _FEWEST
    ]
    return sorted(gains, key=lambda measured: -measured.value)


def _differing(unified: VectorIndex, rows: Ints, found: Mapping[Space, Ints], at: Ints) -> tuple[Ints, Ints]:
    """How many of its nearest each row has in both lists, and the rows in order: fewest first, then those
    whose neighbours by title lie furthest away in the unified space."""
    by_title, by_both = (found[space][at, :SHARED_OF] for space in (Space.TITLE, Space.UNIFIED))
    shared = np.array([len(np.intersect1d(a, b)) for a, b in zip(by_title, by_both, strict=True)], np.int64)
    away = np.array([_distance(unified, row, near) for row, near in zip(rows, by_title, strict=True)])
    return shared, rows[np.lexsort((-away, shared))]


def _distance(index: VectorIndex, row: int, others: Ints) -> float:
    vectors = index.vectors_at(np.array([row, *others]))
    return float(distance_of(vectors[1:] @ vectors[0]).mean())


def _share_known(asked: Ints, wanted: list[Ints], ids: list[str], known: pd.DataFrame | None) -> float | None:
    named = {ids[a]: {ids[b] for b in others} for a, others in zip(asked, wanted, strict=True)}
    return share_known(named, known) if named else None
