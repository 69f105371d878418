"""Stamps: what is known of photo files, so that only new and changed ones are decoded."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import NamedTuple, TypeVar

from mmquality.anywhere import UNTOLD, Place, is_remote, size_and_stamp
from mmquality.config import ImportLimits
from mmquality.data.photo_places import photos_below
from mmquality.data.photos import PhotoProblem, check_photo
from mmquality.processes import Workers

Progress = Callable[[int], object]  # called with the number of photos dealt with since the last call

_WORTH_PROCESSES = 200_000_000  # bytes of photos; less is decoded about as soon as a process has started
_BATCH = 32
_REQUESTS = 32  # to the service of a URL at once, …
_AHEAD = 1_024  # … of so many photos

T = TypeVar("T")

_log = logging.getLogger(__name__)


class PhotoStamp(NamedTuple):
    """What tells an unchanged photo file from a changed one without opening it."""

    size: int  # bytes
    mtime_ns: int
    hash: str  # SHA-256 of the bytes


class FoundPhoto(NamedTuple):
    """A photo that was decoded, now or in an earlier import."""

    path: str
    stamp: PhotoStamp


class PhotoStamps:
    """Finds and checks photos below `root`; `known` holds the stamps of earlier imports by path.

    Decoding holds Python's lock, so many photos are checked in `workers` processes; those of a URL in
    threads, which wait for its service together. Use it in a `with` block.
    """

    def __init__(
        self,
        root: Place,
        known: Mapping[str, tuple[int, int, str]],
        limits: ImportLimits,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._resolve, self._remote = photos_below(root), is_remote(root)
        self._known = known
        self._limits = limits
        self._workers = workers or os.cpu_count() or 1
        self._progress = progress or (lambda photos: None)
        self._pool: Workers | None = None
        self._before: dict[str, PhotoStamp] = {}  # by path, of the call before: listings share photos

    def __enter__(self) -> PhotoStamps:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.__exit__(kind, error, trace)

    def find(self, images: Iterable[str]) -> dict[str, FoundPhoto | PhotoProblem]:
        """For each image as written in the catalogue: its photo, or why it cannot be used."""
        found: dict[str, FoundPhoto | PhotoProblem] = {}
        unread: list[tuple[str, Place, int, int]] = []
        paths: dict[str, Place] = {}
        for image in images:
            try:
                paths[image] = self._resolve(image)
            except PhotoProblem as problem:
                found[image] = problem
        # Before they are read: a change meanwhile shows next time.
        stamps = self._side_by_side(_size_and_time, list(paths.values()))
        for (image, path), (size, mtime_ns) in zip(paths.items(), stamps, strict=True):
            known = self._stamp_of(str(path)) if mtime_ns != UNTOLD else None
            if known and known[:2] == (size, mtime_ns) and size <= self._limits.max_photo_bytes:
                found[image] = FoundPhoto(str(path), PhotoStamp(*known))
            else:
                unread.append((image, path, size, mtime_ns))
        self._progress(len(found))
        many = sum(size for _, _, size, _ in unread) >= _WORTH_PROCESSES
        hashes = self._hashes([path for _, path, _, _ in unread], many)
        for (image, path, size, mtime_ns), seen in zip(unread, hashes, strict=True):
            if isinstance(seen, str):
                found[image] = FoundPhoto(str(path), PhotoStamp(size, mtime_ns, seen))
            else:
                found[image] = seen
        self._before = {photo.path: photo.stamp for photo in found.values() if isinstance(photo, FoundPhoto)}
        return found

    def _stamp_of(self, path: str) -> tuple[int, int, str] | None:
        return self._before.get(path) or self._known.get(path)

    def _hashes(self, paths: Sequence[Place], many: bool) -> Iterator[str | PhotoProblem]:
        check = partial(_content_hash, limits=self._limits)
        elsewhere = many and self._workers > 1 and not self._remote
        checked = self._elsewhere(check, paths) if elsewhere else self._side_by_side(check, paths)
        for number, seen in enumerate(checked, start=1):
            yield seen
            if number % _BATCH == 0:
                self._progress(_BATCH)
        self._progress(len(paths) % _BATCH)

    def _side_by_side(self, look: Callable[[Place], T], paths: Sequence[Place]) -> Iterator[T]:
        """`look` at each, in order; at those of a URL a few dozen at once."""
        if not self._remote:
            yield from map(look, paths)
            return
        with ThreadPoolExecutor(_REQUESTS, thread_name_prefix="requests") as pool:
            for start in range(0, len(paths), _AHEAD):
                yield from pool.map(look, paths[start : start + _AHEAD])

    def _elsewhere(
        self, check: Callable[[Place], str | PhotoProblem], paths: Sequence[Place]
    ) -> Iterator[str | PhotoProblem]:
        if self._pool is None:
            self._pool = Workers(self._workers)
        done = 0
        try:
            for seen in self._pool.map(check, paths, chunksize=_BATCH):
                done += 1
                yield seen
        except BrokenProcessPool:
            _log.warning("A process that checked photos was ended from outside; going on in a single one.")
            self._workers = 1
            yield from map(check, paths[done:])


def _size_and_time(path: Place) -> tuple[int, int]:
    try:
        return size_and_stamp(path)
    except (OSError, ValueError):
        return -1, UNTOLD  # the check that follows finds the same and says why


def _content_hash(path: Place, limits: ImportLimits) -> str | PhotoProblem:
    try:
        return check_photo(path, limits).hash
    except PhotoProblem as problem:
        return problem
