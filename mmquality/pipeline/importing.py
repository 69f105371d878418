"""Catalogue files and click logs → store and workspace, with a report of every row that could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from mmquality.anywhere import Place, place
from mmquality.config import ImportLimits, Workspace
from mmquality.data.catalogue import read_catalogue
from mmquality.data.click_log import ClickChunk, read_co_clicks, read_impressions
from mmquality.data.sieve import check_problems
from mmquality.errors import InputFileError, NoWorkspaceError
from mmquality.pipeline.click_report import ClickReader
from mmquality.pipeline.kept_clicks import merge_clicks
from mmquality.pipeline.locking import alone_in
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.settings import CatalogueSettings, change_settings, load_settings
from mmquality.pipeline.spool import Spool
from mmquality.pipeline.thumbnails import make_thumbnails
from mmquality.records import RowProblem
from mmquality.store import Store, UpsertCounts

if TYPE_CHECKING:
    from mmquality.store.first_listings import FirstListings


@dataclass
class ImportSummary:
    """What one import did."""

    listings: UpsertCounts
    impressions: int = 0  # usable rows
    co_clicks: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    images: str = ""  # the folder in which photos were looked for

    @property
    def used(self) -> int:
        """How many rows could be used."""
        done = self.listings
        return done.added + done.updated + done.unchanged + self.impressions + self.co_clicks

    @property
    def photo_missed(self) -> str:
        """The photo that the first row names, where no row could be used because its photo is not there."""
        missed = [problem for problem in self.problems if problem.kind == "image: does not exist"]
        return missed[0].value if missed and len(missed) == len(self.problems) and not self.used else ""

    def problem_counts(self) -> dict[str, int]:
        """How often each kind of problem occurred, most frequent first."""
        return dict(Counter(problem.kind for problem in self.problems).most_common())


@dataclass(frozen=True)
class InputFiles:
    """The files of one import: a catalogue, a click log, or both.

    Without `images` the photos are looked for where those of the import before were.
    """

    listings: Place | None = None
    images: Place | None = None
    impressions: Place | None = None
    co_clicks: Place | None = None


@dataclass(frozen=True)
class _Read:
    """What the files hold, before anything is written."""

    listings: Spool
    impressions: Spool
    co_clicks: Spool
    first: FirstListings | None  # the listings once more, where they are the first
    problems: list[RowProblem] = field(default_factory=list)


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
    An import that was stopped while it wrote is made good by the same import again.
    """
    reporter, settings = reporter or Silent(), load_settings(workspace)
    files = _complete(files, settings, reporter)
    with ExitStack() as until_written:
        listings, impressions, co_clicks = (until_written.enter_context(Spool()) for _ in range(3))
        with _existing(workspace) as store:
            first = until_written.enter_context(_first(workspace, files, store))
            read = _Read(listings, impressions, co_clicks, first)
            _fill(read, files, store, limits or ImportLimits(), reporter)
        summary = _write(workspace, files, read)
        if files.listings is None or read.listings.rows:  # else it is the wrong file, or the wrong folder
            _remember(workspace, files, settings, catalogue_name, reporter)
        make_thumbnails(workspace, read.listings, reporter)
    return summary


def _first(
    workspace: Workspace, files: InputFiles, store: Store | None
) -> AbstractContextManager[FirstListings | None]:
    """Where the listings are made ready while they are read: nowhere but for an empty catalogue in SQLite."""
    if files.listings is None or (store is not None and store.listing_count()):
        return nullcontext()
    from mmquality.store.first_listings import FirstListings  # here: nothing else needs its driver

    return FirstListings() if FirstListings.suit(workspace.database_url) else nullcontext()


def _write(workspace: Workspace, files: InputFiles, read: _Read) -> ImportSummary:
    with open_store(workspace, create=True) as store:
        counts = store.load_listings(read.listings, read.first)
        with alone_in(workspace):
            _store_clicks(workspace, read)
            if read.impressions.rows or len(read.listings):
                ClickReader(workspace, store).keep()
        images = str(files.images or "")
        summary = ImportSummary(counts, read.impressions.rows, read.co_clicks.rows, read.problems, images)
        store.save_import_report(_report(files, summary), read.problems)
    return summary


def _complete(files: InputFiles, settings: CatalogueSettings, reporter: Reporter) -> InputFiles:
    """`files` with absolute paths, and the images where the import before found them."""
    given = {name: path.absolute() for name, path in vars(files).items() if path is not None}
    if not given.keys() - {"images"}:
        raise InputFileError("There is nothing to import: give --listings, --impressions or --co-clicks.")
    if "listings" in given and "images" not in given:
        if not settings.images:
            raise InputFileError(f"{files.listings} needs the folder of its photos: give --images.")
        reporter.say(f"Photos are looked for in {settings.images}, as in the import before.")
        given["images"] = place(settings.images)
    return InputFiles(**given)


@contextmanager
def _existing(workspace: Workspace) -> Iterator[Store | None]:
    """The store of the workspace, None where this is the first import."""
    try:
        store = open_store(workspace)
    except NoWorkspaceError:
        yield None
        return
    with store:
        yield store


def _fill(
    read: _Read, files: InputFiles, store: Store | None, limits: ImportLimits, reporter: Reporter
) -> None:
    ids = _read_listings(read, files, store, limits, reporter)
    known = _known_ids(store, ids) if files.impressions or files.co_clicks else pd.Index([], dtype=object)
    if known.empty and files.listings is None:
        raise InputFileError(
            "A click log needs the listings that it speaks of, and there are none yet: give --listings, too."
        )
    if files.impressions is not None:
        chunks = read_impressions(files.impressions, known, limits)
        _read_clicks(chunks, read.impressions, read.problems, files.impressions, known, limits, reporter)
    if files.co_clicks is not None:
        chunks = read_co_clicks(files.co_clicks, known, limits)
        _read_clicks(chunks, read.co_clicks, read.problems, files.co_clicks, known, limits, reporter)


def _read_listings(
    read: _Read, files: InputFiles, store: Store | None, limits: ImportLimits, reporter: Reporter
) -> list[pd.Series[str]]:
    """The ids of the listings that go into `read`."""
    ids: list[pd.Series[str]] = []
    if files.listings is None or files.images is None:
        return ids
    stamps = store.photo_stamps() if store is not None else {}
    with reporter.stage("Checking photos") as advance:
        for chunk in read_catalogue(files.listings, files.images, stamps, limits, progress=advance):
            read.listings.add(chunk.listings)
            if read.first is not None:
                read.first.add(chunk.listings)
            ids.append(chunk.listings["listing_id"])
            read.problems.extend(chunk.problems)
            check_problems(files.listings, read.problems, limits)
    return ids


def _known_ids(store: Store | None, ids: list[pd.Series[str]]) -> pd.Index:
    """The ids of all listings once those of `ids` are stored; one may come twice."""
    stored = [store.catalogue_frame(["listing_id"])["listing_id"]] if store is not None else []
    known = [*stored, *ids]
    return pd.Index(pd.concat(known, ignore_index=True) if known else [], dtype=object)


def _read_clicks(
    chunks: Iterator[ClickChunk],
    usable: Spool,
    problems: list[RowProblem],
    path: Place,
    known: pd.Index,
    limits: ImportLimits,
    reporter: Reporter,
) -> None:
    """Keep the rows of a click log that can be used; the others join `problems`.

    Raises `InputFileError` where there are listings, and none of the rows is on any: a model would be trained
    as if nobody had clicked.
    """
    before = len(problems)
    with reporter.stage(f"Reading {path.name}") as advance:
        for chunk in chunks:
            usable.add(chunk.frame)
            problems += chunk.problems
            check_problems(path, problems, limits)
            advance(len(chunk.frame) + len(chunk.problems))
    if len(problems) > before and not usable.rows and not known.empty:
        first = problems[before]
        raise InputFileError(
            f"None of the rows of {path} can be used (row {first.row}, {first.kind}, is the first). Nothing "
            "was imported; check its columns, and that its ids are those of the listings."
        )


def _store_clicks(workspace: Workspace, read: _Read) -> None:
    if read.co_clicks.rows:
        merge_clicks(workspace.clicks, "co_clicks", read.co_clicks)
    if read.impressions.rows:
        merge_clicks(workspace.clicks, "impressions", read.impressions)


def _remember(
    workspace: Workspace,
    files: InputFiles,
    settings: CatalogueSettings,
    name: str | None,
    reporter: Reporter,
) -> None:
    """The catalogue's name, by default that of its first folder, and where its photos are."""
    folder = files.listings.parent.name if files.listings else ""
    images = str(files.images) if files.images else settings.images
    change_settings(workspace, name=name or settings.name or folder, images=images)
    if settings.images not in ("", images):
        reporter.say(
            f"Where no --images is given, photos are looked for in {images} from now on, no longer in "
            f"{settings.images}. Listings that are there already keep their photos."
        )


def _report(files: InputFiles, summary: ImportSummary) -> dict[str, object]:
    given = {name: str(path) for name, path in vars(files).items() if path is not None}
    images = given.pop("images", None)
    return {
        "files": given,
        **({"images": images} if images else {}),
        "added": summary.listings.added,
        "updated": summary.listings.updated,
        "unchanged": summary.listings.unchanged,
        "impressions": summary.impressions,
        "co_clicks": summary.co_clicks,
        "problems": len(summary.problems),
        "reasons": summary.problem_counts(),
    }
