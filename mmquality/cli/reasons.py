"""reasons: why something is a mismatch, as this workspace says it."""

from __future__ import annotations

import click

from mmquality.cli import options
from mmquality.cli.terminal import print_json, print_table
from mmquality.config import Workspace
from mmquality.pipeline.label_reasons import hide_reason, label_reasons, set_reason
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.store import Deed


@click.group()
@options.workspace
@click.pass_context
def reasons(context: click.Context, workspace: Workspace) -> None:
    """List the reasons for a mismatch, or change them."""
    context.obj = workspace


@reasons.command("list")
@options.workspace_again
@options.as_json
def list_(workspace: Workspace, as_json: bool) -> None:
    """All reasons, in the order of their keys."""
    found = label_reasons(workspace)
    if as_json:
        print_json({"offered": found.offered, "hidden": sorted(found.hidden)})
        return
    rows = [[code, "hidden" if code in found.hidden else "", words] for code, words in found.known.items()]
    print_table(["reason", "", "in words"], rows)


@reasons.command("set")
@click.argument("code")
@click.argument("words")
@options.workspace_again
def set_(workspace: Workspace, code: str, words: str) -> None:
    """Offer a reason by these words.

    A new CODE, one that is renamed, or one that was hidden.
    """
    with open_store(workspace) as store:
        told = set_reason(workspace, code, words).in_words(code)
        store.note(Deed.REASONS, whoami(), code, f"offered as {told}")
    click.echo(f"{code}: {told}")


@reasons.command()
@click.argument("code")
@options.workspace_again
def hide(workspace: Workspace, code: str) -> None:
    """Offer CODE no longer; labels that name it stay as they are."""
    with open_store(workspace) as store:
        offered = hide_reason(workspace, code).offered
        store.note(Deed.REASONS, whoami(), code, "hidden")
    click.echo(f"Offered from now on: {', '.join(offered)}.")
