"""What docs/sizing.md is written from: what a script has not measured is left out, the rest follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from workspaces import Fixture

PROJECT = Path(__file__).parents[1]
sys.path.append(str(PROJECT / "benchmarks"))

SPEED = [
    {"stage": "terms", "10,000 s": 1.0, "1,000,000 s": 100.0, "exponent": 1.0, "peak GB at 1,000,000": 1.0}
]


def written(folder: Path, **rows: list[dict[str, object]]) -> Path:
    """A folder of what scripts print with `--json`."""
    for script, of_script in rows.items():
        (folder / f"{script}.json").write_text(json.dumps({"rows": of_script}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("there", [{}, {"speed": SPEED}], ids=["nothing", "one"])
def test_what_was_not_measured_is_named_and_left_out(
    tmp_path: Path, finished: Fixture, there: dict[str, list[dict[str, object]]]
) -> None:
    command = [sys.executable, "benchmarks/sizing.py", "--workspace", str(finished.workspace.root), "--json"]
    command += ["--results", str(written(tmp_path, **there))]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    absent = {"importing", "encoding", "speed_training", "speed", "memory"} - set(there)
    assert set(found["missing"]) == {f"`benchmarks/{one}.py`" for one in absent}
    assert [row["stage"] for row in found["seconds"]] == [
        f"score and index: {r['stage']}" for r in there.get("speed", [])
    ]
    assert found["memory"] == []
