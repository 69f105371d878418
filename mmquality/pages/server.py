"""The dashboard's server: Streamlit's, which loads what pages need while nobody has come yet, and which sends
what a page has drawn while the rest of it is still being drawn.

python -m mmquality.pages.server run app.py [Streamlit's flags]
"""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Thread

from streamlit.web import cli

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


def _load() -> None:
    for name in _NEEDED:
        import_module(name)


if __name__ == "__main__":
    sys.setswitchinterval(_TURN)
    # A thread: the server listens as soon as without, and who comes early waits for what is left.
    Thread(target=_load, name="load", daemon=True).start()
    cli.main(prog_name="streamlit")
