"""A simulated A/B test of a model version: which recommendations visitors would click and buy, arm by arm.

Visitors are simulated (`experiments.visitors`), so a lift here says what the recommendations are worth under
that model of a visitor, not what a shop would earn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.experiments.lift import METRICS, Lift, lifts, visitors_needed
from mmquality.experiments.visitors import VISITORS, Slates, UserModel, expected_ctr, simulate
from mmquality.experiments.watching import Course, watch
from mmquality.index import VectorIndex
from mmquality.pipeline.arms import CONTROL, LOOK_UPS, Arm, arm_lists
from mmquality.pipeline.held_out import load_held_out
from mmquality.pipeline.product_keys import product_keys
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.relevance import Truth, truth_of
from mmquality.pipeline.replaying import ReplayedArm, replayed_arms
from mmquality.pipeline.version_reports import keep_report, load_report
from mmquality.records import Space

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

SEEDS = 2_000  # listings whose pages visitors open
PLANNED = (0.02, 0.05, 0.1)  # lifts for which the visitors needed are told
_EXAMPLES = 40  # seed listings whose lists are kept to be looked at


@dataclass(frozen=True)
class Options:
    """What a person may choose."""

    visitors: int = VISITORS
    seed: int = 7
    sample: Path | None = None  # folder of the sample marketplace, whose truth is known
    truth: Path | None = None  # table of wrong photos, to count them


@dataclass(frozen=True)
class ArmResult:
    """What one arm came to."""

    arm: str
    visitors: int
    views: int  # recommendations shown
    clicks: int
    purchases: int
    expected_ctr: float  # what its click-through rate tends to, chance left out
    wrong: float | None  # share of the recommendations with a photo known to be wrong; None where none is


@dataclass(frozen=True)
class Needed:
    """Visitors in each arm for a lift to be found 4 times in 5; None where the control had no such event."""

    metric: str
    lift: float
    visitors: int | None


@dataclass(frozen=True)
class Example:
    """A seed listing and what each arm shows under it: listing ids, best first."""

    seed: str
    lists: dict[str, list[str]]


@dataclass(frozen=True)
class ExperimentReport:
    """A simulated experiment; it says so wherever it is shown."""

    version: str
    simulated_on: str  # `relevance.Source`
    seeds: int
    control: str
    model: dict[str, float]  # the fields of `UserModel`
    arms: list[ArmResult]
    lifts: list[Lift]
    courses: list[Course]  # of the difference in clicks per visitor, as it would have been watched
    needed: list[Needed]
    replayed: list[ReplayedArm]  # on the click log; [] without one
    examples: list[Example]  # drawn at random


def run_experiment(
    workspace: Workspace, options: Options | None = None, reporter: Reporter | None = None
) -> ExperimentReport:
    """Simulate the experiment on the version in force and keep the report.

    Raises `WorkspaceError` where no model is in force, hardly a listing is left, or nothing tells what
    visitors want.
    """
    options, reporter, model = options or Options(), reporter or Silent(), UserModel()
    subject = _Subject.of(workspace)
    truth = truth_of(
        workspace, subject.ids, subject.product, load_held_out(workspace.models / subject.version),
        model.unrelated, options.sample, options.truth, subject.indexes[Space.UNIFIED].gone,
    )  # fmt: skip
    seeds, weight = _drawn(truth, options.seed)
    with reporter.stage("Looking up recommendations", len(seeds) * LOOK_UPS) as advance:
        lists = arm_lists(subject.indexes, subject.scores, seeds, model.slate, advance)
    slates = {arm: Slates(truth.relevance(seeds, rows), truth.wrong[rows]) for arm, rows in lists.items()}
    with reporter.stage("Simulating visitors", options.visitors) as advance:
        named = {str(arm): shown for arm, shown in slates.items()}
        outcomes = simulate(named, weight, options.visitors, model, options.seed)
        advance(options.visitors)
    report = ExperimentReport(
        version=subject.version,
        simulated_on=str(truth.source),
        seeds=len(seeds),
        control=str(CONTROL),
        model=asdict(model),
        arms=_results(lists, slates, outcomes, weight, truth),
        lifts=lifts(outcomes, CONTROL),
        courses=[course for arm in Arm if arm != CONTROL and (course := watch(outcomes, arm, CONTROL))],
        needed=_needed(outcomes),
        replayed=replayed_arms(workspace, subject.ids, subject.category, seeds, lists),
        examples=_examples(subject.ids, seeds, lists, options.seed),
    )
    keep_report(workspace, report_path(workspace, report.version), report, reporter)
    return report


@dataclass(frozen=True)
class _Subject:
    """The version in force, row by row of its indexes."""

    version: str
    ids: list[str]
    indexes: Mapping[Space, VectorIndex]
    scores: Doubles  # (n,)
    product: Ints  # (n,) key of each row's product
    category: Ints  # (n,) a number for each category

    @classmethod
    def of(cls, workspace: Workspace) -> _Subject:
        with Catalogue(workspace) as catalogue:
            version, indexes = catalogue.published_version().name, catalogue.indexes()
            ids = list(indexes[Space.UNIFIED].ids)
            if len(indexes[Space.UNIFIED]) < 2:
                raise WorkspaceError(
                    f"Of what model {version} scored fewer than two listings are in the catalogue: none can "
                    "be recommended under another. Import listings, then train and score again."
                )
            scores = catalogue.scores().set_index("listing_id")["score"].reindex(ids)
            told = catalogue.store.catalogue_frame(["listing_id", "attributes", "category"])
        told = told.set_index("listing_id").reindex(ids)
        category = np.asarray(pd.factorize(told["category"].fillna(""))[0], dtype=np.int64)
        product = product_keys(told["attributes"])
        return cls(version, ids, indexes, scores.to_numpy(np.float64), product, category)


def report_path(workspace: Workspace, version: str) -> Path:
    """Where the report of a version lies, once the experiment was run."""
    return workspace.evaluations / f"experiment-{version}.json"


_PARTS = {"arms": ArmResult, "lifts": Lift, "courses": Course, "needed": Needed, "replayed": ReplayedArm,
          "examples": Example}  # fmt: skip


def read_report(workspace: Workspace, version: str) -> ExperimentReport | None:
    """The report of a version; None where none was run. Raises `WorkspaceError` for a damaged one."""
    return load_report(report_path(workspace, version), ExperimentReport, _PARTS, "mmquality experiment")


def _drawn(truth: Truth, seed: int) -> tuple[Ints, Doubles]:
    """At most `SEEDS` of the seed listings at random, and how often visitors open each."""
    if len(truth.seeds) <= SEEDS:
        return truth.seeds, truth.weight
    some = np.sort(np.random.default_rng(seed).choice(len(truth.seeds), SEEDS, replace=False))
    return truth.seeds[some], truth.weight[some]


def _results(
    lists: Mapping[Arm, Ints],
    slates: Mapping[Arm, Slates],
    outcomes: pd.DataFrame,
    weight: Doubles,
    truth: Truth,
) -> list[ArmResult]:
    found = []
    for arm, rows in lists.items():
        own = outcomes[outcomes["arm"] == arm]
        views, clicks, purchases = (int(own[name].sum()) for name in ("views", "clicks", "purchases"))
        expected, wrong = expected_ctr(slates[arm], weight, UserModel()), _wrong(truth, rows, weight)
        found.append(ArmResult(str(arm), len(own), views, clicks, purchases, expected, wrong))
    return found


def _wrong(truth: Truth, rows: Ints, weight: Doubles) -> float | None:
    """The share of an arm's recommendations whose photo is known to be wrong."""
    if truth.counted is None:
        return None
    return float(np.average(truth.counted[rows].mean(axis=1), weights=weight))


def _needed(outcomes: pd.DataFrame) -> list[Needed]:
    control = outcomes[outcomes["arm"] == CONTROL]
    return [Needed(m, lift, visitors_needed(control, m, lift)) for m in METRICS for lift in PLANNED]


def _examples(ids: list[str], seeds: Ints, lists: Mapping[Arm, Ints], seed: int) -> list[Example]:
    drawn = np.random.default_rng(seed).permutation(len(seeds))[:_EXAMPLES]
    return [
        Example(ids[seeds[at]], {str(arm): [ids[row] for row in rows[at]] for arm, rows in lists.items()})
        for at in drawn
    ]
