"""Room for arrays as long as some work goes on: always gone afterwards, never taken from others."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmquality.config import Workspace
from mmquality.errors import NoRoomError, WorkspaceError
from mmquality.pipeline.scratch import scratch

HOLDING = """
import sys
from mmquality.config import Workspace
from mmquality.pipeline.scratch import scratch
with scratch(Workspace.at(sys.argv[1])) as new:
    new((4, 4), "float32")[:] = 1
    print("there", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path / "workspace")


def left(workspace: Workspace) -> int:
    """Arrays that lie in the workspace."""
    return len(list(workspace.scratch.rglob("*.npy")))


def test_arrays_are_there_until_the_block_ends(workspace: Workspace) -> None:
    with scratch(workspace) as new:
        one, other = new((2, 3), np.float32), new((2,), np.int32)
        one[:], other[:] = 1, 2
        assert one[:].sum() == 6 and other[:].tolist() == [2, 2] and left(workspace) == 2
    assert not list(workspace.scratch.iterdir())


def test_an_error_leaves_nothing_either(workspace: Workspace) -> None:
    with pytest.raises(KeyError), scratch(workspace) as new:
        new((2, 3), np.float32)
        raise KeyError
    assert not list(workspace.scratch.iterdir())


def test_what_a_killed_process_left_goes_and_what_another_holds_stays(workspace: Workspace) -> None:
    command = [sys.executable, "-c", HOLDING, str(workspace.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "there\n"
        with scratch(workspace):
            assert left(workspace) == 1
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert left(workspace) == 1
        with scratch(workspace):
            assert left(workspace) == 0


def test_a_full_disk_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(WorkspaceError, match=r"no room for 4\.0 GB .*Make room"), scratch(workspace) as new:
        new((1_000, 1_000_000), np.float32)
    assert not list(workspace.scratch.iterdir())


def test_a_disk_that_fills_up_while_somebody_works_there_is_told(workspace: Workspace) -> None:
    with pytest.raises(NoRoomError, match="disk is full"), scratch(workspace) as room:
        (room.folder / "training").mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(workspace.scratch.iterdir())
