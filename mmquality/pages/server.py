"""The dashboard's server: Streamlit's, which loads what pages need before it listens, sends what a page has
drawn while the rest of it is still being drawn, and says with every answer what a browser may do with it.

python -m mmquality.pages.server run app.py [--server.port 8501] [--server.address 127.0.0.1] …

Options are Streamlit's own. With `MMQ_METRICS` (address:port) it answers Prometheus there.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from mmquality import logs
from mmquality.config import Access, AccessConfig, LogConfig
from mmquality.pages import metrics, operators
from mmquality.pages.downloads import let_downloads_last
from mmquality.pages.headers import SecurityHeaders

_NEEDED = (
    "mmquality.pipeline.reading",
    "plotly.graph_objects",
    "plotly.tools",
    "scipy.special",
    "scipy.optimize",
)
# Streamlit gives way after each message that it sends, and the page being drawn then has Python to itself for
# this long, by default 5 ms: ten messages later it is done, and little of it was seen before.
_TURN = 0.0005  # seconds
_HERE = ["127.0.0.1", "localhost", "[::1]"]


def settings(given: dict[str, str]) -> dict[str, Any]:
    """Streamlit's settings: those given, and the safe ones.

    Where nobody signs in, an address of another name is refused: a page somewhere on the web could otherwise
    let its own name lead here and speak to the dashboard from an analyst's browser. Where people sign in,
    what went wrong inside is for operators to read, not for visitors.
    """
    safe: dict[str, Any] = {"server.headless": True, "server.enableXsrfProtection": True}
    safe |= {"server.enableCORS": True}  # its name is the wrong way round: other origins are refused
    if AccessConfig.of_environment().how is Access.LOCAL:
        safe["server.allowedHosts"] = _HERE
    else:
        safe["client.showErrorDetails"] = "none"
    taken: dict[str, Any] = {name: value for name, value in given.items() if name not in safe}
    if "server.port" in taken:
        taken["server.port"] = int(taken["server.port"])
    return safe | taken


def _arguments() -> tuple[Path, dict[str, str]]:
    parser = ArgumentParser(prog="python -m mmquality.pages.server", description=__doc__)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("script", type=Path)
    for name in ("server.port", "server.address", "server.headless"):
        parser.add_argument(f"--{name}")
    given = vars(parser.parse_args())
    del given["command"]
    return given.pop("script"), {name: value for name, value in given.items() if value is not None}


def main() -> None:
    """Serve until the process is ended."""
    script, given = _arguments()
    logs.set_up(LogConfig.of_environment())
    for name in _NEEDED:
        import_module(name)
    sys.setswitchinterval(_TURN)
    if place := os.environ.get("MMQ_METRICS"):
        address, _, port = place.rpartition(":")
        metrics.serve(address, int(port))
    let_downloads_last()
    sys.argv = [str(script)]  # Streamlit looks for its settings, and for modules, beside it
    app = st.App(
        script.absolute(), middleware=[Middleware(SecurityHeaders)], on_script_error=operators.unexpected
    )
    logs.event("serving", address=given.get("server.address"), port=given.get("server.port"))
    with suppress(KeyboardInterrupt):  # Ctrl+C is how a server ends
        app.run(config=settings(given))


if __name__ == "__main__":
    main()
