"""Jobs: a command that outlives its starter, how far it is, and what is said of one that ended badly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmquality.config import Workspace
from mmquality.pipeline import background
from mmquality.pipeline.background import Job, Phase, job, job_stage, outcome_kept, start

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state file of the job that this process is."""
    file = tmp_path / "work.json"
    background._write(file, Job(time.time()))
    monkeypatch.setenv("MMQ_JOB", str(file))
    return file


def _until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _phase(workspace: Workspace) -> Phase | None:
    found = job(workspace, "work")
    return found and found.phase


def test_a_command_that_ends_well_is_done(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    assert job(workspace, "work") is None
    assert start(workspace, "work", ["models", "list", "--help"], "ana")
    _until(lambda: _phase(workspace) is not Phase.RUNNING)
    assert _phase(workspace) is Phase.DONE


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path / "nowhere")
    start(workspace, "work", ["index"], "ana")
    _until(lambda: _phase(workspace) is not Phase.RUNNING)
    found = job(workspace, "work")
    assert found is not None and found.phase is Phase.FAILED
    assert found.said.startswith("Error: ") and "no workspace" in found.said


def test_one_that_was_killed_stopped_and_can_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.at(tmp_path)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def sleeper(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(popen([sys.executable, "-c", "import time; time.sleep(60)"], **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(background.subprocess, "Popen", sleeper)
    assert start(workspace, "work", [], "ana")
    assert not start(workspace, "work", [], "ana")  # it is at work
    assert _phase(workspace) is Phase.RUNNING
    os.kill(started[0].pid, signal.SIGKILL)
    _until(lambda: _phase(workspace) is Phase.STOPPED)
    assert start(workspace, "work", [], "ana")
    os.kill(started[1].pid, signal.SIGKILL)
    _until(lambda: _phase(workspace) is Phase.STOPPED)


def test_a_stage_tells_how_far_it_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_EVERY", 0.0)
    stage = job_stage("Reading", 10)
    assert stage is not None
    advance = next(stage)
    advance(3)
    advance(4)
    found = background._read(place)
    assert (found.stage, found.done, found.total, found.phase) == ("Reading", 7, 10, Phase.RUNNING)


def test_elsewhere_there_is_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MMQ_JOB", raising=False)
    assert job_stage("Reading", 10) is None
    with outcome_kept():
        pass


@pytest.mark.parametrize(("code", "phase"), [(None, "done"), (0, "done"), (1, "failed")])
def test_an_exit_is_written_down(place: Path, code: int | None, phase: str) -> None:
    with pytest.raises(SystemExit), outcome_kept():
        raise SystemExit(code)
    found = background._read(place)
    assert found.phase == phase and found.ended is not None and found.ended >= found.started


def test_an_error_that_nobody_foresaw_is_a_failure(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), outcome_kept():
        raise ZeroDivisionError
    assert json.loads(place.read_text())["phase"] == "failed"
