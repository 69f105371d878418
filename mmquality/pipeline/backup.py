"""A workspace in one file, made while people work, and a workspace from such a file.

A backup is a tar archive: the database as it was at one moment, what the workspace remembers, its click log,
every model version that the database knows, and, last, a list of all of it with a hash of each file. What can
be made again (thumbnails) or is nobody's evidence (exports, jobs) stays out, and so do the photos, which lie
where the sellers' files lie; embeddings come in unless they are not wanted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from mmquality import __version__
from mmquality.config import DATABASE, Workspace
from mmquality.errors import InputFileError, WorkspaceError
from mmquality.files import name_to_disk, to_disk, whole_file
from mmquality.pipeline.folders import unfinished_folder
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Advance, Reporter, Silent

FORMAT = 1
_LIST = "backup.json"
_PIECE = 2**20
_SETTINGS = "workspace.json"


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    made_at: str
    files: int
    bytes: int
    database: bool  # False where it is PostgreSQL's, which pg_dump copies


def back_up(
    workspace: Workspace, target: Path, embeddings: bool = True, reporter: Reporter | None = None
) -> Backup:
    """Write the backup to `target`, which appears whole. Labels given meanwhile are not in it.

    Without `embeddings` it is smaller, and a model trained from it encodes everything again.
    A database of PostgreSQL's is copied by pg_dump right before: the copy of the folder is then never older,
    and has each version that the dump knows.
    Raises `WorkspaceError` where there is no workspace, no folder for `target`, or `target` is there already.
    """
    reporter = reporter or Silent()
    if target.exists():
        raise WorkspaceError(f"{target} is there already; name another file, or move it away.")
    if not target.parent.is_dir():
        raise WorkspaceError(f"There is no folder {target.parent}; make it, or name another file.")
    with whole_file(target) as part, unfinished_folder(target) as scratch:
        files = list(_files(workspace, scratch, embeddings))
        total = sum(path.stat().st_size for _, path in files)
        with part.open("wb") as raw, reporter.stage("Copying", total, in_bytes=True) as advance:
            return _write(raw, files, advance)


def restore(source: Path, workspace: Workspace, reporter: Reporter | None = None) -> Backup:
    """Make a workspace of a backup, whole or not at all; every file is held against its hash.

    Raises `WorkspaceError` where the folder has anything in it, `InputFileError` where `source` is no backup,
    or a damaged one.
    """
    reporter, root = reporter or Silent(), workspace.root
    if not source.is_file():
        raise InputFileError(f"There is no file {source}; check its name.")
    if root.exists() and any(root.iterdir()):
        raise WorkspaceError(f"{root} is not empty; a backup is restored into a folder that is new or empty.")
    with unfinished_folder(root) as folder:
        try:
            with (
                tarfile.open(source, "r:") as archive,
                reporter.stage("Restoring", source.stat().st_size, in_bytes=True) as advance,
            ):
                told = _read(archive, folder, advance)
        except tarfile.ReadError as error:
            raise InputFileError(f"{source} is no backup of mmquality, or a damaged one.") from error
        except (tarfile.TarError, OSError, EOFError, ValueError, InputFileError) as error:
            raise InputFileError(f"{source} cannot be read as a backup: {error}") from error
        _check(source, folder, told)
        (folder / _LIST).unlink()
        to_disk(folder)
        if root.exists():
            root.rmdir()
        folder.replace(root)
        name_to_disk(root)
    return Backup(told["made_at"], len(told["files"]), told["bytes"], DATABASE in told["files"])


def _files(workspace: Workspace, scratch: Path, embeddings: bool) -> Iterator[tuple[str, Path]]:
    """What goes into the backup: its name there, and where it lies."""
    with open_store(workspace) as store:
        if workspace.database_url.startswith("sqlite"):
            store.copy_to(scratch / DATABASE)
            yield DATABASE, scratch / DATABASE
        versions = [version.name for version in store.versions()]  # after the copy: all that it knows
    root = workspace.root
    if (root / _SETTINGS).exists():
        yield _SETTINGS, root / _SETTINGS
    folders = [workspace.clicks, workspace.evaluations, *(workspace.models / name for name in versions)]
    for folder in [*folders, workspace.embeddings] if embeddings else folders:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                yield inside.as_posix(), path


def _write(raw: IO[bytes], files: list[tuple[str, Path]], advance: Advance) -> Backup:
    hashes: dict[str, str] = {}
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files:
            with path.open("rb") as opened:
                hashed = _Hashed(opened, advance)
                archive.addfile(archive.gettarinfo(str(path), name, opened), hashed)
            hashes[name] = hashed.digest
        size = archive.offset
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        told = {
            "format": FORMAT,
            "mmquality": __version__,
            "made_at": made_at,
            "bytes": size,
            "files": hashes,
        }
        content = json.dumps(told, indent=1).encode()
        entry = tarfile.TarInfo(_LIST)
        entry.size = len(content)
        archive.addfile(entry, BytesIO(content))
    return Backup(made_at, len(hashes), size, DATABASE in hashes)


class _Hashed:
    """A file being read, and the hash of what was read."""

    def __init__(self, opened: IO[bytes], advance: Advance) -> None:
        self._opened, self._advance, self._hash = opened, advance, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._opened.read(size)
        self._hash.update(piece)
        self._advance(len(piece))
        return piece

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _read(archive: tarfile.TarFile, folder: Path, advance: Advance) -> dict[str, Any]:
    """Unpack everything; gives the list at the end."""
    for entry in archive:
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or entry.issparse():
            raise InputFileError(f"{entry.name[:200]!r} in it is no plain file, and there are no others.")
        _unpack(archive, entry, folder)
        advance(entry.size)
    try:
        told = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        known = told["format"] == FORMAT and isinstance(told["files"], dict)
        known = known and isinstance(told["made_at"], str) and isinstance(told["bytes"], int)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputFileError("it does not end in its list of files, so it is no whole backup.") from error
    if not known:
        raise InputFileError(f"its format is {told['format']!r}; this mmquality reads {FORMAT}. Upgrade it.")
    return dict(told)


def _unpack(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    """Write a plain file of the archive; no path leads out of the folder, and nothing is written over.

    `TarFile.extract` has its filters since Python 3.11.4 only, and Debian 12 has 3.11.2.
    """
    inside = PurePosixPath(entry.name)
    if inside.is_absolute() or ".." in inside.parts:
        raise InputFileError(f"{entry.name[:200]!r} in it would lie outside the workspace.")
    place, packed = folder / inside, archive.extractfile(entry)
    assert packed is not None  # it is a plain file
    place.parent.mkdir(parents=True, exist_ok=True)
    with packed, place.open("xb") as file:
        shutil.copyfileobj(packed, file, _PIECE)


def _check(source: Path, folder: Path, told: dict[str, Any]) -> None:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {_LIST}
    files: dict[str, str] = told["files"]
    wrong = sorted(there.symmetric_difference(files))
    wrong += [name for name in sorted(there & set(files)) if _digest(folder / name) != files[name]]
    if wrong:
        raise InputFileError(
            f"{source} is damaged: {wrong[0]} is not what was backed up. Nothing was restored; take another "
            "backup."
        )


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
