"""Small copies of large photos, made once, for the dashboard."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from mmquality.config import Workspace
from mmquality.data.photos import PhotoProblem, write_thumbnail
from mmquality.pipeline.places import thumbnail_path
from mmquality.pipeline.progress import Reporter

_SMALL_PHOTO = 60_000  # bytes; smaller photos are shown as they are


def make_thumbnails(workspace: Workspace, listings: Iterable[pd.DataFrame], reporter: Reporter) -> None:
    """Make the thumbnails of these listings' photos that are not there yet.

    A photo that can no longer be read gets none; encoding will say so.
    """
    wanted: dict[Path, str] = {}  # thumbnail → photo
    for chunk in listings:
        remote = chunk["photo_path"].str.contains("://", regex=False)  # no page should wait for its service
        large = chunk[remote | (chunk["photo_size"].astype("int64") > _SMALL_PHOTO)]
        for photo, photo_hash in zip(large["photo_path"], large["photo_hash"], strict=True):
            wanted[thumbnail_path(workspace, photo_hash)] = photo
    missing = [(photo, thumbnail) for thumbnail, photo in wanted.items() if not thumbnail.exists()]
    if not missing:
        return
    with (
        reporter.stage("Making thumbnails", len(missing)) as advance,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for _ in pool.map(_make, missing):
            advance(1)


def _make(pair: tuple[str, Path]) -> None:
    photo, thumbnail = pair
    try:
        write_thumbnail(photo, thumbnail)
    except PhotoProblem:  # deleted or exchanged since it was checked, a moment ago
        return
