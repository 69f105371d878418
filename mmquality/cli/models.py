"""models: the versions of a workspace's model, and which of them is in force."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from mmquality.cli import options
from mmquality.cli.terminal import command, print_json, print_table
from mmquality.config import Workspace
from mmquality.pipeline import forgetting, versions
from mmquality.pipeline.forgetting import room
from mmquality.pipeline.places import open_store
from mmquality.records import size_in_words


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
    """All versions and the room that each takes, the newest first.

    The room is that of its files; its rows in the database are few beside them. Versions that were never
    published stand before the others.
    """
    with open_store(workspace) as store:
        found, current = store.versions(), store.current_version()
        waiting = versions.unpublished(workspace, store)
    in_force = current.name if current else None
    of_found = [_told(workspace, version.name) for version in found]
    if as_json:
        told_of = [asdict(version) | told for version, told in zip(found, of_found, strict=True)]
        rest = [{"name": name, "bytes": room(workspace.models / name)} for name in waiting]
        print_json({"current": in_force, "versions": told_of, "unpublished": rest})
        return
    rows: list[list[Any]] = [
        [name, "not published", "", "", size_in_words(room(workspace.models / name)), ""] for name in waiting
    ]
    for version, told in zip(found, of_found, strict=True):
        state = "in force" if version.name == in_force else "forgotten" if told["forgotten"] else ""
        published, size = f"{version.created_at:%Y-%m-%d %H:%M}", size_in_words(told["bytes"])
        taught_by = version.summary.get("taught_by", "")
        rows.append([version.name, state, published, version.listings, size, taught_by])
    print_table(["version", "", "published (UTC)", "listings", "room", "taught by"], rows)


def _told(workspace: Workspace, version: str) -> dict[str, Any]:
    """What a published version's folder says of it."""
    folder = workspace.models / version
    return {"bytes": room(folder), "forgotten": versions.is_forgotten(folder)}


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
    """Take away what is large of VERSION.

    Its vectors and indexes go, from the vector database, too; it cannot be put in force again. Its model
    stays, as do its scores and labels in the database, and `score --model VERSION` scores with it again. A
    version that was never published goes altogether.
    """
    with open_store(workspace) as store:
        done = forgetting.forget(workspace, store, version)
    freed = f"{size_in_words(done.freed)} are free again."
    if not done.published:
        click.echo(f"Model {version}, which was never published, is gone; {freed}")
        return
    click.echo(f"The vectors and indexes of model {version} are gone; {freed}")
    click.echo(f"To score with its model again: {command(f'score --model {version}', workspace)}")
