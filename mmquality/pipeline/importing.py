"""Catalogue files and click logs → store and workspace, with a report of every row that could not be used."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mmquality.config import ImportLimits, Workspace
from mmquality.data.catalogue import LISTING_COLUMNS, read_catalogue
from mmquality.data.click_log import ClickChunk, merge_clicks, read_co_clicks, read_impressions
from mmquality.data.photos import write_thumbnail
from mmquality.pipeline.places import thumbnail_path
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.settings import CatalogueSettings, save_settings
from mmquality.records import RowProblem
from mmquality.store import Store, UpsertCounts

_SMALL_PHOTO = 60_000  # bytes; smaller photos are shown as they are


@dataclass
class ImportSummary:
    """What one import did."""

    listings: UpsertCounts
    impressions: int = 0  # usable rows
    co_clicks: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    def problem_counts(self) -> dict[str, int]:
        """How often each column and reason occurred, most frequent first."""
        counts = Counter(f"{p.column}: {p.reason}" for p in self.problems)
        return dict(counts.most_common())


@dataclass(frozen=True)
class InputFiles:
    """The files of one import."""

    listings: Path
    images: Path
    impressions: Path | None = None
    co_clicks: Path | None = None


def import_files(
    workspace: Workspace,
    files: InputFiles,
    limits: ImportLimits | None = None,
    reporter: Reporter | None = None,
    catalogue_name: str | None = None,
) -> ImportSummary:
    """Read `files` into `workspace`, which is made where there is none.

    Everything is read before anything is written: a file that cannot be used at all raises `InputFileError`
    and changes nothing. A row that cannot be used is a problem in the summary and in the stored report.
    """
    reporter = reporter or Silent()
    store = _open(workspace)
    listings, problems = _read_listings(files, store, limits, reporter)
    known = pd.Index(store.catalogue_frame(["listing_id"])["listing_id"]).union(listings["listing_id"])
    impressions = _read_clicks(files.impressions, known, "impressions", problems, reporter)
    co_clicks = _read_clicks(files.co_clicks, known, "co_clicks", problems, reporter)

    counts = store.upsert_listings(listings)
    summary = ImportSummary(counts, len(impressions), len(co_clicks), problems)
    _store_clicks(workspace, store, impressions, co_clicks)
    _make_thumbnails(workspace, listings, reporter)
    save_settings(workspace, CatalogueSettings(name=catalogue_name or files.listings.parent.name))
    store.save_import_report(_report(files, summary), problems)
    return summary


def _open(workspace: Workspace) -> Store:
    workspace.root.mkdir(parents=True, exist_ok=True)
    return Store.open(workspace.database_url, create=True)


def _read_listings(
    files: InputFiles, store: Store, limits: ImportLimits | None, reporter: Reporter
) -> tuple[pd.DataFrame, list[RowProblem]]:
    frames, problems = [pd.DataFrame(columns=list(LISTING_COLUMNS))], []
    with reporter.stage("Checking photos") as advance:
        chunks = read_catalogue(files.listings, files.images, store.photo_stamps(), limits, progress=advance)
        for chunk in chunks:
            if len(chunk.listings):
                frames.append(chunk.listings)
            problems += chunk.problems
    return pd.concat(frames[1:] or frames, ignore_index=True), problems


def _read_clicks(
    path: Path | None, known: pd.Index, kind: str, problems: list[RowProblem], reporter: Reporter
) -> pd.DataFrame:
    """The usable rows of a click log; the others join `problems`."""
    if path is None:
        return pd.DataFrame()
    chunks: Iterator[ClickChunk] = (read_impressions if kind == "impressions" else read_co_clicks)(
        path, known
    )
    frames = []
    with reporter.stage(f"Reading {path.name}") as advance:
        for chunk in chunks:
            frames.append(chunk.frame)
            problems += chunk.problems
            advance(len(chunk.frame) + len(chunk.problems))
    return pd.concat(frames, ignore_index=True)


def _store_clicks(
    workspace: Workspace, store: Store, impressions: pd.DataFrame, co_clicks: pd.DataFrame
) -> None:
    if len(co_clicks):
        merge_clicks(workspace.clicks, "co_clicks", co_clicks)
    if len(impressions):
        merge_clicks(workspace.clicks, "impressions", impressions)
        log = pd.read_parquet(workspace.clicks / "impressions.parquet", columns=["listing_id", "clicked"])
        counts = log.groupby("listing_id")["clicked"].agg(["size", "sum"]).reset_index()
        store.set_click_counts(counts.set_axis(["listing_id", "impressions", "clicks"], axis=1))


def _make_thumbnails(workspace: Workspace, listings: pd.DataFrame, reporter: Reporter) -> None:
    """Small copies of large photos, made once, for the dashboard."""
    large = listings[listings["photo_size"].astype("int64") > _SMALL_PHOTO].drop_duplicates("photo_hash")
    wanted = [
        (path, target)
        for path, photo_hash in zip(large["photo_path"], large["photo_hash"], strict=True)
        if not (target := thumbnail_path(workspace, photo_hash)).exists()
    ]
    if not wanted:
        return
    with (
        reporter.stage("Making thumbnails", len(wanted)) as advance,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for _ in pool.map(lambda pair: write_thumbnail(*pair), wanted):
            advance(1)


def _report(files: InputFiles, summary: ImportSummary) -> dict[str, object]:
    given = {"listings": files.listings, "impressions": files.impressions, "co_clicks": files.co_clicks}
    return {
        "files": {name: str(path) for name, path in given.items() if path is not None},
        "images": str(files.images),
        "added": summary.listings.added,
        "updated": summary.listings.updated,
        "unchanged": summary.listings.unchanged,
        "impressions": summary.impressions,
        "co_clicks": summary.co_clicks,
        "problems": len(summary.problems),
        "reasons": summary.problem_counts(),
    }
