"""The dashboard's server: Streamlit's, which loads what pages need before it listens, and which sends what a
page has drawn while the rest of it is still being drawn.

python -m mmquality.pages.server run app.py [Streamlit's flags]
"""

from __future__ import annotations

import sys
from importlib import import_module

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


if __name__ == "__main__":
    for name in _NEEDED:
        import_module(name)
    sys.setswitchinterval(_TURN)
    cli.main(prog_name="streamlit")
