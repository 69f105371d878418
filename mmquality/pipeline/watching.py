"""New and changed listings join catalogue, ranking and neighbours within seconds, as a source tells of them.

A batch is checked and encoded, then stored together with the position of its source, in one transaction.
What was stored and has not joined the ranking waits in the log of changes (`store/comings.py`), so whatever
stops a watcher, the next one goes on: no version of a listing is lost, and none joins twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic, time

import numpy as np

from mmquality.anywhere import place
from mmquality.config import Workspace
from mmquality.data.json_rows import json_row
from mmquality.errors import WorkspaceError
from mmquality.pipeline.arriving import Joiner
from mmquality.pipeline.intake import Checker, Encoders
from mmquality.pipeline.locking import alone_in, models_at_rest, one_watcher
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store, version_in_force
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.pipeline.reading_ahead import ReadAhead
from mmquality.pipeline.settings import load_settings
from mmquality.pipeline.thumbnails import make_thumbnails
from mmquality.records import ModelVersion
from mmquality.sources import Batch, Change, Letter, Source, batch_of
from mmquality.store import DeadLetter, Intake, LetterState, Store

MOST = 100  # changes that are read together, …
_TOGETHER = 400  # … and that are stored together, about
_IDLE = 0.5  # seconds until it looks whether something else waits
_TRY = 2.0  # seconds between two looks for letters to try again
_TELL = 60.0  # seconds between two lines about how it goes


@dataclass
class WatchSummary:
    """What a watcher did."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    joined: int = 0  # the ranking
    letters: int = 0
    not_encoded: int = 0  # imported by others; they wait

    def in_words(self) -> str:
        """One line."""
        counts = {name.replace("_", " "): number for name, number in asdict(self).items() if number}
        told = ", ".join(f"{name}: {number:,}" for name, number in counts.items())
        return told or "nothing came"


def watch(
    workspace: Workspace,
    source: Source,
    once: bool = False,
    stop: Event | None = None,
    reporter: Reporter | None = None,
) -> WatchSummary:
    """Take in what the source tells until `stop` is set, or, with `once`, until it has told everything.

    Raises `WorkspaceError` where another watcher is at work in the workspace, no model is in force, or the
    catalogue cannot be encoded here; and what the source raises.
    """
    stop, reporter = stop or Event(), reporter or Silent()
    with open_store(workspace) as store, one_watcher(workspace):
        version_in_force(workspace, store)
        images = _images(workspace)
        reporter.say(f"Watching {source.name}; photos are looked for below {images}.")
        with Checker(place(images)) as checker:
            watcher = _Watcher(workspace, store, source, checker, reporter)
            source.open(store.positions(source.name))
            try:
                watcher.catch_up()
                if not once:
                    watcher.encoders.load()
                with ReadAhead(source, MOST, once) as ahead:
                    watcher.run(ahead, stop)
            finally:
                source.close()
        return watcher.done


def _images(workspace: Workspace) -> str:
    images = load_settings(workspace).images
    if not images:
        raise WorkspaceError("Nobody knows where the photos are. Run `mmquality import` with --images first.")
    return images


class _Watcher:
    """Everything that stays in memory from batch to batch."""

    def __init__(
        self, workspace: Workspace, store: Store, source: Source, checker: Checker, reporter: Reporter
    ) -> None:
        self._workspace, self._store, self._source, self._checker = workspace, store, source, checker
        self._reporter, self._by = reporter, whoami() or "watch"
        self.encoders, self.done = Encoders.of(workspace), WatchSummary()
        self._joiner: Joiner | None = None
        self._joined_up_to = 0  # the change up to which all has joined the joiner's version
        self._told = self._tried = monotonic()

    def run(self, ahead: ReadAhead, stop: Event) -> None:
        """Until `stop` is set, or the source has ended."""
        self._try_letters()
        while not stop.is_set():
            batches = ahead.take(_TOGETHER, _IDLE)
            if batches:
                self._take_in(batches)
            elif ahead.ended:
                break
            else:
                self.catch_up()
            if monotonic() - self._tried > _TRY:
                self._try_letters()
            if monotonic() - self._told > _TELL:
                self._say_how_it_goes()
                self._tidy()

    def _take_in(self, batches: Sequence[Batch]) -> None:
        changes = [change for batch in batches for change in batch.changes]
        letters = [letter for batch in batches for letter in batch.letters]
        positions = {part: at for batch in batches for part, at in batch.positions.items()}
        # Ids are not held against the catalogue's, as `import` does (strangers.py): there most are known, so
        # many unknown ones tell of a wrong file; here new listings are what the source is for. To look for
        # one id without its zeros takes all ids of the catalogue, longer than what comes may wait for.
        intake = self._checker.check(self._source.name, changes, letters)
        self._store_and_join(replace(intake, positions=positions))
        for batch in batches:
            self._source.stored(batch)

    def _try_letters(self) -> None:
        """What somebody asked to be tried again."""
        self._tried = monotonic()
        letters, overtaken = self._store.letters_to_retry(MOST)
        if not letters:
            return
        letters = [x for x in letters if x.source == letters[0].source]
        settled = {x.letter_id: LetterState.RETRIED for x in letters}
        settled |= {i: LetterState.OVERTAKEN for i in settled if i in overtaken}
        told = batch_of([_told_again(x) for x in letters if x.letter_id not in overtaken], {})
        intake = self._checker.check(letters[0].source, told.changes, told.letters)
        self._store_and_join(replace(intake, settled=settled))

    def _store_and_join(self, intake: Intake) -> None:
        intake = self.encoders.encode(self._joiner_of(self._version()), intake)
        make_thumbnails(self._workspace, [intake.listings], Silent())
        with alone_in(self._workspace):
            counts, removed = self._store.take_in(intake, self._by)
        self.done.added += counts.added
        self.done.updated += counts.updated
        self.done.unchanged += counts.unchanged
        self.done.removed += removed
        self.done.letters += len(intake.letters)
        self.catch_up()

    def catch_up(self) -> None:
        """Let everything that waits join the model in force, whoever stored it."""
        with alone_in(self._workspace):
            version = self._version()
            joiner = self._joiner_of(version)
            waiting = self._store.waiting(joiner.version, self._joined_up_to)
            if waiting.empty:
                return
            try:
                done = joiner.join(version, waiting)
            except WorkspaceError:
                if self._store.current_version() == version:
                    raise
                return  # another model was put in force meanwhile; it is next
        self.done.joined, self.done.not_encoded = self.done.joined + done.arrived, done.not_encoded
        if not done.not_encoded:
            self._joined_up_to = int(waiting["change_no"].max())

    def _version(self) -> ModelVersion:
        return version_in_force(self._workspace, self._store)

    def _joiner_of(self, version: ModelVersion) -> Joiner:
        """The one that is kept; a new one where another model was put in force."""
        if self._joiner is None or self._joiner.version != version.name:
            if self._joiner is not None:
                self._reporter.say(f"Model {version.name} is in force; going on with it.")
            self._joiner, self._joined_up_to = Joiner(self._workspace, self._store, version.name), 0
        return self._joiner

    def _say_how_it_goes(self) -> None:
        since, self._told = datetime.now(UTC) - timedelta(seconds=_TELL), monotonic()
        seconds = self._store.arrival_seconds(since)
        took = f"; seen to ranked p95 {np.quantile(seconds, 0.95):.1f} s" if seconds else ""
        self._reporter.say(f"{self.done.in_words()}{took}")

    def _tidy(self) -> None:
        """See what others have encoded; few files instead of many, unless somebody reads them."""
        joiner = self._joiner_of(self._version())
        if self.done.not_encoded:
            joiner.open_caches()
        with alone_in(self._workspace), models_at_rest(self._workspace) as at_rest:
            if at_rest:
                joiner.fold_caches()


def _told_again(letter: DeadLetter) -> Change | Letter:
    row = json_row(letter.payload)
    if isinstance(row, str):
        return Letter(letter.place, f"the row {row}", letter.payload, letter.listing_id)
    return Change(letter.listing_id, row, letter.place, time())
