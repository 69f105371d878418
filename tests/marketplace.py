"""A small sample marketplace, taken the whole way once for the tests of pipeline and command line."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from filelock import FileLock

from mmquality.config import Workspace
from mmquality.data.sample import SampleFiles, write_sample
from mmquality.pipeline import building
from mmquality.pipeline.encoding import EncodeSummary, encode
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files

LISTINGS = 150
QUICK = building.Options(epochs=1)


@dataclass(frozen=True)
class Marketplace:
    """The sample's files, the workspace built from them, and what each step said. Only to be read."""

    files: SampleFiles
    workspace: Workspace
    imported: ImportSummary
    encoded: EncodeSummary
    trained: str
    scored: str
    published: str
    said: list[str]  # what the reporter was told, stages and lines


class Listening:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, line: str) -> None:
        self.heard.append(line)

    @contextmanager
    def stage(self, name: str, total: int | None = None, in_bytes: bool = False) -> Iterator[object]:
        done = 0

        def advance(more: int, note: str = "") -> None:
            nonlocal done
            done += more

        yield advance
        self.heard.append(f"{name}: {done}" + ("" if total is None else f" of {total}"))


def build_marketplace(folder: Path) -> Marketplace:
    """Draw the sample and take it from files to a published model, a step at a time."""
    files = write_sample(folder / "files", LISTINGS)
    workspace, reporter = Workspace.at(folder / "workspace"), Listening()
    return Marketplace(
        files=files,
        workspace=workspace,
        imported=import_files(workspace, input_files(files), reporter=reporter),
        encoded=encode(workspace, reporter=reporter),
        trained=building.train(workspace, QUICK, reporter),
        scored=building.score(workspace, reporter),
        published=building.index(workspace, reporter),
        said=reporter.heard,
    )


def shared(folder: Path) -> Marketplace:
    """The one that is in `folder`, built by whichever process comes first; nobody opens it there."""
    told = folder / "marketplace.pickle"
    with FileLock(f"{folder}.lock"):
        if not told.exists():
            folder.mkdir()
            told.write_bytes(pickle.dumps(build_marketplace(folder)))
    built: Marketplace = pickle.loads(told.read_bytes())
    return built


def copied(marketplace: Marketplace, folder: Path) -> Marketplace:
    """The same with a workspace of its own."""
    return replace(marketplace, workspace=copy_of(marketplace, folder / "workspace"))


def input_files(files: SampleFiles) -> InputFiles:
    """Everything the sample has."""
    return InputFiles(files.listings, files.images, files.impressions, files.co_clicks)


def copy_of(marketplace: Marketplace, folder: Path) -> Workspace:
    """A copy of the built workspace, to be changed; its photos are still the sample's own."""
    shutil.copytree(marketplace.workspace.root, folder)
    return Workspace.at(folder)


def copy_of_files(files: SampleFiles, folder: Path) -> SampleFiles:
    """A copy of the sample's files, to be changed."""
    shutil.copytree(files.images, folder)
    return SampleFiles.below(folder)


def encoded_beforehand(marketplace: Marketplace, folder: Path) -> Workspace:
    """An empty workspace that has the sample's embeddings already."""
    shutil.copytree(marketplace.workspace.embeddings, folder / "embeddings")
    return Workspace.at(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its name there, the database's changing log left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".db-wal", ".db-shm")
    }


def first_rows(path: Path, rows: int) -> pd.DataFrame:
    """The first rows of a sample's CSV file, as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False).head(rows)
