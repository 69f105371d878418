"""Ours against every peer, on the same embeddings and folds: mismatches, recall, and what each one costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.anywhere import Place
from mmquality.checkpoint import Checkpoint, load_checkpoint
from mmquality.config import Workspace
from mmquality.data.photos import read_many
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.evaluation.comparison import mismatch_table, recall_table
from mmquality.evaluation.peers import PEERS, peers_for
from mmquality.evaluation.peers.catalogue import PeerCatalogue, principal_inputs
from mmquality.evaluation.peers.spaces import SPACES, SpaceData
from mmquality.evaluation.recommending import positives_of, recall_of_queries
from mmquality.files import check_writable
from mmquality.pipeline.measured_catalogue import MeasuredCatalogue, measured_catalogue, pairs_in
from mmquality.pipeline.measuring import Job, Measured, measured, measured_side_by_side
from mmquality.pipeline.places import no_version
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.retraining import SEED_STEP, recall_vectors, retrained_scores
from mmquality.pipeline.scored import load_scores
from mmquality.pipeline.tables import keep_tables, write_tables
from mmquality.records import count
from mmquality.training.data import Floats
from mmquality.training.groups import grouped_folds

Doubles = npt.NDArray[np.float64]

OURS, CLIP, INPUTS = "ours", "clipscore", "inputs of the peers"
AT = (10, 50, 100)
# This file, too: it is what a job's work is found in.
_LIBRARIES = (__name__, "torch", "sklearn.linear_model", "sklearn.neural_network", "sklearn.decomposition")
_TRAINED_SPACES = {"infonce"}  # the other spaces are the same for every seed
_LONG = {OURS, "infonce", "mlp"}


@dataclass
class _Found:
    """What the runs of each method gave, by method, a result for each seed."""

    results: dict[str, list[Any]] = field(default_factory=dict)
    costs: dict[str, list[Measured[Any]]] = field(default_factory=dict)

    def add(self, jobs: Sequence[Job], runs: Sequence[Measured[Any]]) -> None:
        for job, run in zip(jobs, runs, strict=True):
            self.results.setdefault(job.name, []).append(run.result)
            self.costs.setdefault(job.name, []).append(run)


def compare_peers(
    workspace: Workspace,
    truth: Path,
    split: Path | None = None,
    pairs: Path | None = None,
    seeds: int = 3,
    clip: str | None = None,
    out: Place | None = None,
    reporter: Reporter | None = None,
) -> dict[str, pd.DataFrame]:
    """Measure every method; the tables are kept in the workspace, and written to `out`.

    Ours is the version in force, and for the other seeds the same model trained again. For recall every
    method learns from pairs that touch no query. Each run has a process of its own.
    Raises `WorkspaceError` where the workspace may only be read.
    """
    reporter = reporter or Silent()
    check_writable(workspace.root, workspace.evaluations)
    catalogue = measured_catalogue(workspace, truth, split)
    checkpoint, in_force = _in_force(workspace, catalogue)
    mismatch = _mismatch_runs(catalogue, checkpoint, in_force, seeds, clip, reporter)
    assert catalogue.kind is not None
    scores = {method: np.stack(found) for method, found in mismatch.results.items()}
    tables = {"peers_mismatch": mismatch_table(scores, catalogue.kind, catalogue.test)}
    told = {"peers_mismatch": catalogue.about(seeds, truth.name)}
    costs = mismatch.costs
    if pairs is not None:
        recall = _recall_runs(catalogue, checkpoint, pairs, seeds, reporter)
        tables["peers_recall"] = recall_table(recall.results)
        told["peers_recall"] = catalogue.about(seeds, pairs.name)
        costs |= {f"{method} (recall)": runs for method, runs in recall.costs.items()}
    tables["cost"] = _cost_table(costs)
    told["cost"] = catalogue.about(seeds, truth.name)
    keep_tables(workspace, tables, told)
    if out:
        write_tables(out, tables)
    return tables


def _in_force(workspace: Workspace, catalogue: MeasuredCatalogue) -> tuple[Checkpoint, Doubles]:
    """The model in force and its scores (n,)."""
    if not catalogue.version:
        raise no_version(workspace)
    model = workspace.models / catalogue.version
    scores = load_scores(model).set_index("listing_id")["score"].reindex(catalogue.ids)
    if scores.isna().any():
        raise WorkspaceError(
            f"Model {catalogue.version} has not scored {int(scores.isna().sum()):,} listings. Run "
            "`mmquality score` and `mmquality index` first."
        )
    checkpoint = load_checkpoint(model)
    if checkpoint.network_config.title_dim != catalogue.data.titles.shape[1]:
        raise WorkspaceError(
            f"Model {catalogue.version} was trained on other embeddings than the catalogue has now. Run "
            "`mmquality train`, `mmquality score` and `mmquality index` first."
        )
    network = checkpoint.network_config
    components = max(network.title_components, network.photo_components)
    if len(scores) < components:
        raise WorkspaceError(
            f"Model {catalogue.version} reads {components} components of each embedding, and cannot be "
            f"trained again on {count(len(scores), 'listing')}. Run `mmquality retrain`, or import more."
        )
    return checkpoint, scores.to_numpy(dtype=np.float64)


def _mismatch_runs(
    catalogue: MeasuredCatalogue,
    checkpoint: Checkpoint,
    in_force: Doubles,
    seeds: int,
    clip: str | None,
    reporter: Reporter,
) -> _Found:
    data, config = catalogue.data, checkpoint.training_config
    numbers = [config.seed + SEED_STEP * number for number in range(seeds)]
    inputs = measured(_job(INPUTS, principal_inputs, data.titles[:], data.photos[:]), threads=1)
    peers = [_peer_catalogue(catalogue, inputs.result, config.folds, seed) for seed in numbers]
    plain = [replace(peers[0], titles=catalogue.title_vectors)]  # of the photo's dimension, maybe
    network = checkpoint.network_config
    jobs = [
        _job(OURS, retrained_scores, data, network, replace(config, seed=seed), 1) for seed in numbers[1:]
    ]
    jobs += [
        _job(name, PEERS[name], of_seed)
        for name in peers_for(plain[0])
        for of_seed in (plain if name == "cosine" else peers)
    ]
    if clip:
        titles, paths = (list(catalogue.assembled.catalogue[c]) for c in ("title", "photo_path"))
        jobs.append(_job(CLIP, clip_scores, clip, titles, paths))
    found = _Found({OURS: [in_force]}, {OURS: [], INPUTS: [inputs]})
    with reporter.stage("Peers, and ours with other seeds", len(jobs)) as advance:
        found.add(jobs, measured_side_by_side(jobs, advance))
    return found


def _recall_runs(
    catalogue: MeasuredCatalogue, checkpoint: Checkpoint, pairs: Path, seeds: int, reporter: Reporter
) -> _Found:
    data, config = catalogue.data, checkpoint.training_config
    held = np.flatnonzero(catalogue.held_out())
    wanted = positives_of(pairs_in(pairs, catalogue.ids), data.product_key, held)
    asked = [n for n, positives in enumerate(wanted) if len(positives)]
    if not asked:
        raise InputFileError(
            f"{pairs} has no pair of different products that touches a held-out listing; there is nothing "
            "to measure."
        )
    rows, positives = held[asked], [wanted[n] for n in asked]
    known = replace(data, pairs=data.pairs[~np.isin(data.pairs, held).any(axis=1)])
    numbers = [config.seed + SEED_STEP * number for number in range(seeds)]
    # A head that is trained reads what ours reads; the others are what people would try: the title alone.
    heads = [SpaceData(data.titles[:], data.photos[:], data.keys, known.pairs, seed) for seed in numbers]
    plain = [replace(heads[0], titles=catalogue.title_vectors)]
    jobs = [
        _job(OURS, recall_vectors, known, checkpoint.network_config, replace(config, seed=seed))
        for seed in numbers
    ]
    jobs += [
        _job(name, _vectors, name, of_seed)
        for name in SPACES
        for of_seed in (heads if name in _TRAINED_SPACES else plain)
    ]
    found = _Found()
    with reporter.stage("Spaces", len(jobs)) as advance:
        found.add(jobs, measured_side_by_side(jobs, advance))
    for method, vectors in found.results.items():
        found.results[method] = [
            recall_of_queries(queries[rows], candidates, rows, positives, AT)
            for queries, candidates in vectors
        ]
    return found


def _job(method: str, work: Callable[..., Any], *arguments: Any) -> Job:
    return Job(method, work, arguments, _LIBRARIES, method in _LONG)


def clip_scores(name: str, titles: list[str], photo_paths: list[str]) -> Doubles:
    """1 − cosine of title and photo in the space of the checkpoint `name`, (n,)."""
    from mmquality.encoders.clip import load_clip

    encoder = load_clip(name)
    return encoder.cosine_distance(titles, read_many(photo_paths, encoder.side))


def _vectors(name: str, data: SpaceData) -> tuple[Floats, Floats]:
    """A space's vectors, as queries and as candidates."""
    found = SPACES[name](data)
    return found, found


def _peer_catalogue(
    catalogue: MeasuredCatalogue, inputs: tuple[Floats, Floats], folds: int, seed: int
) -> PeerCatalogue:
    data = catalogue.data
    fold = grouped_folds(data, folds, seed)
    return PeerCatalogue(data.titles[:], data.photos[:], *inputs, fold, data.keys, catalogue.category, seed)


def _cost_table(costs: dict[str, list[Measured[Any]]]) -> pd.DataFrame:
    """Mean seconds and highest memory of the runs of each method."""
    rows = []
    for method, runs in costs.items():
        peaks = [run.peak_bytes for run in runs if run.peak_bytes is not None]
        seconds = float(np.mean([run.seconds for run in runs])) if runs else None
        rows.append([method, seconds, max(peaks) / 1e6 if peaks else None])
    return pd.DataFrame(rows, columns=["method", "seconds", "peak_mb"])
