"""What does reading do with files that strangers damaged, or made to do harm?

    python benchmarks/trust.py            10,000 catalogues, 10,000 photos, 2,000 model files; writes docs
    python benchmarks/trust.py --short    a few hundred; writes nothing

Valid files of every kind are mutated (`mutations.py`) and read by the functions that imports call. A refusal
must be a domain error, or a line of the report, that names the file and says why; everything else is a crash.
Processes of their own read them, under a watch: one that dies, or takes more than 5 seconds of a core for one
file, is a crash or a hang of that file. What failed is kept in --keep. Inputs of tables that reach a line of
mmquality/data/ that none reached before are mutated further.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import report
from mutations import mutated
from valid_files import Kind, models, photos, tables

from mmquality.errors import MMQualityError

FULL = {"catalogue files": 10_000, "photos": 10_000, "model files": 2_000}
SHORT = {"catalogue files": 200, "photos": 200, "model files": 60}
FAULTS = ("crash", "hang", "nameless")
MOST_SECONDS = 5.0  # of a core, for one file
_MOST_WAITED = 120.0  # seconds by the clock, in which a process must have said something
MOST_BYTES = 10**9  # of a process that reads
_ROOM = 8 * 2**30  # address space of a process: what would take more fails before it hurts the machine
_AT_ONCE = 500  # files that a process reads before another takes its place


@dataclass(frozen=True)
class Read:
    """What came of one file."""

    number: int
    kind: str
    outcome: str  # "accepted", "some rows", "refused", or one of FAULTS
    seconds: float = 0.0
    bytes: int = 0  # the process' peak
    why: str = ""


@dataclass
class Lines:
    """Which lines of the package's data room were reached: coverage, as `sys.settrace` tells it."""

    seen: set[tuple[str, int]] = field(default_factory=set)
    new: int = 0

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        return self._line if "/mmquality/data/" in frame.f_code.co_filename else None

    def _line(self, frame: FrameType, event: str, arg: Any) -> Any:
        place = frame.f_code.co_filename, frame.f_lineno
        if event == "line" and place not in self.seen:
            self.seen.add(place)
            self.new += 1
        return self._line


def read(number: int, kind: Kind, path: Path) -> Read:
    """Read one file as an import does, and judge what came of it."""
    started = time.process_time()
    outcome, why = "accepted", ""
    try:
        problems = kind.read(path)
        outcome = "some rows" if problems else "accepted"
        if any(problem.file != path.name or not problem.reason for problem in problems):
            outcome, why = "nameless", repr(problems)
    except MMQualityError as error:
        why = str(error)
        named = path.name in why or str(path.parent) in why  # a model is a folder
        outcome = "refused" if named and len(why) > len(str(path)) + 5 else "nameless"
    except Exception:  # whatever it is: that it came through is the fault
        outcome, why = "crash", traceback.format_exc()
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Read(number, kind.name, outcome, time.process_time() - started, peak, why)


def kinds_of(group: str, folder: Path) -> list[Kind]:
    """The valid files of a group; their companions lie in `folder`."""
    if group == "catalogue files":
        return tables(folder / "photos")
    return photos() if group == "photos" else models(folder)


def work(group: str, numbers: Sequence[int], seed: int, folder: Path, said: Connection) -> None:
    """Read the files of these numbers, saying before and after each which it is and what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, _ROOM))
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    kinds = kinds_of(group, folder)
    found: dict[str, list[bytes]] = defaultdict(list)  # that reached new lines, by the kind's name
    lines = Lines()
    for number in numbers:
        rng = random.Random(f"{seed} {group} {number}")
        kind = rng.choice(kinds)
        start = rng.choice([kind.data, *found[kind.name]])
        data = mutated(start, [other.data for other in kinds], rng)
        own = folder / str(number)
        own.mkdir()
        (own / kind.name).write_bytes(data)
        said.send((number, kind.name, time.process_time()))
        lines.new = 0
        if group == "catalogue files":
            sys.settrace(lines)
        judged = read(number, kind, own / kind.name)
        sys.settrace(None)
        if lines.new:
            found[kind.name].append(data)
        if judged.outcome not in FAULTS:
            shutil.rmtree(own)
        said.send(judged)


class Worker:
    """A process that reads some files, and what is known of it from here."""

    def __init__(self, group: str, numbers: list[int], seed: int, folder: Path) -> None:
        self.group, self.numbers, self.seed, self.folder = group, numbers, seed, folder
        self.started: tuple[int, str, float] | None = None
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.said, told = context.Pipe(duplex=False)
        some = self.numbers[:_AT_ONCE]
        self.process = context.Process(target=work, args=(self.group, some, self.seed, self.folder, told))
        self.process.start()
        told.close()
        self.heard = time.monotonic()

    def listen(self) -> Read | None:
        """The next thing that it says; one that ended without a word about its file has crashed."""
        self.heard = time.monotonic()
        try:
            told = self.said.recv()
        except EOFError:
            return self._ended()
        if isinstance(told, Read):
            self.numbers.remove(self.started[0]) if self.started else None
            self.started = None
            return told
        self.started = told
        return None

    def _ended(self) -> Read | None:
        self.process.join()
        fault = (
            self.fault("crash", f"the process ended with {self.process.exitcode}") if self.started else None
        )
        if self.numbers:
            self._begin()
        return fault

    def fault(self, outcome: str, why: str) -> Read:
        """What is said of the file that it is at; the process is ended, another goes on with the next."""
        assert self.started is not None
        number, name, _ = self.started
        self.numbers.remove(number)
        self.started = None
        return Read(number, name, outcome, why=why)

    def hangs(self) -> bool:
        """Whether it has been at one file for too long."""
        if self.started is None:
            return False
        try:
            cpu = psutil.Process(self.process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return False
        too_long = cpu.user + cpu.system - self.started[2] > MOST_SECONDS
        return too_long or time.monotonic() - self.heard > _MOST_WAITED

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


def read_all(group: str, number: int, seed: int, scratch: Path, keep: Path) -> list[Read]:
    """Read so many mutated files, in a process for each core."""
    cores = os.cpu_count() or 1
    workers = [
        Worker(group, list(range(i, number, cores)), seed, scratch / f"{group} {i}") for i in range(cores)
    ]
    done: list[Read] = []
    while busy := [worker for worker in workers if worker.numbers]:
        ready = wait([worker.said for worker in busy], timeout=0.5)
        for worker in busy:
            judged = worker.listen() if worker.said in ready else None
            if judged is None and worker.said not in ready and worker.hangs():
                worker.stop()
                judged = worker.fault("hang", f"more than {MOST_SECONDS:g} s of a core")
            if judged is not None:
                done.append(judged)
                if judged.outcome in FAULTS:
                    keep_failure(
                        judged, worker.folder / str(judged.number), keep / f"{group} {judged.number}"
                    )
    for worker in workers:
        worker.process.join()
    return done


def keep_failure(judged: Read, file: Path, kept: Path) -> None:
    """The file that failed, and how."""
    shutil.copytree(file, kept, dirs_exist_ok=True)
    (kept / "why.txt").write_text(f"{judged.kind}: {judged.outcome}\n{judged.why}\n", encoding="utf-8")


def row(group: str, done: list[Read]) -> dict[str, Any]:
    """A group's line of the table."""
    outcomes = [one.outcome for one in done]
    return {
        "files": group,
        "read": len(done),
        "kinds": len({one.kind for one in done}),
        "accepted": outcomes.count("accepted"),
        "with unusable rows": outcomes.count("some rows"),
        "refused": outcomes.count("refused"),
        "refused without name": outcomes.count("nameless"),
        "crashes": outcomes.count("crash"),
        "hangs": outcomes.count("hang"),
        "longest, s of a core": max(one.seconds for one in done),
        "peak, MB": max(one.bytes for one in done) // 10**6,
    }


def bars(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is promised of them all."""

    def total(name: str) -> int:
        return int(sum(row[name] for row in rows))

    return {
        "crashes": report.bar(total("crashes"), 0, at_least=False),
        "hangs over 5 s": report.bar(total("hangs"), 0, at_least=False),
        "refusals without file or reason": report.bar(total("refused without name"), 0, at_least=False),
        "memory, MB": report.bar(max(r["peak, MB"] for r in rows), MOST_BYTES // 10**6, at_least=False),
    }


def main() -> None:
    parser = report.parser(__doc__, "a few hundred files; the docs stay as they are")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, default=Path("trust-failures"), help="where failures are kept")
    given: argparse.Namespace = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="mmq-trust-") as scratch:
        for group, number in (SHORT if given.short else FULL).items():
            rows.append(row(group, read_all(group, number, given.seed, Path(scratch), given.keep)))
    report.finish(rows, bars(rows), given.seed, given.json, None if given.short else "trust")


if __name__ == "__main__":
    main()
