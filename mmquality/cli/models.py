"""models: the versions of a workspace's model, and which of them is in force."""

from __future__ import annotations

from dataclasses import asdict

import click

from mmquality.cli import options
from mmquality.cli.terminal import print_json, print_table
from mmquality.config import Workspace
from mmquality.pipeline import versions
from mmquality.pipeline.places import open_store


@click.group()
@options.workspace
@click.pass_context
def models(context: click.Context, workspace: Workspace) -> None:
    """List model versions, or put one in force."""
    context.obj = workspace


@models.command("list")
@options.workspace_again
@options.as_json
def list_(workspace: Workspace, as_json: bool) -> None:
    """All published versions, the newest first."""
    with open_store(workspace) as store:
        found, current = store.versions(), store.current_version()
    in_force = current.name if current else None
    if as_json:
        print_json({"current": in_force, "versions": [asdict(version) for version in found]})
        return
    rows = [
        [v.name, "in force" if v.name == in_force else "", f"{v.created_at:%Y-%m-%d %H:%M}", v.listings,
         v.summary.get("taught_by", "")]
        for v in found
    ]  # fmt: skip
    print_table(["version", "", "published (UTC)", "listings", "taught by"], rows)


@models.command()
@click.argument("version")
@options.workspace_again
def promote(workspace: Workspace, version: str) -> None:
    """Put VERSION in force."""
    with open_store(workspace) as store:
        versions.promote(workspace, store, version)
    click.echo(f"Model {version} is in force.")


@models.command()
@options.workspace_again
def rollback(workspace: Workspace) -> None:
    """Put the version published before the one in force in force again."""
    with open_store(workspace) as store:
        name = versions.rollback(workspace, store)
    click.echo(f"Model {name} is in force again.")


@models.command()
@click.argument("version")
@options.workspace_again
def forget(workspace: Workspace, version: str) -> None:
    """Delete what VERSION's neighbours are looked up in.

    Its vectors leave the vector database, too. Its scores stay; it cannot be put in force again.
    """
    with open_store(workspace) as store:
        versions.forget(workspace, store, version)
    click.echo(f"The indexes of model {version} are gone.")
