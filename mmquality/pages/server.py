"""The dashboard's server: Streamlit's, which loads what pages need while nobody has come yet.

python -m mmquality.pages.server run app.py [Streamlit's flags]
"""

from __future__ import annotations

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


def _load() -> None:
    for name in _NEEDED:
        import_module(name)


if __name__ == "__main__":
    # A thread: the server listens as soon as without, and who comes early waits for what is left.
    Thread(target=_load, name="load", daemon=True).start()
    cli.main(prog_name="streamlit")
