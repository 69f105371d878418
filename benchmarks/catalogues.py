"""The catalogues of a benchmark and the workspaces that are built from them, once for all scripts."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report

MMQUALITY = (sys.executable, "-m", "mmquality")
SAMPLE_LISTINGS = 600


@dataclass(frozen=True)
class Built:
    """A catalogue's files and its finished workspace."""

    folder: Path
    workspace: Path

    @property
    def name(self) -> str:
        """The catalogue's name."""
        return self.folder.name

    @property
    def pairs(self) -> Path | None:
        """Real co-purchases or co-clicks, where the catalogue has a file of them."""
        found = [p for p in (self.folder / n for n in ("also_bought.csv", "also_clicked.csv")) if p.exists()]
        return found[0] if found else None

    def truth(self) -> list[str]:
        """The options that name the truth and the split."""
        return ["--truth", str(self.folder / "planted.csv"), "--split", str(self.folder / "split.csv")]


def arguments(
    description: str | None, more: Mapping[str, dict[str, Any]] | None = None
) -> argparse.Namespace:
    """--listings, --short, --json, --seed, --seeds, --workspaces, and `more` options of a script's own."""
    parser = report.parser(description, "the sample marketplace alone, one seed")
    parser.add_argument("--listings", type=Path, help="folder of catalogues")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--workspaces", type=Path, help="keeps workspaces here, and uses those that are there"
    )
    for name, options in (more or {}).items():
        parser.add_argument(name, **options)
    given = parser.parse_args()
    if not (given.short or given.listings):
        parser.error("give --listings DIR, or --short for the sample marketplace")
    if given.short:
        given.seeds = 1
    return given


@contextmanager
def chosen(given: argparse.Namespace) -> Iterator[list[Built]]:
    """Every catalogue of `given` and the place of its workspace, which nothing is done about."""
    with tempfile.TemporaryDirectory() as scratch:
        place = given.workspaces or Path(scratch)
        if given.short:
            folders = [sample(Path(scratch), given.seed)]
        else:
            folders = sorted(f.parent for f in given.listings.glob("*/planted.csv"))
        yield [Built(folder, place / folder.name) for folder in folders]


@contextmanager
def built(given: argparse.Namespace) -> Iterator[list[Built]]:
    """Every catalogue of `given`, with a workspace built by default settings where there is none."""
    with chosen(given) as everyone:
        for catalogue in everyone:
            if not list(catalogue.workspace.glob("models/v*/index")):
                report.run(*build_command(catalogue, given.seed))
        yield everyone


def build_command(catalogue: Built, seed: int) -> list[str]:
    """`mmquality build` of everything that the catalogue has."""
    folder = catalogue.folder
    files = ["--listings", str(folder / "listings.csv"), "--images", str(folder)]
    given = (("--impressions", "impressions.parquet"), ("--co-clicks", "also_bought.csv"))
    for option, name in (*given, ("--co-clicks", "also_clicked.csv")):
        if (folder / name).exists():
            files += [option, str(folder / name)]
    return [*MMQUALITY, "build", "-w", str(catalogue.workspace), *files, "--seed", str(seed)]


def sample(scratch: Path, seed: int) -> Path:
    """A small sample marketplace, drawn."""
    from mmquality.data.sample import write_sample

    return write_sample(scratch / "sample", SAMPLE_LISTINGS, seed).images
