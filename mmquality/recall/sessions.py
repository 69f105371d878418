"""How much a visit's clicks count beside the listing looked at: learnt on some sessions, judged on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.evaluation.bootstrap import Interval, mean_interval
from mmquality.files import check_writable
from mmquality.index import VectorIndex
from mmquality.pipeline.held_out import load_held_out
from mmquality.pipeline.kept_clicks import click_parts
from mmquality.pipeline.known_clicks import MOST_CLICKS
from mmquality.pipeline.progress import Advance, Reporter, Silent
from mmquality.pipeline.reading import Catalogue
from mmquality.recall.users import mixed, user_vector
from mmquality.recall.visits import Visits
from mmquality.recall.weights import Weight, keep_weight
from mmquality.records import Space

Doubles = npt.NDArray[np.float64]

DEPTH = 100  # listings looked through for the one that was clicked
MIXES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
HALF_LIVES = (1.0, 2.0, 4.0, 16.0)  # clicks
MOST = 2_000  # clicks asked for, of each part
NEWEST = 0.3  # of the sessions judge, where the model held nothing out
_SEED, _BLOCK = 7, 256
_CHOSEN_BY = "NDCG@100"


@dataclass(frozen=True)
class Gain:
    """A mean over sessions without the visitor's clicks, with them, and the gain with its 95 % interval."""

    metric: str
    without: float
    mixed_in: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class SessionsReport:
    """What was learnt and how it did."""

    version: str
    held_out: bool  # whether the model never saw the clicks that judge
    learnt_from: int  # clicks with a past, of training sessions
    judged_by: int  # of held-out sessions
    sessions: int  # that these are of
    learnt: Weight
    helps: bool  # whether NDCG's whole interval is above zero
    gains: list[Gain]


def learn_from_sessions(workspace: Workspace, reporter: Reporter | None = None) -> SessionsReport:
    """Learn the weight of clicks for the version in force, judge it, and keep it for recall.

    What does not help is kept as a weight of 0. Raises `WorkspaceError` where the click log has no session
    with a past, or none to judge by, or the workspace may only be read.
    """
    reporter = reporter or Silent()
    check_writable(workspace.root, workspace.evaluations)
    with Catalogue(workspace) as catalogue:
        version, index = catalogue.published_version().name, catalogue.indexes()[Space.UNIFIED]
    visits, ids = _visits(workspace, index)
    held_out = load_held_out(workspace.models / version)
    teach, judge = _parts(visits, pd.Index(ids).isin(list(held_out)))
    if not len(teach) or not len(judge):
        raise WorkspaceError(
            f"The click log of {workspace.root} has no sessions of several clicks to learn from and to judge "
            "by. Import impressions with session_id and seed_listing_id."
        )
    with reporter.stage("Trying weights", len(MIXES) * len(HALF_LIVES) * len(teach)) as advance:
        learnt = _best(index, teach, advance)
    gains = _gains(_metrics(index, judge, Weight(0.0, 1.0)), _metrics(index, judge, learnt), judge)
    helps = next(gain.low for gain in gains if gain.metric == _CHOSEN_BY) > 0
    keep_weight(workspace, learnt if helps else Weight(0.0, learnt.half_life))
    sessions = len(np.unique(judge.session))
    return SessionsReport(version, bool(held_out), len(teach), len(judge), sessions, learnt, helps, gains)


def _visits(workspace: Workspace, index: VectorIndex) -> tuple[Visits, list[str]]:
    """The clicks of the log; what is recommended to nobody any more teaches and judges nothing."""
    ids, log = list(index.ids), click_parts(workspace.clicks, "impressions")
    ends = ["seed_listing_id", "listing_id"]
    there = (part[~part[ends].isin(index.gone).any(axis=1)] for part in log)
    return Visits.of(there, pd.Index(ids), MOST_CLICKS), ids


def _parts(visits: Visits, held_out: npt.NDArray[np.bool_]) -> tuple[Visits, Visits]:
    """Clicks to learn from, and clicks of other sessions to judge by.

    Where the model held listings out, sessions that touch one of them judge, by the clicks that it never saw.
    Otherwise the sessions that began last do.
    """
    if held_out.any():
        unseen = held_out[visits.page] | held_out[visits.clicked]
        touched = unseen | np.array([held_out[past].any() for past in visits.before], np.bool_)
        teach, judge = ~np.isin(visits.session, visits.session[touched]), unseen
    else:
        judge = visits.session >= (1 - NEWEST) * visits.session.max(initial=0)
        teach = ~judge
    return _some(visits[teach]), _some(visits[judge])


def _some(visits: Visits) -> Visits:
    if len(visits) <= MOST:
        return visits
    drawn = np.random.default_rng(_SEED).choice(len(visits), MOST, replace=False)
    return visits[np.isin(np.arange(len(visits)), drawn)]


def _best(index: VectorIndex, visits: Visits, advance: Advance) -> Weight:
    """The weight with the highest NDCG; of equal ones the first, which mixes in least."""
    tried = [Weight(mix, half_life) for mix in MIXES for half_life in HALF_LIVES]
    worth = []
    for weight in tried:
        worth.append(_per_session(_metrics(index, visits, weight)[_CHOSEN_BY], visits).mean())
        advance(len(visits))
    return tried[int(np.argmax(worth))]


def _metrics(index: VectorIndex, visits: Visits, weight: Weight) -> dict[str, Doubles]:
    """Of each click, (n,): whether it is among the first 10 and 100, and its discounted gain."""
    place = places(index, visits, weight)
    return {
        "recall@10": (place <= 10).astype(np.float64),
        "recall@100": np.isfinite(place).astype(np.float64),
        "NDCG@100": 1 / np.log2(1 + place),
    }


def places(index: VectorIndex, visits: Visits, weight: Weight) -> Doubles:
    """The place, from 1, at which recall shows the listing that was clicked, (n,); infinity beyond `DEPTH`.

    The page's own listing and what the visitor had seen are left out, as recall leaves them out.
    """
    found = np.full(len(visits), np.inf)
    seen = max((len(past) for past in visits.before), default=0) + 1
    for start in range(0, len(visits), _BLOCK):
        some = range(start, min(start + _BLOCK, len(visits)))
        queries = np.stack([_towards(index, visits, n, weight) for n in some])
        rows, _ = index.search(queries, DEPTH + seen)
        for n, near in zip(some, rows, strict=True):
            others = near[~np.isin(near, [*visits.before[n], visits.page[n]])][:DEPTH]
            at = np.flatnonzero(others == visits.clicked[n])
            found[n] = at[0] + 1 if len(at) else np.inf
    return found


def _towards(index: VectorIndex, visits: Visits, n: int, weight: Weight) -> npt.NDArray[np.float32]:
    page = index.vectors_at(visits.page[n : n + 1])[0]
    return mixed(page, user_vector(index.vectors_at(visits.before[n]), weight.half_life), weight.mix)


def _per_session(values: Doubles, visits: Visits) -> Doubles:
    """The mean of each session: one with many clicks counts once, and its clicks are not independent."""
    _, which = np.unique(visits.session, return_inverse=True)
    sums: Doubles = np.bincount(which, values) / np.bincount(which)
    return sums


def _gains(before: Mapping[str, Doubles], after: Mapping[str, Doubles], visits: Visits) -> list[Gain]:
    gains = []
    for metric, values in after.items():
        without, mixed_in = _per_session(before[metric], visits), _per_session(values, visits)
        told: Interval = mean_interval(mixed_in - without)
        assert told.value is not None and told.low is not None and told.high is not None
        means = float(without.mean()), float(mixed_in.mean())
        gains.append(Gain(metric, *means, told.value, told.low, told.high))
    return gains
