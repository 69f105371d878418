"""On a disk that is full every command says so in one sentence, loses nothing, and works with room again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
# A file system of a process's own, which needs no rights: in a namespace where it is root of itself alone.
_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
_MOUNT = 'mount -t tmpfs -o size="$0" small "$1" && shift && exec "$@"'


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    disk, other = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("other")
    if _run("1m", disk, "true").returncode:
        pytest.skip("no file system can be mounted here")
    script = [sys.executable, str(HERE / "full_disk.py"), str(disk), str(HERE / "earlier" / "0016.tar.xz")]
    done = _run("16m", disk, "env", f"TMPDIR={other}", f"PYTHONPATH={HERE.parent}:{HERE}", *script)
    assert not done.returncode, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _run(size: str, disk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_NAMESPACE, _MOUNT, size, str(disk), *command], capture_output=True, text=True)


@pytest.mark.parametrize(
    "command", ["import", "encode", "train", "score", "index", "label", "export", "backup"]
)
def test_a_command_without_room(attempts: list[dict[str, Any]], command: str) -> None:
    mine = [attempt for attempt in attempts if attempt["command"] == command]
    assert mine[0]["room"] == 0 and mine[0]["status"] == 1, mine
    assert mine[-1]["status"] == 0, mine
    for failed in mine[:-1]:
        (sentence,) = [line for line in failed["said"].splitlines() if line.startswith("Error: ")]
        assert "disk is full" in sentence or "No space left" in sentence, sentence
        assert failed["error"] == "SystemExit(1)", failed
    assert not any(attempt["faults"] for attempt in mine), mine
