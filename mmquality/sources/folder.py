"""A folder into which files of listings are dropped: read once each, then moved to its subfolder `done`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mmquality.data.input_file import ROW, SPREADSHEETS
from mmquality.data.tables import read_table
from mmquality.errors import InputFileError
from mmquality.records import RowProblem
from mmquality.sources.seam import Batch, Change, Letter, batch_of, change_of

_TEXTS = (".jsonl", ".ndjson", ".csv", ".tsv")
ENDINGS = (*_TEXTS, *(f"{ending}.gz" for ending in _TEXTS), ".json", ".parquet", ".pq")
SETTLED = 0.5  # seconds for which a file must have kept its size and time: else somebody is writing it
_LOOK = 0.1  # seconds between two looks at the folder
_DONE = "done"
_PART = ""  # a folder has one position
Stamp = tuple[int, int]  # size in bytes, time of change in ns


class Folder:
    """Files in the order of their time of change; those whose names begin with a dot are not for us.

    The position is the last file that was read, its stamp, and the last row of it. Files of another kind stay
    where they are, and `say` is told of the first one of each ending. `known` gives the catalogue's ids
    (`read_table`).
    """

    def __init__(
        self,
        folder: Path,
        deleted: str = "deleted",
        settled: float = SETTLED,
        say: Callable[[str], object] = lambda line: None,
        known: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._folder, self._deleted, self._settled = folder.absolute(), deleted, settled
        self._say, self._known = say, known
        self._left_alone: set[str] = set()  # endings of which it was said
        self.name = f"folder {self._folder}"
        self._seen: dict[Path, tuple[Stamp, float]] = {}  # when a file was seen first, as it is
        self._taken: dict[Path, Stamp] = {}  # read, and perhaps not stored yet
        self._rows: Iterator[tuple[list[Change | Letter], Mapping[str, str]]] = iter(())
        self._stored = ""

    def open(self, positions: Mapping[str, str]) -> None:
        """Raises `InputFileError` where there is no such folder."""
        if not self._folder.is_dir():
            raise InputFileError(f"{self._folder} is not a folder; make it, or name another to watch.")
        (self._folder / _DONE).mkdir(exist_ok=True)
        self._stored = positions.get(_PART, "")

    def read(self, most: int, wait: float) -> Batch | None:
        ends = time.monotonic() + wait
        while True:
            found = next(self._rows, None)
            if found is not None:
                return batch_of(*found)
            ready = self._ready()
            if ready is not None:
                stamp, seen = self._seen[ready]
                self._taken[ready] = stamp
                self._rows = self._read(ready, stamp, seen, most)
            elif time.monotonic() >= ends:
                return None
            else:
                time.sleep(_LOOK)

    def unread(self) -> bool:
        self._look()
        return any(self._taken.get(path) != stamp for path, (stamp, _) in self._seen.items())

    def stored(self, batch: Batch) -> None:
        """A file that is stored to its end makes room for the next of its name."""
        self._stored = batch.positions.get(_PART, self._stored)
        told = json.loads(self._stored)
        if told["end"]:
            path = self._folder / told["file"]
            if path.exists() and _stamp(path) == tuple(told["stamp"]):
                os.replace(path, _free(self._folder / _DONE, path.name))

    def close(self) -> None:
        return None

    def _ready(self) -> Path | None:
        """The next file that nobody writes any more."""
        self._look()
        settled = [
            (stamp[1], path)
            for path, (stamp, since) in self._seen.items()
            if self._taken.get(path) != stamp and time.time() - since >= self._settled
        ]
        return min(settled)[1] if settled else None

    def _look(self) -> None:
        now, found = time.time(), {}
        for entry in os.scandir(self._folder):
            name = entry.name.lower()
            if name.startswith(".") or not entry.is_file():
                continue
            if not name.endswith((*ENDINGS, *SPREADSHEETS)):  # a spreadsheet's letter says what to do
                self._leave_alone(entry.name)
                continue
            path, stamp = Path(entry.path), _stamp(Path(entry.path))
            before = self._seen.get(path)
            found[path] = before if before and before[0] == stamp else (stamp, now)
        self._seen = found
        # What is stored may be moved away just now, by another thread: only what is not there is forgotten.
        self._taken = {path: stamp for path, stamp in self._taken.items() if path in found}

    def _leave_alone(self, name: str) -> None:
        ending = Path(name).suffix.lower()
        if ending not in self._left_alone:
            self._left_alone.add(ending)
            kind = f"files that end in {ending}" if ending else "files without an ending"
            self._say(f"{name} is left alone: {kind} are not read. Drop JSON Lines, CSV or Parquet.")

    def _read(
        self, path: Path, stamp: Stamp, seen: float, most: int
    ) -> Iterator[tuple[list[Change | Letter], Mapping[str, str]]]:
        """At most so many rows at a time, and the position after them."""
        done = self._row_stored(path, stamp)
        some: list[tuple[int, Change | Letter]] = []
        for numbered in self._rows_of(path, seen):
            if numbered[0] > done:
                some.append(numbered)
            if len(some) >= most:
                yield [one for _, one in some], _position(path, stamp, some[-1][0], False)
                some = []
        yield [one for _, one in some], _position(path, stamp, some[-1][0] if some else done, True)

    def _rows_of(self, path: Path, seen: float) -> Iterator[tuple[int, Change | Letter]]:
        """Every row of a file with its number, in order."""
        last = 0
        try:
            for chunk in read_table(path, ("listing_id",), known=self._known()):
                names = [str(name) for name in chunk.frame.columns if name != ROW]
                texts = zip(*(chunk.frame[name] for name in names), strict=True)
                rows = (dict(zip(names, row, strict=True)) for row in texts)
                found = zip(chunk.frame[ROW].tolist(), rows, strict=True)
                told = [
                    (number, change_of(row, self._deleted, f"{path.name}, row {number}", seen))
                    for number, row in found
                ]
                both = [*told, *((problem.row, _letter(problem)) for problem in chunk.problems)]
                for numbered in sorted(both, key=lambda one: one[0]):
                    last = numbered[0]
                    yield numbered
        except InputFileError as error:
            yield last + 1, Letter(path.name, str(error))

    def _row_stored(self, path: Path, stamp: Stamp) -> int:
        """The last row of this file that is stored already: it was being read when somebody stopped us."""
        told = json.loads(self._stored) if self._stored else {}
        return int(told["row"]) if told.get("file") == path.name and tuple(told["stamp"]) == stamp else 0


def _letter(problem: RowProblem) -> Letter:
    reason = f"{problem.column}: {problem.reason}" if problem.column else f"the row {problem.reason}"
    return Letter(f"{problem.file}, row {problem.row}", reason, problem.value)


def _position(path: Path, stamp: Stamp, row: int, end: bool) -> Mapping[str, str]:
    return {_PART: json.dumps({"file": path.name, "stamp": list(stamp), "row": row, "end": end})}


def _stamp(path: Path) -> Stamp:
    try:
        info = path.stat()
    except FileNotFoundError:  # moved away between two looks
        return 0, 0
    return info.st_size, info.st_mtime_ns


def _free(folder: Path, name: str) -> Path:
    """A name there that no file has."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{number}-{name}"
    return path
