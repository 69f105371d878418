"""What each part of the model is worth: the same network without it, measured on listings it never saw.

One network per run, trained without one part of the catalogue (the test listings where a split is given, else
one grouped fold) and measured on that part alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mmquality.anywhere import Place
from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.errors import WorkspaceError
from mmquality.evaluation.comparison import ablation_table
from mmquality.files import check_writable
from mmquality.pipeline.ablation_run import AblationCase, Measures, Variant, measure
from mmquality.pipeline.building import Options, configs_for
from mmquality.pipeline.measured_catalogue import MeasuredCatalogue, measured_catalogue
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.retraining import SEED_STEP, surroundings
from mmquality.pipeline.tables import keep_tables, write_tables
from mmquality.processes import Workers
from mmquality.training.data import Bools, Floats, Ints, TrainingData

PROJECTIONS = ("identity", "linear", "transe", "transh", "transr")
TEACHERS = ("self_supervision", "click_supervision", "label_supervision")  # fields of TrainingConfig
VERDICTS = 300  # simulated ones
SWAPPED_SHARE = 0.08  # of the measured listings that get another's photo, where there is no truth

_Taught = tuple[Variant, NetworkConfig, TrainingConfig]


@dataclass(frozen=True)
class _Run:
    table: str
    name: str
    variant: Variant
    network: NetworkConfig
    config: TrainingConfig

    @property
    def taught(self) -> _Taught:
        """What the network that is measured depends on."""
        return self.variant, self.network, self.config


def ablate(
    workspace: Workspace,
    out: Place | None = None,
    truth: Path | None = None,
    split: Path | None = None,
    seeds: int = 3,
    reporter: Reporter | None = None,
    workers: int | None = None,
    options: Options | None = None,
) -> dict[str, pd.DataFrame]:
    """Measure projections and losses; the tables are kept in the workspace, and written to `out`.

    Raises `WorkspaceError` where the workspace may only be read.
    """
    reporter, options = reporter or Silent(), options or Options()
    check_writable(workspace.root, workspace.evaluations)
    catalogue = measured_catalogue(workspace, truth, split)
    case = ablation_case(catalogue, options)
    runs = [
        _run_of(table, name, variant, case, replace(options, seed=options.seed + SEED_STEP * number))
        for table, named in variants(case).items()
        for name, variant in named.items()
        for number in range(seeds)
    ]
    found: dict[str, dict[str, list[Measures]]] = {}
    for run, measures in zip(runs, _measured(runs, case, workers, reporter), strict=True):
        found.setdefault(run.table, {}).setdefault(run.name, []).append(measures)
    tables = {table: ablation_table(of_variants) for table, of_variants in found.items()}
    told = catalogue.about(seeds, truth.name if truth else "swapped photos")
    keep_tables(workspace, tables, {table: told for table in tables})
    if out:
        write_tables(out, tables)
    return tables


def _measured(
    runs: Sequence[_Run], case: AblationCase, workers: int | None, reporter: Reporter
) -> list[Measures]:
    """What each run measured, in the order of `runs`; they run in processes beside each other."""
    measured: dict[_Taught, Measures] = {}
    apart = {run.taught: run for run in runs}  # rows of two tables may be of one network
    count = min(workers or os.cpu_count() or 1, len(apart))
    try:
        with (
            reporter.stage("Training without a part", len(apart)) as advance,
            Workers(count, _begin, (case,)) as pool,
        ):
            submitted = {pool.submit(_run_in_worker, run): taught for taught, run in apart.items()}
            for future in as_completed(submitted):
                measured[submitted[future]] = future.result()
                advance(1)
    except BrokenProcessPool as error:
        raise WorkspaceError(
            "A training process was ended from outside, most likely for want of memory. Nothing was changed; "
            "make room and run `mmquality ablate` again."
        ) from error
    return [measured[run.taught] for run in runs]


def variants(case: AblationCase) -> dict[str, dict[str, Variant]]:
    """table → name → variant, without those for which this catalogue has no data."""
    losses = {
        "co-click": Variant("identity", triplets=False),
        "+ triplet": Variant("identity"),
        "+ triplet, TransH": Variant(),
        "+ mismatch: clicks": Variant(teachers=("click_supervision",)),
        "+ mismatch: self-supervision": Variant(teachers=("self_supervision",)),
        "+ mismatch: labels": Variant(teachers=("label_supervision",), verdicts=True),
        "all": Variant(teachers=_with_something_to_say(case.judged), verdicts=case.labelled),
    }
    if not case.data.shown.sum():
        del losses["+ mismatch: clicks"]
    if not case.labelled:
        del losses["+ mismatch: labels"]
    projections = {name: Variant(name, teachers=_with_something_to_say(case.data)) for name in PROJECTIONS}
    return {"projections": projections, "losses": losses}


def _with_something_to_say(data: TrainingData) -> tuple[str, ...]:
    """The teachers of the mismatch head for which there is data."""
    absent = {"click_supervision": not data.shown.sum(), "label_supervision": np.isnan(data.verdict).all()}
    return tuple(name for name in TEACHERS if not absent.get(name))


def ablation_case(catalogue: MeasuredCatalogue, options: Options) -> AblationCase:
    """Hold a part out, and make the truth where none is given: photos swapped among 8 % of that part."""
    data, rng, mismatched = catalogue.data, np.random.default_rng(options.seed), catalogue.mismatched
    held_out = catalogue.held_out()
    held = np.flatnonzero(held_out)
    network, config = _configs(data, options)
    around = surroundings(data, network, config)
    if mismatched is None:
        photos, swapped = with_swaps(data, held, rng)
        return AblationCase(data, held, photos, swapped, data, around)
    rows = _head_of_a_queue(mismatched & ~held_out, ~mismatched & ~held_out, rng)
    verdict = np.full(len(data), np.nan, dtype=np.float32)
    verdict[rows] = mismatched[rows]
    judged = replace(data, verdict=verdict)
    return AblationCase(data, held, data.photos[held], mismatched[held], judged, around)


def with_swaps(data: TrainingData, held: Ints, rng: np.random.Generator) -> tuple[Floats, Bools]:
    """The photos of `held`, of which 8 % change places, and which, (len(held), ·) and (len(held),)."""
    chosen = rng.permutation(len(held))[: max(2, round(SWAPPED_SHARE * len(held)))]
    giver = np.roll(chosen, 1)
    photos, swapped = data.photos[held].copy(), np.zeros(len(held), dtype=np.bool_)
    photos[chosen] = data.photos[held[giver]]
    keys = (data.title_key, data.photo_key, data.product_key)
    related = np.any([key[held[chosen]] == key[held[giver]] for key in keys], axis=0)
    swapped[chosen[~related]] = True  # a relative's photo is as good as its own
    return photos, swapped


def _head_of_a_queue(mismatched: Bools, fine: Bools, rng: np.random.Generator) -> Ints:
    """Rows that an analyst would have judged: as at the head of a ranking, many of them mismatched."""
    half = VERDICTS // 2
    chosen = [rng.permutation(np.flatnonzero(rows))[:half] for rows in (mismatched, fine)]
    return np.concatenate(chosen)


def _configs(data: TrainingData, options: Options) -> tuple[NetworkConfig, TrainingConfig]:
    return configs_for(len(data), data.titles.shape[1], data.photos.shape[1], options)


def _run_of(table: str, name: str, variant: Variant, case: AblationCase, options: Options) -> _Run:
    network, config = _configs(case.data, replace(options, projection=variant.projection))
    config = replace(
        config,
        triplet_weight=config.triplet_weight if variant.triplets else 0.0,
        mismatch_weight=config.mismatch_weight if variant.teachers else 0.0,
        self_supervision="self_supervision" in variant.teachers,
        click_supervision="click_supervision" in variant.teachers,
        label_supervision="label_supervision" in variant.teachers,
    )
    return _Run(table, name, variant, network, config)


_case: AblationCase  # sent to each worker process once, not with every run


def _begin(case: AblationCase) -> None:
    global _case
    torch.set_num_threads(1)
    _case = case


def _run_in_worker(run: _Run) -> Measures:
    return measure(_case, run.variant, run.network, run.config)
