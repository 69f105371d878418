"""train → score → index → publish: each can be run again safely, and only the last shows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmquality.checkpoint import CONFIG, METRICS, WEIGHTS, Checkpoint, load_checkpoint, save_checkpoint
from mmquality.config import NetworkConfig, TrainingConfig, Workspace
from mmquality.errors import WorkspaceError
from mmquality.index import NeighbourIndex, Vectors
from mmquality.pipeline.assembling import Assembled, assemble, encoded_settings
from mmquality.pipeline.encoding import EncoderChoice, catalogue_of, embeddings_of, encode
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files
from mmquality.pipeline.places import index_path, scores_path
from mmquality.pipeline.progress import Reporter, Silent, increments
from mmquality.pipeline.settings import load_settings
from mmquality.pipeline.versions import new_version, newest_version, whole_folder
from mmquality.records import ModelVersion, Space
from mmquality.scoring import UNSEEN, fit_scales, mismatch_scores, unified_embeddings
from mmquality.store import Store
from mmquality.training.ensemble import train_ensemble

FEWEST_LISTINGS = 20
SMALL_CATALOGUE = 2_500  # listings; below it a smaller network and smaller batches
TRAINED_ON, UNIFIED = "trained_on.parquet", "unified.npy"


@dataclass(frozen=True)
class Options:
    """What a person may choose for a training run; None leaves the choice to the catalogue's size."""

    projection: str = "transh"
    seed: int = 7
    epochs: int | None = None


def configs_for(
    listings: int, title_dim: int, photo_dim: int, options: Options
) -> tuple[NetworkConfig, TrainingConfig]:
    """The network's shape and the training constants for a catalogue of this size."""
    small = listings < SMALL_CATALOGUE
    network = NetworkConfig(
        title_dim=title_dim,
        photo_dim=photo_dim,
        title_components=min(384, title_dim, listings - 1),
        photo_components=min(384, photo_dim, listings - 1),
        d=64 if small else 128,
        projection=options.projection,
    )
    training = TrainingConfig(seed=options.seed, batch_size=128 if small else 512)
    return network, replace(training, epochs=options.epochs or training.epochs)


def train(workspace: Workspace, options: Options | None = None, reporter: Reporter | None = None) -> str:
    """Train on everything the workspace knows; returns the new version's name. Nothing is shown yet."""
    reporter, started = reporter or Silent(), time.monotonic()
    assembled = assemble(workspace, Store.open(workspace.database_url, create=False))
    data = assembled.data
    if len(data) < FEWEST_LISTINGS:
        raise WorkspaceError(
            f"The catalogue has {len(data)} listings; training needs at least {FEWEST_LISTINGS}. Import more."
        )
    shapes = data.titles.shape[1], data.photos.shape[1]
    network_config, config = configs_for(len(data), *shapes, options or Options())
    reporter.say(f"Training on {len(data):,} listings with {teachers(assembled)}.")
    with reporter.stage("Training networks", config.folds + 1) as advance:
        ensemble = train_ensemble(data, network_config, config, progress=increments(advance))
    scales = fit_scales(
        ensemble.network, ensemble.fold_networks, data.titles, data.photos, ensemble.fold,
        config.expected_share, config.seed,
    )  # fmt: skip
    checkpoint = Checkpoint(
        network_config=network_config,
        training_config=config,
        text_encoder=assembled.settings.text_encoder,
        photo_encoder=assembled.settings.photo_encoder,
        network=ensemble.network,
        fold_networks=ensemble.fold_networks,
        scales=scales,
        fingerprint=assembled.fingerprint,
        metrics={
            "taught_by": teachers(assembled),
            "losses": ensemble.history,
            "photos_of_nobody": int((~ensemble.owned).sum()),
            "seconds": round(time.monotonic() - started, 1),
        },
    )
    with new_version(workspace) as folder:
        save_checkpoint(checkpoint, folder)
        trained_on = assembled.catalogue[["listing_id", "title_hash", "photo_hash"]]
        trained_on.assign(fold=ensemble.fold).to_parquet(folder / TRAINED_ON, index=False)
    return newest_version(workspace)


def teachers(assembled: Assembled) -> str:
    """What the model learns from, in words."""
    known = assembled.fingerprint
    parts = [
        f"{known[name]:,} {name.replace('_', '-')}"
        for name in ("impressions", "co_clicks", "labels")
        if known[name]
    ]
    if parts:
        return (
            " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
            + ", and swapped photos"
        )
    return "swapped photos alone (self-supervised: there is no click log)"


def score(workspace: Workspace, reporter: Reporter | None = None) -> str:
    """Score the whole catalogue with the version trained last; returns the name of the version that holds it.

    Scores that were published already stay as they are: the same model then becomes a version anew.
    """
    reporter = reporter or Silent()
    store = Store.open(workspace.database_url, create=False)
    name = newest_version(workspace)
    if name in {version.name for version in store.versions()}:
        name = _copied(workspace, name)
    folder = workspace.models / name
    checkpoint = load_checkpoint(folder)
    catalogue = catalogue_of(store)
    _check_encoders(workspace, checkpoint)
    titles = embeddings_of(workspace, checkpoint.text_encoder, list(catalogue["title_hash"]))
    photos = embeddings_of(workspace, checkpoint.photo_encoder, list(catalogue["photo_hash"]))
    with reporter.stage("Scoring listings", len(catalogue)) as advance:
        scores = mismatch_scores(checkpoint, titles, photos, _folds(folder, catalogue))
        unified = unified_embeddings(checkpoint.network, titles, photos)
        advance(len(catalogue))
    np.save(folder / UNIFIED, unified)
    scored = catalogue[["listing_id", "title_hash", "photo_hash"]].assign(score=scores)
    scored.to_parquet(scores_path(workspace, name), index=False)
    return name


def index(workspace: Workspace, reporter: Reporter | None = None) -> str:
    """Build the neighbour indexes of the version scored last and put it in force; returns its name."""
    reporter = reporter or Silent()
    store = Store.open(workspace.database_url, create=False)
    name = newest_version(workspace)
    folder = workspace.models / name
    if not scores_path(workspace, name).exists():
        raise WorkspaceError(f"Model {name} has not scored the catalogue yet. Run `mmquality score` first.")
    checkpoint, scored = load_checkpoint(folder), pd.read_parquet(scores_path(workspace, name))
    vectors: dict[Space, Callable[[], Vectors]] = {
        Space.UNIFIED: lambda: np.load(folder / UNIFIED),
        Space.TITLE: lambda: embeddings_of(workspace, checkpoint.text_encoder, list(scored["title_hash"])),
        Space.PHOTO: lambda: embeddings_of(workspace, checkpoint.photo_encoder, list(scored["photo_hash"])),
    }
    with (
        reporter.stage("Indexing spaces", len(Space)) as advance,
        whole_folder(index_path(workspace, name, Space.UNIFIED).parent) as part,
    ):
        for space, load in vectors.items():
            built = NeighbourIndex.build(load(), list(scored["listing_id"]))
            built.save(part / index_path(workspace, name, space).name)
            advance(1)
    if name in {version.name for version in store.versions()}:
        store.make_current(name)
    else:
        version = ModelVersion(name, datetime.now(UTC), len(scored), _summary(workspace, checkpoint))
        store.publish(version, scored[["listing_id", "score"]])
    return name


def build(
    workspace: Workspace,
    files: InputFiles,
    options: Options | None = None,
    text: EncoderChoice | None = None,
    photo: EncoderChoice | None = None,
    reporter: Reporter | None = None,
    catalogue_name: str | None = None,
) -> tuple[ImportSummary, str]:
    """From files to a ranked queue: import → encode → train → score → index; returns the version in force."""
    summary = import_files(workspace, files, reporter=reporter, catalogue_name=catalogue_name)
    encode(workspace, text, photo, reporter)
    train(workspace, options, reporter)
    score(workspace, reporter)
    return summary, index(workspace, reporter)


def _copied(workspace: Workspace, name: str) -> str:
    """The same checkpoint as a version of its own; returns its name."""
    with new_version(workspace) as folder:
        for file in (WEIGHTS, CONFIG, METRICS, TRAINED_ON):
            shutil.copyfile(workspace.models / name / file, folder / file)
    return newest_version(workspace)


def _check_encoders(workspace: Workspace, checkpoint: Checkpoint) -> None:
    settings = encoded_settings(workspace)
    if (settings.text_encoder, settings.photo_encoder) != (checkpoint.text_encoder, checkpoint.photo_encoder):
        raise WorkspaceError(
            f"The model reads vectors of {checkpoint.text_encoder} and {checkpoint.photo_encoder}, but the "
            f"catalogue was encoded with {settings.text_encoder} and {settings.photo_encoder}. "
            "Run `mmquality train` to train on the new ones."
        )


def _folds(folder: Path, catalogue: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The fold of each listing, `UNSEEN` where the model was trained without it as it now is, (n,)."""
    trained_on = pd.read_parquet(folder / TRAINED_ON)
    key = ["listing_id", "title_hash", "photo_hash"]
    fold = catalogue[key].merge(trained_on, on=key, how="left")["fold"]
    return fold.fillna(UNSEEN).to_numpy(dtype=np.int64)


def _summary(workspace: Workspace, checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "catalogue": load_settings(workspace).name,
        "taught_by": checkpoint.metrics.get("taught_by", ""),
        "projection": checkpoint.network_config.projection,
        "text_encoder": checkpoint.text_encoder,
        "photo_encoder": checkpoint.photo_encoder,
        "training_seconds": checkpoint.metrics.get("seconds"),
        "fingerprint": checkpoint.fingerprint,
    }
