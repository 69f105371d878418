"""The sample marketplace in a workspace, with the shipped model where it fits."""

from __future__ import annotations

import shutil
from pathlib import Path

import mmquality
from mmquality.checkpoint import CONFIG, METRICS, WEIGHTS, load_checkpoint
from mmquality.config import Workspace
from mmquality.data.sample import write_sample
from mmquality.pipeline.assembling import assemble
from mmquality.pipeline.building import TRAINED_ON, index, score, train
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.importing import InputFiles, import_files
from mmquality.pipeline.progress import Reporter, Silent, increments
from mmquality.pipeline.versions import new_version
from mmquality.store import Store

SAMPLE_NAME = "sample marketplace"
SHIPPED = Path(mmquality.__file__).parents[1] / "models" / "sample"
SHIPPED_FILES = (WEIGHTS, CONFIG, METRICS, TRAINED_ON)


def build_sample(workspace: Workspace, listings: int = 3000, reporter: Reporter | None = None) -> str:
    """Draw, import, encode, score and index the sample; returns the version in force.

    A workspace that has a model in force already is left as it is. The shipped model is taken where it was
    trained on exactly these listings; otherwise one is trained.
    """
    reporter = reporter or Silent()
    if current := _current(workspace):
        return current
    with reporter.stage("Drawing the sample marketplace", listings) as advance:
        sample = write_sample(workspace.root / "sample", listings, progress=increments(advance))
    files = InputFiles(sample.listings, sample.listings.parent, sample.impressions, sample.co_clicks)
    import_files(workspace, files, reporter=reporter, catalogue_name=SAMPLE_NAME)
    encode(workspace, reporter=reporter)
    if not _adopt_shipped(workspace, reporter):
        train(workspace, reporter=reporter)
    score(workspace, reporter)
    return index(workspace, reporter)


def _current(workspace: Workspace) -> str | None:
    if not workspace.root.exists():
        return None
    version = Store.open(workspace.database_url, create=True).current_version()
    return version.name if version else None


def _adopt_shipped(workspace: Workspace, reporter: Reporter) -> bool:
    """Take the shipped model as a version of this workspace if it was trained on this very data."""
    if not (SHIPPED / CONFIG).exists():
        return False
    checkpoint = load_checkpoint(SHIPPED)
    assembled = assemble(workspace, Store.open(workspace.database_url, create=False))
    encoders = assembled.settings.text_encoder, assembled.settings.photo_encoder
    fits = checkpoint.fingerprint.get("sha256") == assembled.fingerprint["sha256"]
    if not fits or (checkpoint.text_encoder, checkpoint.photo_encoder) != encoders:
        reporter.say("The shipped model was trained on another sample; training one on this.")
        return False
    with new_version(workspace) as folder:
        for name in SHIPPED_FILES:
            shutil.copyfile(SHIPPED / name, folder / name)
    return True
