"""The sample marketplace in a workspace, with the shipped model where it fits."""

from __future__ import annotations

from pathlib import Path

import mmquality
from mmquality.checkpoint import CONFIG, Checkpoint, load_checkpoint
from mmquality.config import Workspace
from mmquality.data.sample import SampleFiles, find_sample, write_sample
from mmquality.errors import NoWorkspaceError, WorkspaceError
from mmquality.pipeline.assembling import assemble, encoded_settings
from mmquality.pipeline.building import index, score, train
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.mapping import draw_map
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter, Silent, increments
from mmquality.pipeline.settings import load_settings
from mmquality.pipeline.spaces import compare_spaces
from mmquality.pipeline.trained import copy_trained
from mmquality.pipeline.versions import new_version, published_names
from mmquality.store import Store

SAMPLE_NAME = "sample marketplace"
SHIPPED = Path(mmquality.__file__).parents[1] / "models" / "sample"


def build_sample(workspace: Workspace, listings: int = 3000, reporter: Reporter | None = None) -> str:
    """Draw, import, encode, score and index the sample, map and measure it; returns the version in force.

    A sample that has a model in force already is left as it is. The shipped model is taken where it was
    trained on exactly these listings; otherwise one is trained. Raises `WorkspaceError` where the workspace
    holds a catalogue of one's own.
    """
    reporter = reporter or Silent()
    if current := _current(workspace):
        return current
    sample = _sample(workspace.root / "sample", listings, reporter)
    files = InputFiles(sample.listings, sample.images, sample.impressions, sample.co_clicks)
    import_files(workspace, files, reporter=reporter, catalogue_name=SAMPLE_NAME)
    encode(workspace, reporter=reporter)
    if not _adopt_shipped(workspace, reporter):
        train(workspace, reporter=reporter)
    score(workspace, reporter)
    version = index(workspace, reporter)
    draw_map(workspace, reporter)
    compare_spaces(workspace, reporter)
    return version


def _current(workspace: Workspace) -> str | None:
    """The version in force of a workspace that holds the sample, None where there is none yet."""
    try:
        with open_store(workspace) as store:
            version, filled = store.current_version(), store.listing_count() > 0
    except NoWorkspaceError:
        return None
    if filled and load_settings(workspace).name != SAMPLE_NAME:
        raise WorkspaceError(
            f"{workspace.root} holds a catalogue of your own. Look at it with `mmquality serve`, or give the "
            "sample a folder of its own with --workspace."
        )
    return version.name if version else None


def _sample(folder: Path, listings: int, reporter: Reporter) -> SampleFiles:
    """The sample in `folder`; drawn, unless an earlier run came that far."""
    sample = find_sample(folder)
    if sample:
        return sample
    with reporter.stage("Drawing the sample marketplace", listings) as advance:
        return write_sample(folder, listings, progress=increments(advance))


def _adopt_shipped(workspace: Workspace, reporter: Reporter) -> bool:
    """Take the shipped model as a version of this workspace if it was trained on this very data."""
    if not (SHIPPED / CONFIG).exists():
        return False
    checkpoint = load_checkpoint(SHIPPED)
    with open_store(workspace) as store:
        if not _trained_on_this(checkpoint, workspace, store):
            reporter.say("The shipped model was trained on another sample; training one on this.")
            return False
        with new_version(workspace, published_names(store)) as draft:
            copy_trained(SHIPPED, draft.folder)
    return True


def _trained_on_this(checkpoint: Checkpoint, workspace: Workspace, store: Store) -> bool:
    settings, fields = encoded_settings(workspace), checkpoint.network_config.context_fields
    encoders = settings.text_encoder, settings.photo_encoder
    if (checkpoint.text_encoder, checkpoint.photo_encoder) != encoders:
        return False
    if not set(fields) <= set(settings.context_fields):  # columns whose values are not embedded
        return False
    assembled = assemble(workspace, store, fields)
    return bool(checkpoint.fingerprint.get("sha256") == assembled.fingerprint["sha256"])
