"""Catalogue files and click logs → store and workspace, with a report of every row that could not be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from mmquality.anywhere import Place, place
from mmquality.config import ImportLimits, Workspace
from mmquality.data.catalogue import read_catalogue
from mmquality.data.sieve import check_problems
from mmquality.errors import InputFileError, NoWorkspaceError
from mmquality.pipeline.click_files import KINDS, ClickFile
from mmquality.pipeline.click_report import ClickReader
from mmquality.pipeline.kept_clicks import Kind, Merged
from mmquality.pipeline.locking import alone_in
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.settings import CatalogueSettings, change_settings, load_settings
from mmquality.pipeline.spool import Spool
from mmquality.pipeline.strangers import check_ids, said_of_strangers
from mmquality.pipeline.thumbnails import make_thumbnails
from mmquality.records import RowProblem, count, count_kinds
from mmquality.store import Store, UpsertCounts

if TYPE_CHECKING:
    from mmquality.store.first_listings import FirstListings

_MISSED = "image: does not exist"  # as problems are counted
_UNREAD = (_MISSED, "image: cannot be opened", "image: cannot be reached")
_MOSTLY = 0.9  # of the photos: no catalogue loses so many, and another one's names may coincide


@dataclass
class ImportSummary:
    """What one import did."""

    listings: UpsertCounts
    impressions: int = 0  # usable rows
    co_clicks: int = 0
    merged: Mapping[Kind, Merged] = field(default_factory=dict)  # what they changed
    problems: list[RowProblem] = field(default_factory=list)
    images: str = ""  # the folder in which photos were looked for
    strangers: bool = False  # whether there were listings in the catalogue, and none of these

    @property
    def used(self) -> int:
        """How many rows could be used."""
        done = self.listings
        return done.added + done.updated + done.unchanged + self.impressions + self.co_clicks

    @property
    def changed(self) -> bool:
        """Whether the workspace's listings or clicks are others than before."""
        return bool(self.listings.added or self.listings.updated or any(self.merged.values()))

    @property
    def photo_missed(self) -> RowProblem | None:
        """The first row whose photo is not there or cannot be opened, where for hardly a row anything else
        is the reason, and none could be used."""
        missed = [problem for problem in self.problems if problem.kind.startswith(_UNREAD)]
        return missed[0] if missed and len(missed) >= _MOSTLY * len(self.problems) and not self.used else None

    def problem_counts(self) -> dict[str, int]:
        """How often each kind of problem occurred, most frequent first."""
        return count_kinds(self.problems)


@dataclass(frozen=True)
class InputFiles:
    """The files of one import: a catalogue, a click log, or both.

    Without `images` the photos are looked for where those of the import before were. `new_ids`: the listings
    are new ones even where the catalogue has their ids with other zeros before them.
    """

    listings: Place | None = None
    images: Place | None = None
    impressions: Place | None = None
    co_clicks: Place | None = None
    new_ids: bool = False

    def given(self) -> dict[str, Place]:
        """Each file or folder that there is, by its name here."""
        named = {name: getattr(self, name) for name in ("listings", "images", *KINDS)}
        return {name: path for name, path in named.items() if path is not None}


@dataclass(frozen=True)
class _Read:
    """What the files hold, before anything is written."""

    listings: Spool
    clicks: Mapping[Kind, ClickFile]
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
    remembered = files.images is None
    files = _complete(files, settings, reporter)
    with ExitStack() as until_written:
        listings = until_written.enter_context(Spool())
        clicks = {kind: ClickFile(kind, until_written.enter_context(Spool())) for kind in KINDS}
        with _existing(workspace) as store:
            first = until_written.enter_context(_first(workspace, files, store))
            read = _Read(listings, clicks, first)
            _fill(read, files, store, limits or ImportLimits(), reporter)
        if remembered and files.listings is not None:
            _check_found(read, files)
        summary = _write(workspace, files, read, reporter)
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


def _check_found(read: _Read, files: InputFiles) -> None:
    """Raise `InputFileError` where hardly a photo is in the folder of the import before: it is another
    catalogue's, and the few that are there may be of other listings."""
    missed = [problem for problem in read.problems if problem.kind == _MISSED]
    named = len(missed) + read.listings.rows
    if missed and len(missed) >= _MOSTLY * named:
        raise InputFileError(
            f"Nothing was imported: {len(missed):,} of {count(named, 'photo')} that {files.listings} names "
            f"are not in {files.images} ({missed[0].value!r} is the first), where those of the import before "
            "were. Give --images the folder that the names in the column image start from."
        )


def _write(workspace: Workspace, files: InputFiles, read: _Read, reporter: Reporter) -> ImportSummary:
    with open_store(workspace, create=True) as store:
        before, known = store.listing_count(), next(store.listing_ids(), "")
        counts = store.load_listings(read.listings, read.first)
        with alone_in(workspace):
            merged = {kind: clicks.merge(workspace) for kind, clicks in read.clicks.items()}
            if read.clicks["impressions"].used or len(read.listings):
                ClickReader(workspace, store).keep()
        shown, pairs = (read.clicks[kind].used for kind in KINDS)
        images = str(files.images or "")
        summary = ImportSummary(counts, shown, pairs, merged, read.problems, images)
        store.save_import_report(_report(files, summary), read.problems)
    if before and 0 < counts.added - counts.returned == read.listings.rows:
        given = next(iter(read.listings))["listing_id"].iloc[0]
        reporter.say(said_of_strangers(counts.added, given, before, known))
        summary.strangers = True
    return summary


def _complete(files: InputFiles, settings: CatalogueSettings, reporter: Reporter) -> InputFiles:
    """`files` with absolute paths, and the images where the import before found them."""
    given = {name: path.absolute() for name, path in files.given().items()}
    if not given.keys() - {"images"}:
        raise InputFileError("There is nothing to import: give --listings, --impressions or --co-clicks.")
    if "listings" in given and "images" not in given:
        if not settings.images:
            raise InputFileError(f"{files.listings} needs the folder of its photos: give --images.")
        reporter.say(f"Photos are looked for in {settings.images}, as in the import before.")
        given["images"] = place(settings.images)
    return replace(files, **given)  # type: ignore[arg-type]


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
    paths = {kind: path for kind in KINDS if (path := getattr(files, kind)) is not None}
    for kind, path in paths.items():
        read.clicks[kind].check(path, limits)
    ids = _read_listings(read, files, store, limits, reporter)
    if ids and files.listings is not None and store is not None and not files.new_ids:
        check_ids(files.listings, store, ids)
    known = _known_ids(store, ids) if paths else pd.Index([], dtype=object)
    if known.empty and files.listings is None:
        raise InputFileError(
            "A click log needs the listings that it speaks of, and there are none yet: give --listings, too."
        )
    for kind, path in paths.items():
        read.clicks[kind].read(path, known, store, read.problems, limits, reporter)


def _read_listings(
    read: _Read, files: InputFiles, store: Store | None, limits: ImportLimits, reporter: Reporter
) -> list[pd.Series[str]]:
    """The ids of the listings that go into `read`."""
    ids: list[pd.Series[str]] = []
    if files.listings is None or files.images is None:
        return ids
    stamps = store.photo_stamps() if store is not None else {}
    known = store.listing_ids() if store is not None else ()
    with reporter.stage("Checking photos") as advance:
        chunks = read_catalogue(
            files.listings, files.images, stamps, limits, progress=advance, known_ids=known
        )
        for chunk in chunks:
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
    given = {name: str(path) for name, path in files.given().items()}
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
