"""What are recommendations worth to simulated visitors? `mmquality experiment`, arm by arm.

    python benchmarks/experiments.py --listings DIR   the sample and all catalogues; writes docs/benchmarks.md
    python benchmarks/experiments.py --short          a small sample marketplace alone

The sample marketplace is simulated on its latent truth; any other catalogue on the pairs of its test
listings, which its model has not seen: it is trained with --hold-out in a workspace of its own. Planted
photos are counted only.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import catalogues
import report
from catalogues import MMQUALITY, Built

SAMPLE_LISTINGS = 3_000  # of the sample beside catalogues
VISITORS = 200_000


@contextmanager
def held_out(given: Any) -> Iterator[list[tuple[Built, list[str]]]]:
    """Every catalogue whose model held the test listings' clicks out, and the options of its experiment."""
    with tempfile.TemporaryDirectory() as scratch, catalogues.chosen(given) as everyone:
        ready = [] if given.short else [sample_beside(Path(scratch), given.seed)]
        for one in everyone:
            workspace = one.workspace if given.short else one.workspace.with_name(f"{one.name}-held-out")
            ready.append(Built(one.folder, workspace))
        for one in ready:
            if not list(one.workspace.glob("models/v*/index")):
                split = ["--hold-out", str(one.folder / "split.csv")]
                report.run(*catalogues.build_command(one, given.seed), *split)
        yield [(one, options(one)) for one in ready]


def sample_beside(scratch: Path, seed: int) -> Built:
    """The sample marketplace, drawn."""
    from mmquality.data.sample import write_sample

    return Built(write_sample(scratch / "sample", SAMPLE_LISTINGS, seed).images, scratch / "sample-workspace")


def options(catalogue: Built) -> list[str]:
    """Whose truth the simulation takes."""
    if (catalogue.folder / "sample.json").exists():
        return ["--sample", str(catalogue.folder)]
    return ["--truth", str(catalogue.folder / "planted.csv")]


def measure(catalogue: Built, chosen: list[str], visitors: int, seed: int) -> list[dict[str, Any]]:
    """One row for each arm."""
    call = [*MMQUALITY, "experiment", "-w", str(catalogue.workspace), *chosen, "--seed", str(seed)]
    found = json.loads(report.run(*call, "--visitors", str(visitors), "--json").out)
    lifts = {(lift["arm"], lift["metric"]): lift for lift in found["lifts"]}
    stopped = {course["arm"]: course["decided_after"] for course in found["courses"]}
    replayed = {arm["arm"]: arm["ctr"] for arm in found["replayed"] if arm["method"] == "snips"}
    return [
        {
            "catalogue": catalogue.name,
            "arm": arm["arm"],
            "CTR": f"{arm['clicks'] / arm['views']:.2%}",
            "lift": in_words(lifts.get((arm["arm"], "ctr"))),
            "PTR": f"{arm['purchases'] / arm['views']:.3%}",
            "lift of PTR": in_words(lifts.get((arm["arm"], "ptr"))),
            "decided after": stopped.get(arm["arm"]),
            "wrong": None if arm["wrong"] is None else f"{arm['wrong']:.1%}",
            "CTR by the log": f"{replayed[arm['arm']]:.2%}" if replayed.get(arm["arm"]) else None,
        }
        for arm in found["arms"]
    ]


def in_words(lift: dict[str, Any] | None) -> str | None:
    """A lift with its interval."""
    if lift is None or lift["lift"] is None:
        return None
    return f"{lift['lift']:+.1%} ({lift['low']:+.1%} … {lift['high']:+.1%})"


def main() -> None:
    """Run it."""
    given = catalogues.arguments(__doc__)
    visitors = VISITORS // 10 if given.short else VISITORS
    with held_out(given) as everyone:
        rows = [
            row for catalogue, chosen in everyone for row in measure(catalogue, chosen, visitors, given.seed)
        ]
    report.finish(rows, {}, given.seed, given.json, None if given.short else "experiments")


if __name__ == "__main__":
    main()
