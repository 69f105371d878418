"""Files that were damaged at random: what reads them refuses them with a sentence (benchmarks/trust.py)."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from mutations import mutated
from trust import FAULTS, Kind, kinds_of, read

from mmquality.errors import InputFileError
from mmquality.records import RowProblem

pytestmark = pytest.mark.filterwarnings("ignore")  # decoders warn of what they are given


@pytest.mark.parametrize(
    ("group", "number"), [("catalogue files", 250), ("photos", 150), ("model files", 80)]
)
def test_damaged_files_are_read_or_refused_by_name(tmp_path: Path, group: str, number: int) -> None:
    kinds = kinds_of(group, tmp_path)
    rng = random.Random(11)
    for n in range(number):
        kind = kinds[n % len(kinds)]
        own = tmp_path / str(n)
        own.mkdir()
        (own / kind.name).write_bytes(mutated(kind.data, [other.data for other in kinds], rng))
        judged = read(n, kind, own / kind.name)
        assert judged.outcome not in FAULTS, f"{kind.name} {n}: {judged.why}"


@pytest.mark.parametrize("group", ["catalogue files", "photos", "model files"])
def test_what_the_mutations_start_from_is_accepted(tmp_path: Path, group: str) -> None:
    """Else they would look at nothing but the first check."""
    for kind in kinds_of(group, tmp_path):
        own = tmp_path / f"sound {kind.name}"
        own.mkdir(exist_ok=True)
        (own / kind.name).write_bytes(kind.data)
        judged = read(0, kind, own / kind.name)
        assert judged.outcome == "accepted", f"{kind.name}: {judged.why}"


def _raises(error: Exception) -> object:
    def fails(path: Path) -> list[RowProblem]:
        raise error

    return fails


@pytest.mark.parametrize(
    ("reading", "outcome"),
    [
        (_raises(KeyError("x")), "crash"),
        (
            _raises(InputFileError("it cannot be read, alas, whatever it may be called by its maker")),
            "nameless",
        ),
        (lambda path: [RowProblem("other.csv", 2, "", "is bad")], "nameless"),
        (lambda path: [RowProblem(path.name, 2, "", "is bad")], "some rows"),
    ],
)
def test_a_fault_would_be_seen(tmp_path: Path, reading: object, outcome: str) -> None:
    kind = Kind("a.csv", b"", reading)  # type: ignore[arg-type]
    assert read(0, kind, tmp_path / "a.csv").outcome == outcome
