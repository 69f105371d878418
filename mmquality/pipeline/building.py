"""train → score → index → publish: each can be run again safely, and only the last shows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mmquality.checkpoint import Checkpoint, load_checkpoint
from mmquality.config import ImportLimits, NetworkConfig, TrainingConfig, Workspace
from mmquality.engine import Engine, Local
from mmquality.errors import WorkspaceError
from mmquality.evaluation.calibration import error_of, reliability
from mmquality.files import check_writable
from mmquality.pipeline import kept_tables
from mmquality.pipeline.assembling import Assembled, assemble, encoded_settings
from mmquality.pipeline.context import load_centres, save_centres
from mmquality.pipeline.encoded import EncodedCatalogue, encoded_catalogue
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.finishing import finishable, taking_in
from mmquality.pipeline.ground import changes_known, keep_ground
from mmquality.pipeline.health_reference import Reference, some_of
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files
from mmquality.pipeline.indexing import build_indexes
from mmquality.pipeline.kept_training import kept_training
from mmquality.pipeline.label_snapshot import frozen, save_snapshot
from mmquality.pipeline.locking import makes_models
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter, Silent, in_one
from mmquality.pipeline.scored import has_scored, load_scores, load_unified, save_scored
from mmquality.pipeline.scratch import scratch
from mmquality.pipeline.settings import EncoderChoice, load_settings
from mmquality.pipeline.streaming import Scored, score_catalogue
from mmquality.pipeline.taught import beside_the_title, teachers
from mmquality.pipeline.trained import copy_trained, save_trained
from mmquality.pipeline.trained_on import TRAINED_CONTENT
from mmquality.pipeline.training_run import check_alone, check_model_fits, trained_ensemble
from mmquality.pipeline.unified import with_propagation
from mmquality.pipeline.varying import varied_order
from mmquality.pipeline.versions import new_version, published_names, version_to_score, working_version
from mmquality.records import ModelVersion, count
from mmquality.rows import New
from mmquality.scoring import Listings, fit_scales
from mmquality.store import Store
from mmquality.training import ranks
from mmquality.training.ensemble import Ensemble

FEWEST_LISTINGS = 20
_RELIABILITY_BINS = 10
SMALL_CATALOGUE = 2_500  # listings; below it a smaller network, and batches small enough for …
PER_COMPONENT = 6  # listings for each principal component that the network reads (decision 9)
SMALL_STEPS = 150  # … so many steps in all: with fewer the network hardly leaves its start


@dataclass(frozen=True)
class Options:
    """What a person may choose for a training run; None leaves the choice to the catalogue's size."""

    projection: str = "transh"
    seed: int = 7
    epochs: int | None = None
    hold_out: Path | None = None  # a split: nothing is learnt from clicks that touch its test listings


def configs_for(
    listings: int, title_dim: int, photo_dim: int, options: Options, context_fields: tuple[str, ...] = ()
) -> tuple[NetworkConfig, TrainingConfig]:
    """The network's shape and the training constants for a catalogue of this size."""
    small = listings < SMALL_CATALOGUE
    components = min(max(listings // PER_COMPONENT, 64), 384, listings - 1)
    network = NetworkConfig(
        title_dim=title_dim,
        photo_dim=photo_dim,
        title_components=min(components, title_dim),
        photo_components=min(components, photo_dim),
        d=64 if small else 128,
        projection=options.projection,
        context_fields=context_fields,
    )
    training = TrainingConfig(seed=options.seed)
    if small:
        batch_size = round(listings * training.epochs / SMALL_STEPS)
        training = replace(training, batch_size=min(max(batch_size, 32), 128))
    return network, replace(training, epochs=options.epochs or training.epochs)


@makes_models
def train(workspace: Workspace, options: Options | None = None, reporter: Reporter | None = None) -> str:
    """Train on everything the workspace knows; returns the new version's name. Nothing is shown yet.

    Of processes that torchrun started, the first one writes and speaks; the others return "".
    """
    options, started = options or Options(), time.monotonic()
    reporter = reporter if reporter and ranks.is_first() else Silent()
    check_writable(workspace.root, workspace.models)
    # Nothing after this block needs the database: it may be away when the training ends.
    with open_store(workspace) as store, in_one(reporter, "Reading the catalogue"):
        assembled, labels = frozen(workspace, assemble(workspace, store, hold_out=options.hold_out))
        published = published_names(store)
    data = assembled.data
    if len(data) < FEWEST_LISTINGS:
        raise WorkspaceError(
            f"The catalogue has {count(len(data), 'listing')}; training needs at least {FEWEST_LISTINGS}. "
            "Import more."
        )
    reporter.say(
        f"Training on {len(data):,} listings with {teachers(assembled)}{beside_the_title(assembled)}."
    )
    shapes = data.titles.shape[1], data.photos.shape[1]
    network_config, config = configs_for(len(data), *shapes, options, assembled.fields)
    check_model_fits(workspace, network_config, len(data))
    with kept_training(workspace, assembled, network_config, config, reporter) as finished:
        ensemble = trained_ensemble(workspace, data, network_config, config, finished, reporter)
        if not ranks.is_first():
            return ""
        with scratch(workspace) as new, in_one(reporter, "Calibrating"):
            config = with_propagation(config, ensemble.network.inputs, data, new)
            checkpoint = _checkpoint(assembled, ensemble, network_config, config, started, new)
        with new_version(workspace, published) as draft:
            save_trained(checkpoint, assembled.catalogue, ensemble.fold, draft.folder, assembled.held_out)
            save_centres(draft.folder, assembled.centres)
            save_snapshot(labels, draft.folder)
            _reference(assembled).save(draft.folder)
    return draft.name


def _reference(assembled: Assembled) -> Reference:
    """What the training listings are like, for `mmquality health`."""
    some = some_of(len(assembled.data))
    categories = Counter(assembled.catalogue["category"].fillna(""))
    return Reference.of(assembled.title_vectors[some], assembled.data.photos[some], categories)


@makes_models
def score(
    workspace: Workspace,
    reporter: Reporter | None = None,
    engine: Engine | None = None,
    model: str | None = None,
) -> str:
    """Score the whole catalogue; returns the name of the version that holds the scores.

    `model` names the version whose model it is; else it is the working version's. Scores that were published
    stay as they are: the model becomes a version anew. They are the same whatever `engine` runs the networks.
    """
    reporter, engine = reporter or Silent(), engine or Local()
    with open_store(workspace) as store:
        name, anew = version_to_score(workspace, store, model)
        trained = workspace.models / name
        checkpoint, changes = load_checkpoint(trained), store.last_change()
        names = published_names(store)
        encoded = _encoded_for(checkpoint, trained, workspace, store)
        with scratch(workspace) as new:
            with reporter.stage("Scoring listings", len(encoded.listings)) as advance:
                scored = score_catalogue(workspace, checkpoint, trained, encoded, new, advance, engine)
            if not anew:
                _keep_scored(trained, encoded, scored, changes)
                return name
            with new_version(workspace, names) as draft:
                copy_trained(trained, draft.folder)
                _keep_scored(draft.folder, encoded, scored, changes)
        return draft.name


def _keep_scored(model: Path, encoded: EncodedCatalogue, scored: Scored, changes: int) -> None:
    """In the model's folder; `changes` is the catalogue's last one when it was read."""
    keep_ground(model, encoded.listings["listing_id"], scored.titles, scored.photos, scored.trust, changes)
    save_scored(model, encoded.listings, scored.scores, scored.unified, scored.pairs)


@makes_models
def index(workspace: Workspace, reporter: Reporter | None = None, in_force: bool = True) -> str:
    """Build the neighbour indexes of the version scored last and put it in force; returns its name.

    Without `in_force` the version can be looked at and put in force later.
    Where no version waits to be published, the indexes of the one in force are built again.
    """
    reporter = reporter or Silent()
    with open_store(workspace) as store:
        name, published = working_version(workspace, store)
        model = workspace.models / name
        if not has_scored(model):
            raise WorkspaceError(f"Model {name} has not scored the catalogue. Run `mmquality score` first.")
        checkpoint, scores = load_checkpoint(model), load_scores(model)
        build_indexes(workspace, name, checkpoint, scores, store, reporter)
        if not published:
            version = ModelVersion(name, datetime.now(UTC), len(scores), _summary(workspace, checkpoint))
            varied = varied_order(scores, load_unified(model))
            ranked, known = scores[["listing_id", "score"]], changes_known(model)
            store.publish(version, ranked, in_force, varied, whoami(), known)
        if published or in_force:
            kept_tables.keep(workspace, store, name)
    return name


@makes_models
def build(
    workspace: Workspace,
    files: InputFiles,
    options: Options | None = None,
    text: EncoderChoice | None = None,
    photo: EncoderChoice | None = None,
    reporter: Reporter | None = None,
    catalogue_name: str | None = None,
    limits: ImportLimits | None = None,
    imported: Callable[[ImportSummary], object] = lambda summary: None,
) -> tuple[ImportSummary, str]:
    """From files to a ranked queue: import → encode → train → score → index; returns the version in force.

    `imported` is called with what the import did, before the long work begins.
    """
    check_alone("build")
    summary = import_files(workspace, files, limits, reporter, catalogue_name)
    imported(summary)
    encode(workspace, text, photo, reporter)
    version = taking_in(workspace, partial(train, workspace, options, reporter), reporter)
    with finishable(workspace, version, reporter):
        taking_in(workspace, partial(score, workspace, reporter), reporter)
        return summary, index(workspace, reporter)


def _checkpoint(
    assembled: Assembled,
    ensemble: Ensemble,
    network_config: NetworkConfig,
    config: TrainingConfig,
    started: float,
    new: New,
) -> Checkpoint:
    data, networks = assembled.data, (ensemble.network, ensemble.fold_networks)
    listings = Listings(data.titles, data.photos, ensemble.fold, data.shown, data.clicked)
    fitted = fit_scales(*networks, listings, data.keys, config, data.verdict, new)
    curve = reliability(fitted.checked, fitted.swapped, _RELIABILITY_BINS, equal_width=True)
    return Checkpoint(
        network_config=network_config,
        training_config=config,
        text_encoder=assembled.settings.text_encoder,
        photo_encoder=assembled.settings.photo_encoder,
        network=ensemble.network,
        fold_networks=ensemble.fold_networks,
        scales=fitted.scales,
        fingerprint=assembled.fingerprint,
        metrics={
            "taught_by": teachers(assembled),
            "losses": ensemble.history,
            "photos_of_nobody": int((~ensemble.owned).sum()),
            "reliability": [asdict(of_bin) for of_bin in curve],
            "ece": error_of(curve),
            "seconds": round(time.monotonic() - started, 1),
        },
    )


def _encoded_for(checkpoint: Checkpoint, model: Path, workspace: Workspace, store: Store) -> EncodedCatalogue:
    """The catalogue as the model in the folder `model` reads it."""
    check_encoders(workspace, checkpoint)
    fields = checkpoint.network_config.context_fields
    encoders = checkpoint.text_encoder, checkpoint.photo_encoder
    columns = (*TRAINED_CONTENT, "title")
    return encoded_catalogue(workspace, store, *encoders, fields, load_centres(model, fields), columns)


def check_encoders(workspace: Workspace, checkpoint: Checkpoint) -> None:
    """Raise `WorkspaceError` where the catalogue was encoded for another model."""
    settings = encoded_settings(workspace)
    if (settings.text_encoder, settings.photo_encoder) != (checkpoint.text_encoder, checkpoint.photo_encoder):
        raise WorkspaceError(
            f"The model reads vectors of {checkpoint.text_encoder} and {checkpoint.photo_encoder}, but the "
            f"catalogue was encoded with {settings.text_encoder} and {settings.photo_encoder}. "
            "Run `mmquality train` to train on the new ones."
        )


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
