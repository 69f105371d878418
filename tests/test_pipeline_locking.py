"""Models are made by one process at a time: the second is told who is at work, the dead hold nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline.locking import makes_models

_HOLD = """
import sys, time
from mmquality.config import Workspace
from mmquality.pipeline.locking import makes_models

@makes_models
def train(workspace):
    print("in", flush=True)
    time.sleep(60)

train(Workspace.at(sys.argv[1]))
"""


@makes_models
def score(workspace: Workspace, name: str) -> str:
    return f"scored {name}"


@makes_models
def build(workspace: Workspace) -> str:
    return score(workspace, name="all")


def test_a_second_process_is_told_who_is_at_work_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"in\n"
        with pytest.raises(WorkspaceError, match=rf"`mmquality train` \(process {other.pid} on .*0 min\)"):
            build(workspace)
        other.send_signal(signal.SIGKILL)
    assert build(workspace) == "scored all"


def test_a_step_runs_within_another_and_leaves_the_lock_after_an_error(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    assert build(workspace) == "scored all"

    @makes_models
    def fails(workspace: Workspace) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails(workspace)
    assert score(workspace, "one") == "scored one"


def test_without_a_workspace_nothing_is_made(tmp_path: Path) -> None:
    assert score(Workspace.at(tmp_path / "nowhere"), "one") == "scored one"
    assert not (tmp_path / "nowhere").exists()
