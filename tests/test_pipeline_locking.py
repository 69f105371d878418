"""Models are made by one process at a time: the second is told who is at work, the dead hold nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.pipeline import building, encoding
from mmquality.pipeline.locking import encodes, makes_models

_HOLD = """
import sys, time
from mmquality.config import Workspace
from mmquality.pipeline.locking import encodes, makes_models

def hold(workspace):
    print("in", flush=True)
    time.sleep(60)

step, name, place = sys.argv[1:]
hold.__name__ = name
globals()[step](hold)(Workspace.at(place))
"""


@makes_models
def score(workspace: Workspace, name: str) -> str:
    return f"scored {name}"


@encodes
def encode(workspace: Workspace) -> str:
    return "encoded"


@makes_models
def build(workspace: Workspace) -> str:
    return score(workspace, name="all")


@contextmanager
def at_work(step: str, name: str, workspace: Workspace) -> Iterator[int]:
    """Another process is at a step, and is killed in the middle of it; gives its number."""
    command = [sys.executable, "-c", _HOLD, step, name, str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"in\n"
        yield other.pid
        other.send_signal(signal.SIGKILL)


def test_a_second_process_is_told_who_is_at_work_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    with at_work("makes_models", "train", workspace) as other:
        with pytest.raises(WorkspaceError, match=rf"`mmquality train` \(process {other} on .*0 min\)"):
            build(workspace)
        assert encode(workspace) == "encoded"  # which a training does not mind
    assert build(workspace) == "scored all"


@pytest.mark.parametrize("step", [building.train, building.score, building.index, building.build])
def test_each_long_step_makes_models_alone(tmp_path: Path, step: Callable[..., object]) -> None:
    workspace = Workspace.at(tmp_path)
    with at_work("makes_models", "train", workspace), pytest.raises(WorkspaceError, match="models of"):
        step(workspace)


def test_what_is_encoded_is_not_encoded_twice(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    sentence = rf"`mmquality encode` \(process .*\) encodes the listings of {tmp_path}\. Wait for it to end"
    with at_work("encodes", "encode", workspace), pytest.raises(WorkspaceError, match=sentence):
        encoding.encode(workspace)
    with pytest.raises(WorkspaceError, match="There is no workspace"):  # nobody is in its way any more
        encoding.encode(workspace)


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
