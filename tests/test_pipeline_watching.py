"""Listings that come while somebody watches: ranked, found by others, once each, whatever stops him."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from marketplace import Marketplace, copy_of
from sqlalchemy import func, select

from mmquality.config import Workspace
from mmquality.errors import SourceError, WorkspaceError
from mmquality.pipeline import building
from mmquality.pipeline.arriving import Joiner
from mmquality.pipeline.locking import one_watcher
from mmquality.pipeline.places import open_store
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.reading_ahead import ReadAhead
from mmquality.pipeline.watching import watch
from mmquality.records import Space
from mmquality.sources import Batch, Change, Folder
from mmquality.store import LetterState, Store
from mmquality.store.tables import scores

NEW = 6


@pytest.fixture
def shop(marketplace: Marketplace, tmp_path: Path) -> Workspace:
    return copy_of(marketplace, tmp_path / "workspace")


@pytest.fixture
def drops(tmp_path: Path) -> Path:
    folder = tmp_path / "drops"
    folder.mkdir()
    return folder


def source(drops: Path) -> Folder:
    return Folder(drops, settled=0.0)


def listings(marketplace: Marketplace) -> list[dict[str, Any]]:
    """The first few of the sample under new ids, photos swapped for some: everything is encoded already."""
    table = pd.read_csv(marketplace.files.listings, dtype=str, keep_default_na=False).head(2 * NEW)
    rows = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    images = [row["image"] for row in rows]
    return [
        {**row, "listing_id": f"new-{n}", "image": images[n + NEW] if n % 2 else images[n]}
        for n, row in enumerate(rows[:NEW])
    ]


def drop(drops: Path, name: str, rows: list[dict[str, Any]]) -> None:
    part = drops / f".{name}"
    part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    part.rename(drops / name)


def test_what_is_dropped_is_ranked_and_a_neighbour(
    marketplace: Marketplace, shop: Workspace, drops: Path
) -> None:
    rows = listings(marketplace)
    first = pd.read_csv(marketplace.files.listings, dtype=str)["listing_id"].iloc[0]
    drop(drops, "a.jsonl", [*rows, {**rows[0], "listing_id": "no-photo", "image": "nowhere.jpg"}])
    done = watch(shop, source(drops), once=True)
    assert (done.added, done.joined, done.letters) == (NEW, NEW, 1)
    with Catalogue(shop) as catalogue:
        assert catalogue.neighbours(first, Space.PHOTO, 3)[0].listing_id == "new-0"
        assert catalogue.store.unscored_count() == 0
        assert len(catalogue.store.arrival_seconds(catalogue.version.created_at)) == NEW
        (letter,) = catalogue.store.dead_letters().rows
    assert (letter.place, letter.reason) == (f"a.jsonl, row {NEW + 1}", "image does not exist")
    # Changed, deleted, changed and deleted: the last that was told counts.
    changed = {**rows[1], "title": rows[2]["title"]}
    gone = {"listing_id": "new-2", "deleted": True}
    drop(drops, "b.jsonl", [changed, gone, rows[3], {"listing_id": "new-3", "deleted": "yes"}, rows[3]])
    done = watch(shop, source(drops), once=True)
    assert (done.updated, done.removed, done.joined, done.unchanged) == (1, 1, 1, 1)
    with Catalogue(shop) as catalogue:
        assert catalogue.store.removed(["new-2", "new-3"]) == {"new-2"}
        assert "new-2" not in [n.listing_id for n in catalogue.neighbours(first, Space.PHOTO, 100)]


def test_a_letter_is_tried_again(marketplace: Marketplace, shop: Workspace, drops: Path) -> None:
    row = listings(marketplace)[0]
    missing = marketplace.files.images / "came-later.jpg"
    drop(drops, "a.jsonl", [{**row, "image": missing.name}])
    assert watch(shop, source(drops), once=True).letters == 1
    with open_store(shop) as store:
        (number,) = store.settle_letters(None, LetterState.AGAIN, "ann")
    watch(shop, source(drops), once=True)
    with open_store(shop) as store:  # in vain
        assert [x.letter_id for x in store.dead_letters().rows] == [number]
    missing.write_bytes((marketplace.files.images / row["image"]).read_bytes())
    try:
        with open_store(shop) as store:
            assert store.settle_letters(None, LetterState.AGAIN, "ann") == {number}
        assert watched_until(shop, drops, lambda store: store.unscored_count() == 0, 1).joined == 1
    finally:
        missing.unlink()
    with open_store(shop) as store:
        assert store.dead_letters().total == 0 and store.dead_letters(LetterState.RETRIED).total == 1
        assert store.ranked_listing("new-0").listing.image == missing.name


def watched_until(shop: Workspace, drops: Path, reached: Callable[[Store], bool], more: int) -> Any:
    """Watch in a thread until the store has that many listings more, and that is reached; then stop."""
    stop, done = threading.Event(), []
    with open_store(shop) as store:
        before = store.listing_count()
        thread = threading.Thread(target=lambda: done.append(watch(shop, source(drops), stop=stop)))
        thread.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (store.listing_count() == before + more and reached(store)):
            time.sleep(0.05)
        stop.set()
        thread.join(60)
    assert done, "the watcher did not end in order"
    return done[0]


def test_it_goes_on_with_another_model(marketplace: Marketplace, shop: Workspace, drops: Path) -> None:
    rows = listings(marketplace)
    drop(drops, "a.jsonl", rows[:2])
    stop, done = threading.Event(), []
    thread = threading.Thread(target=lambda: done.append(watch(shop, source(drops), stop=stop)))
    with open_store(shop) as store:
        thread.start()
        wait_for(lambda: store.current_version().arrived == 2)
        building.score(shop)  # beside the watcher; it does not know what comes now
        drop(drops, "b.jsonl", rows[2:4])
        wait_for(lambda: store.current_version().arrived == 4)
        name = building.index(shop)
        wait_for(lambda: store.current_version().name == name and store.current_version().arrived == 2)
        stop.set()
        thread.join(60)
        assert done and store.unscored_count() == 0 and store.current_version().name == name


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.05)


KILLED_AT = {
    "after it was stored": (Store, "take_in", True),
    "before it joins": (Store, "add_arrivals", False),
    "after it joined": (Store, "add_arrivals", True),
    "before the source knows": (Folder, "stored", False),
    "before it is stored": (Store, "take_in", False),
    "before it is encoded": (Joiner, "join", False),
}


def test_killed_anywhere_it_goes_on_and_each_version_joins_once(
    marketplace: Marketplace, shop: Workspace, drops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = listings(marketplace)
    monkeypatch.setattr("mmquality.pipeline.watching.MOST", 2)
    monkeypatch.setattr("mmquality.pipeline.watching._TOGETHER", 2)
    drop(drops, "a.jsonl", [*rows, {**rows[0], "title": rows[1]["title"]}])
    for owner, name, after in KILLED_AT.values():
        killed(lambda: watch(shop, source(drops), once=True), owner, name, after)
    watch(shop, source(drops), once=True)
    with open_store(shop) as store:
        version = store.current_version()
        with store._read() as connection:
            found = connection.execute(
                select(scores.c.listing_no, func.count()).group_by(scores.c.listing_no, scores.c.version_id)
            ).all()
        assert {number for _, number in found} == {1} and len(found) == version.ranked
        assert version.arrived == NEW and store.unscored_count() == 0
        assert store.last_change() == changes_of(store)  # none was noted twice
        assert store.ranked_listing("new-0").listing.title == rows[1]["title"]
    assert [path.name for path in (drops / "done").iterdir()] == ["a.jsonl"]


def changes_of(store: Store) -> int:
    """As many as it takes: the catalogue's first, and one for each pair of rows of the file."""
    return 1 + 4


def killed(work: Callable[[], object], owner: type, name: str, after: bool) -> None:
    """Do this in a process that is killed at the first call of a method: before it, or after."""
    child = os.fork()
    if child == 0:
        own = getattr(owner, name)

        def deadly(*args: Any, **kwargs: Any) -> None:
            if after:
                own(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, name, deadly)
        try:
            work()
        finally:
            os._exit(3)  # nobody called it
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_one_watcher_at_a_time(shop: Workspace, drops: Path) -> None:
    with one_watcher(shop), pytest.raises(WorkspaceError, match="`mmquality watch`.*One watcher at a time"):
        watch(shop, source(drops), once=True)


class Endless:
    """A source that always has more, until it fails."""

    name = "endless"

    def __init__(self, batches: int) -> None:
        self.read_so_far, self.batches = 0, batches

    def open(self, positions: object) -> None: ...
    def stored(self, batch: Batch) -> None: ...
    def close(self) -> None: ...
    def unread(self) -> bool:
        return False

    def read(self, most: int, wait: float) -> Batch | None:
        if self.read_so_far == self.batches:
            raise SourceError("The broker has gone.")
        self.read_so_far += 1
        return Batch([Change(str(self.read_so_far), None, "", 0.0)])


@pytest.fixture
def ahead() -> Iterator[tuple[Endless, ReadAhead]]:
    endless = Endless(20)
    with ReadAhead(endless, 1, False) as reading:
        yield endless, reading


def test_reading_waits_while_nothing_is_taken(ahead: tuple[Endless, ReadAhead]) -> None:
    endless, reading = ahead
    time.sleep(0.3)
    held = endless.read_so_far
    time.sleep(0.3)
    assert held == endless.read_so_far < 12
    taken: list[str] = []
    with pytest.raises(SourceError, match="has gone"):  # once everything before it was taken
        while True:
            taken += [change.listing_id for batch in reading.take(5, 2.0) for change in batch.changes]
    assert taken == [str(n) for n in range(1, 21)]
