"""map: the unified space in two dimensions, for the dashboard."""

from __future__ import annotations

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command
from mmquality.config import Workspace
from mmquality.records import count


@click.command("map")
@options.workspace
def draw(workspace: Workspace) -> None:
    """Draw the map of the model in force.

    It shows on the dashboard, which can draw it, too. Of more than 100,000 listings a sample is drawn.
    """
    from mmquality.pipeline.mapping import draw_map

    drawn = draw_map(workspace, TerminalReporter())
    click.echo(f"Drew a map of {count(drawn, 'listing')}. Look at it: {command('serve', workspace)}")
