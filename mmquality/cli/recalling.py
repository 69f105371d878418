"""serve-recall: similar listings over HTTP."""

from __future__ import annotations

import click

from mmquality.cli import options
from mmquality.cli.serving import HERE, check_free, is_here
from mmquality.config import RecallConfig, Workspace
from mmquality.errors import EncoderError, WorkspaceError


@click.command("serve-recall")
@options.workspace
@click.option(
    "--port", default=8600, show_default=True, type=click.IntRange(1, 65535), help="Where it listens."
)
@click.option(
    "--address", default=HERE, show_default=True, help="Another one needs a token: see MMQ_RECALL_TOKEN."
)
def serve_recall(workspace: Workspace, port: int, address: str) -> None:
    """Answer over HTTP which listings are similar.

    For a listing of the catalogue, or for a title and a photo that are not in it. It follows what is
    published and what arrives. Without MMQ_RECALL_TOKEN it listens on this machine only.
    """
    config = RecallConfig.of_environment()
    if not config.token and not is_here(address):
        raise WorkspaceError(
            f"On {address} anybody could ask. Set MMQ_RECALL_TOKEN to what callers must send, or leave "
            "--address out."
        )
    check_free("recall service", address, port)
    click.echo(f"Loading the model in force of {workspace.root} …", err=True)
    try:
        import uvicorn

        from mmquality.recall.service.app import create_app
    except ModuleNotFoundError as error:
        raise WorkspaceError(
            f"The recall service needs the package {error.name}; install mmquality[recall]."
        ) from error
    from mmquality.recall import Recall

    with Recall.open(workspace) as recall:
        click.echo("Loading the encoders …", err=True)
        try:
            recall.warm_up()
        except EncoderError as error:
            click.echo(f"New listings cannot be asked for: {error}", err=True)
        click.echo(f"Recall: http://{address}:{port}/openapi.json (Ctrl+C ends it)", err=True)
        uvicorn.run(
            create_app(recall, config), host=address, port=port, log_level="warning", access_log=False
        )
