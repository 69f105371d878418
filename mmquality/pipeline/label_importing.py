"""A file of labels made elsewhere → the store, with a report of every row that could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from mmquality.config import ImportLimits
from mmquality.data.labels import read_labels
from mmquality.data.sieve import check_problems
from mmquality.data.tables import row_problem
from mmquality.errors import InputFileError
from mmquality.pipeline.progress import Reporter, Silent
from mmquality.records import REASONS, REMOVED, UNKNOWN, GivenLabel, RowProblem, count, count_kinds
from mmquality.store import Deed, Fate, Store, Taken

_AT_ONCE = 5_000  # labels in one transaction: nobody who labels meanwhile waits for more


@dataclass
class LabelImport:
    """What one file of labels did; `batch` takes back what was added."""

    batch: str
    fates: Counter[Fate] = field(default_factory=Counter)
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def added(self) -> int:
        """How many labels are new."""
        return self.fates[Fate.ADDED] + self.fates[Fate.REPLACED]

    @property
    def used(self) -> int:
        """How many labels are of the catalogue's listings, whatever became of them."""
        return self.fates.total() - self.fates[Fate.UNKNOWN] - self.fates[Fate.REMOVED]

    @property
    def conflicts(self) -> int:
        """How many said otherwise than the label that stood."""
        return self.fates[Fate.DIFFERS] + self.fates[Fate.REPLACED]


def import_labels(
    store: Store,
    path: str | Path,
    replace: bool = False,
    analyst: str = "",
    reporter: Reporter | None = None,
    reasons: Mapping[str, str] = REASONS,
    by: str = "",
    limits: ImportLimits | None = None,
) -> LabelImport:
    """Add the labels of `path` (CSV, JSON Lines, Parquet, Label Studio's or Argilla's JSON), the oldest
    first.

    Everything is read before anything is written. A listing that has a label keeps it and a verdict that
    differs is a problem of the report, unless labels are to `replace` it. Reading the file again adds
    nothing, and finishes an import that was stopped.

    :param analyst: who said what no name stands beside
    :param reasons: code → words of the reasons that may be named
    :param by: who imports them
    :param limits: what is refused by its size
    """
    path, reporter, limits = Path(path), reporter or Silent(), limits or ImportLimits()
    done = LabelImport(_batch_of(path))
    given: list[tuple[int, GivenLabel]] = []
    with reporter.stage(f"Reading {path.name}") as advance:
        for found in read_labels(path, reasons, analyst, limits, store.listing_ids()):
            done.problems.append(found) if isinstance(found, RowProblem) else given.append(found)
            check_problems(path, done.problems, limits)
            advance(1)
    now = datetime.now(UTC)
    given.sort(key=lambda pair: pair[1].created_at or now)
    with reporter.stage("Adding labels", len(given)) as advance:
        for start in range(0, len(given), _AT_ONCE):
            some = given[start : start + _AT_ONCE]
            taken = store.import_labels([label for _, label in some], done.batch, now, replace)
            for (row, label), became in zip(some, taken, strict=True):
                done.fates[became.fate] += 1
                done.problems += _problems(path, row, label, became)
            advance(len(some))
    done.problems.sort(key=lambda problem: problem.row)
    store.save_import_report(_report(path, done), done.problems)
    store.note(Deed.IMPORT, by, done.batch, f"{count(done.added, 'label')}, {done.conflicts:,} conflicts")
    return done


def _batch_of(path: Path) -> str:
    """The same file has the same batch."""
    try:
        with path.open("rb") as file:
            return f"{path.name} {file_digest(file, 'sha256').hexdigest()[:12]}"
    except OSError as error:
        raise InputFileError(f"{path} cannot be read ({error.strerror}); check the path.") from error


def _problems(path: Path, row: int, label: GivenLabel, taken: Taken) -> list[RowProblem]:
    if taken.fate is Fate.UNKNOWN:
        return [row_problem(path, row, "listing_id", UNKNOWN, label.listing_id)]
    if taken.fate is Fate.REMOVED:
        return [row_problem(path, row, "listing_id", REMOVED, label.listing_id)]
    if taken.fate is Fate.DIFFERS:
        why = f"differs from the label that stands, {taken.stood}, which was kept"
        return [row_problem(path, row, "verdict", why, f"{label.verdict} ({label.listing_id})")]
    return []


def _report(path: Path, done: LabelImport) -> dict[str, object]:
    return {
        "files": {"labels": str(path)},
        "labels_added": done.added,
        "known_before": done.fates[Fate.KNOWN],
        "agreeing": done.fates[Fate.AGREES],
        "conflicts": done.conflicts,
        "problems": len(done.problems),
        "reasons": count_kinds(done.problems),
    }
