"""Is a workspace sound? Every part is looked at; what is wrong comes with the command that mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path

from mmquality.config import Workspace
from mmquality.encoders.cache import EmbeddingCache
from mmquality.errors import (
    DamagedDatabaseError,
    MMQualityError,
    ModelFileError,
    NoWorkspaceError,
    VectorDatabaseError,
    WorkspaceError,
    WrongDatabaseError,
)
from mmquality.files import UNFINISHED
from mmquality.index.keeping import load
from mmquality.pipeline.encoded import not_encoded
from mmquality.pipeline.forgetting import room
from mmquality.pipeline.places import index_path, open_store, trainings_path
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.scored import has_scored, load_scores
from mmquality.pipeline.scratch import left_behind
from mmquality.pipeline.settings import load_settings
from mmquality.pipeline.versions import newest_version, published_names
from mmquality.records import ModelVersion, Space, count, size_in_words
from mmquality.store import Store

_PHOTOS = 1_000  # whose files are looked for
_RESTORE = "Restore the last backup (`mmquality restore`), and import what came after it."
_NOT_DAMAGED = (
    "Nothing says that it is damaged, so there is nothing to restore: see that it is the database you mean "
    "({}MMQ_DATABASE_URL), {}and that you may read and write it."
)
_MODEL_AGAIN = (
    "Restore the last backup (`mmquality restore`), go back to the version before where there is one "
    "(`mmquality models rollback`), or run `mmquality train`, then `mmquality score` and `mmquality index`."
)
_ROOM = 0.05  # of the disk, that should be free


class Health(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # works, but not for long, or not all of it
    FAULT = "fault"  # something does not work, or is lost


@dataclass(frozen=True)
class Finding:
    """What one look found, and what to do about it."""

    part: str
    health: Health
    what: str
    remedy: str = ""


def examine(workspace: Workspace, reporter: Reporter | None = None) -> list[Finding]:
    """Look at every part of a workspace; changes nothing. Raises `NoWorkspaceError` where there is none."""
    try:
        with open_store(workspace) as store:
            return _examined(workspace, store, reporter or Silent())
    except NoWorkspaceError:
        raise
    except WrongDatabaseError as error:  # which says what to do
        return [Finding("database", Health.FAULT, str(error))]
    except WorkspaceError as error:  # the database cannot be read: nothing else can be told
        a_file = workspace.database_url.startswith("sqlite")
        intact = _NOT_DAMAGED.format(*(("-w, ", "") if a_file else ("", "that its server runs, ")))
        remedy = _RESTORE if isinstance(error, DamagedDatabaseError) else intact
        return [Finding("database", Health.FAULT, str(error), remedy)]


def _examined(workspace: Workspace, store: Store, reporter: Reporter) -> list[Finding]:
    waiting = cache(lambda: _waiting(workspace, store))  # several looks ask, and it reads the whole catalogue
    looks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _database(store),
        lambda: _settings(workspace),
        lambda: _in_force(workspace, store, waiting),
        lambda: _earlier(workspace, store),
        lambda: _embeddings(workspace, waiting),
        lambda: _photos(store),
        lambda: _leftovers(workspace),
        lambda: _disk(workspace),
    ]
    found: list[Finding] = []
    with reporter.stage("Looking at the workspace", len(looks)) as advance:
        for look in looks:
            found += look()
            advance(1)
    return found


def _database(store: Store) -> Iterator[Finding]:
    faults = store.faults()
    yield from (Finding("database", Health.FAULT, fault, _RESTORE) for fault in faults)
    if not faults:
        yield Finding("database", Health.OK, f"{count(store.listing_count(), 'listing')}, nothing damaged")


def _settings(workspace: Workspace) -> Iterator[Finding]:
    try:
        load_settings(workspace)
        yield Finding("settings", Health.OK, "workspace.json can be read")
    except MMQualityError as error:
        yield Finding("settings", Health.FAULT, str(error))


def _in_force(workspace: Workspace, store: Store, waiting: Callable[[], int]) -> Iterator[Finding]:
    version = store.current_version()
    if version is None:
        yield Finding("model", Health.WARNING, "No model is in force", _next_step(workspace, store, waiting))
        return
    newest = newest_version(workspace)
    if newest and newest not in published_names(store):
        what = f"{newest} is trained and was not put in force"
        yield Finding("model", Health.WARNING, what, _next_step(workspace, store, waiting))
    remedy = _MODEL_AGAIN
    try:
        _check_files(workspace.models / version.name, version)
        remedy = "Run `mmquality index`."
        _check_indexes(workspace, version)
        yield Finding("model", Health.OK, f"{version.name} is in force, whole")
    except VectorDatabaseError as error:  # which says what to do: a server that is down needs no new index
        what = f"{version.name} is in force, but its neighbours cannot be looked up. {error}"
        yield Finding("model", Health.FAULT, what)
    except MMQualityError as error:
        yield Finding("model", Health.FAULT, f"{version.name} is in force, but {error}", remedy)
    unscored = store.unscored_count()
    if unscored:
        yield Finding(
            "model", Health.WARNING, f"{count(unscored, 'listing')} without a score",
            "Run `mmquality encode`." if waiting() else "Run `mmquality arrive`.",
        )  # fmt: skip


def _next_step(workspace: Workspace, store: Store, waiting: Callable[[], int]) -> str:
    """The one command that is due on the way to a model in force."""
    if not store.listing_count():
        return "Run `mmquality import`, or `mmquality build` with a catalogue's files."
    if waiting():
        return "Run `mmquality encode`."
    newest = newest_version(workspace)
    if newest is None:
        return "Run `mmquality train`."
    return f"Run `mmquality {'index' if has_scored(workspace.models / newest) else 'score'}`."


def _waiting(workspace: Workspace, store: Store) -> int:
    """The listings that wait for `encode`; 0 where it cannot be told, which another look says."""
    with suppress(MMQualityError):
        return not_encoded(workspace, store)
    return 0


def _check_files(folder: Path, version: ModelVersion) -> None:
    """Raises `ModelFileError` where a file of it is gone, damaged or does not fit the others."""
    from mmquality.checkpoint import load_checkpoint  # torch, which no other look needs

    if not folder.is_dir():
        raise ModelFileError(f"its folder {folder} is gone.")
    load_checkpoint(folder)
    scored = len(load_scores(folder))
    if scored != version.listings:
        raise ModelFileError(f"its folder holds {scored:,} scores, the database {version.listings:,}.")


def _check_indexes(workspace: Workspace, version: ModelVersion) -> None:
    """Raises `ModelFileError` where an index is gone, damaged or another model's."""
    for space in Space:
        indexed = len(load(index_path(workspace, version.name, space), workspace.vectors_url))
        if indexed != version.listings:
            raise ModelFileError(f"its {space} index holds {indexed:,} listings of {version.listings:,}.")


def _earlier(workspace: Workspace, store: Store) -> Iterator[Finding]:
    gone = [version.name for version in store.versions() if not (workspace.models / version.name).is_dir()]
    if gone:
        yield Finding(
            "earlier models", Health.WARNING, f"The files of {', '.join(gone)} are gone: no way back to them",
            "Restore them from a backup where that matters.",
        )  # fmt: skip


def _embeddings(workspace: Workspace, waiting: Callable[[], int]) -> Iterator[Finding]:
    if lacking := waiting():
        what = f"{count(lacking, 'listing')} not encoded"
        yield Finding("embeddings", Health.WARNING, what, "Run `mmquality encode`.")
    encoders = [folder.name for folder in sorted(workspace.embeddings.glob("*")) if folder.is_dir()]
    for encoder in encoders:
        try:
            cache = EmbeddingCache(workspace.embeddings, encoder)
            yield Finding("embeddings", Health.OK, f"{len(cache):,} of {encoder}")
        except MMQualityError as error:
            yield Finding("embeddings", Health.FAULT, str(error))


def _photos(store: Store) -> Iterator[Finding]:
    paths = store.catalogue_frame(["photo_path"])["photo_path"]
    some = paths.sample(min(_PHOTOS, len(paths)), random_state=7)
    gone = [path for path in some if not Path(path).is_file()]
    if gone:
        yield Finding(
            "photos", Health.WARNING,
            f"Of {len(some):,} photos {len(gone):,} are not where they were ({gone[0]})",
            "Put them back, or run `mmquality import` with their new folder.",
        )  # fmt: skip
    elif len(some):
        yield Finding("photos", Health.OK, f"{len(some):,} looked for, all there")


def _leftovers(workspace: Workspace) -> Iterator[Finding]:
    left = [*islice((path for pattern in UNFINISHED for path in workspace.root.rglob(pattern)), 1_000)]
    if left:
        yield Finding(
            "leftovers", Health.WARNING, f"{count(len(left), 'unfinished file')} of stopped work ({left[0]})",
            "Where nothing is at work, delete them; after a day mmquality does so itself.",
        )  # fmt: skip
    if killed := left_behind(workspace.scratch):
        yield Finding(
            "leftovers", Health.WARNING, f"{count(len(killed), 'folder')} of killed work ({killed[0]})",
            "Nothing to do: the next `mmquality train` or `mmquality score` removes them.",
        )  # fmt: skip
    for folder in left_behind(trainings_path(workspace)):
        if size := room(folder):  # else it was stopped before anything was finished
            yield Finding(
                "leftovers", Health.WARNING, f"A training that was stopped, {size_in_words(size)} ({folder})",
                "The command that was stopped goes on with it. Where nobody wants that, delete the folder.",
            )  # fmt: skip


def _disk(workspace: Workspace) -> Iterator[Finding]:
    disk = shutil.disk_usage(workspace.root)
    told = f"{size_in_words(disk.free)} free"
    if disk.free < _ROOM * disk.total:
        yield Finding("disk", Health.WARNING, told, "Make room: on a full disk no label can be given.")
    else:
        yield Finding("disk", Health.OK, told)
