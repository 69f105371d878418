"""Trains the shipped checkpoint on the sample marketplace and writes its model card: `make model`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Workspace
from mmquality.data.sample import write_sample
from mmquality.pipeline.building import build
from mmquality.pipeline.demo import SAMPLE_NAME, SHIPPED
from mmquality.pipeline.importing import InputFiles
from mmquality.pipeline.progress import increments
from mmquality.pipeline.trained import copy_trained

LISTINGS = 3_000
CARD = Path(__file__).with_name("README.md")


def main() -> None:
    """Draw, build, measure, ship."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.at(Path(scratch) / "workspace")
        reporter = TerminalReporter()
        with reporter.stage("Drawing the sample marketplace", LISTINGS) as advance:
            sample = write_sample(workspace.root / "sample", LISTINGS, progress=increments(advance))
        files = InputFiles(sample.listings, sample.images, sample.impressions, sample.co_clicks)
        _, version = build(workspace, files, reporter=reporter, catalogue_name=SAMPLE_NAME)
        truth = ["--truth", str(sample.planted), "--split", str(sample.split)]
        mismatch = evaluate("mismatch", workspace, *truth)
        SHIPPED.mkdir(parents=True, exist_ok=True)
        copy_trained(workspace.models / version, SHIPPED)
    figures = [("whole catalogue", mismatch["catalogue"]), ("test split", mismatch["test"])]
    figures += [(f"kind: {kind}", metrics) for kind, metrics in mismatch["by_kind"].items()]
    rows = [
        f"| {name} | {m['n']:,} | {m['positives']} | {m['ap']:.3f} | {m['auc']:.3f} |" for name, m in figures
    ]
    begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
    card = CARD.read_text(encoding="utf-8")
    header = ["| listings | n | mismatched | AP | AUC |", "|---|---|---|---|---|"]
    table = "\n".join([begin, *header, *rows, end])
    CARD.write_text(card.split(begin)[0] + table + card.split(end)[1], encoding="utf-8")


def evaluate(what: str, workspace: Workspace, *options: str) -> dict[str, Any]:
    """What `mmquality evaluate` says."""
    command = [
        sys.executable,
        "-m",
        "mmquality",
        "evaluate",
        what,
        "-w",
        str(workspace.root),
        *options,
        "--json",
    ]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


if __name__ == "__main__":
    main()
