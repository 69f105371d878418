"""demo and serve: the dashboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import mmquality
from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Workspace
from mmquality.errors import NoWorkspaceError, WorkspaceError

_port = click.option(
    "--port", default=8501, show_default=True, type=click.IntRange(1, 65535), help="Where it listens."
)


@click.command()
@options.workspace
@_port
@click.option(
    "--listings", default=3000, show_default=True, type=click.IntRange(50), help="Size of the sample."
)
@click.option("--serve/--no-serve", default=True, help="Open the dashboard at the end.")
def demo(workspace: Workspace, port: int, listings: int, serve: bool) -> None:
    """The sample marketplace, end to end, then the dashboard."""
    from mmquality.pipeline.demo import build_sample

    version = build_sample(workspace, listings, TerminalReporter())
    click.echo(f"The sample marketplace is ready (model {version}).")
    if serve:
        _dashboard(workspace, port)


@click.command()
@options.workspace
@_port
def serve(workspace: Workspace, port: int) -> None:
    """Open the dashboard on this machine."""
    from mmquality.pipeline.places import open_store

    try:
        open_store(workspace).close()
    except NoWorkspaceError as error:  # it may be built while the dashboard is open
        click.echo(str(error), err=True)
    _dashboard(workspace, port)


def _dashboard(workspace: Workspace, port: int) -> None:
    """Become the Streamlit server; it listens on this machine only."""
    home = Path(mmquality.__file__).parents[1]
    app = home / "app.py"
    if not app.exists():
        raise WorkspaceError(
            f"The dashboard's app.py is not beside the package ({app}); run from a checkout."
        )
    click.echo(f"Dashboard: http://127.0.0.1:{port} (Ctrl+C ends it)", err=True)
    sys.stdout.flush()
    os.chdir(home)  # Streamlit reads the theme from .streamlit/ below the current folder
    server = {"port": port, "address": "127.0.0.1", "headless": "true"}
    flags = [f"--server.{name}={value}" for name, value in server.items()]
    place = {"MMQ_WORKSPACE": str(workspace.root), "MMQ_DATABASE_URL": workspace.database_url}
    command = [sys.executable, "-m", "mmquality.pages.server", "run", str(app), *flags]
    os.execvpe(sys.executable, command, os.environ | place)
