"""A server for as long as a measurement takes: on a free port, away from the settings of whoever measures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_START = 180  # seconds a server may take to answer


@contextmanager
def served(
    workspace: Path, script: Path = ROOT / "app.py", **settings: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The dashboard of a workspace: its process and its port. `settings` are of its environment.

    Raises `RuntimeError` where it does not answer.
    """
    port = free_port()
    flags = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    command = [sys.executable, "-m", "mmquality.pages.server", "run", str(script), *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MMQ_")}
    environment |= {"MMQ_WORKSPACE": str(workspace), "MMQ_ANALYST": "bench", **settings}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        await_answer(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until the process answers there. Raises `RuntimeError` where it ends, or does not for three minutes."""
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server at {address} did not answer.")
