"""roles: who may do what on the dashboard, where people sign in."""

from __future__ import annotations

import click

from mmquality.cli import options
from mmquality.cli.terminal import print_json, print_table
from mmquality.config import Workspace
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.records import Role


@click.group()
@options.workspace
@click.pass_context
def roles(context: click.Context, workspace: Workspace) -> None:
    """Say who may do what where people sign in."""
    context.obj = workspace


@roles.command("list")
@options.workspace_again
@options.as_json
def list_(workspace: Workspace, as_json: bool) -> None:
    """Everybody with a role; the others have that of MMQ_DEFAULT_ROLE."""
    with open_store(workspace) as store:
        found = store.roles()
    if as_json:
        print_json({"roles": found})
        return
    print_table(["person", "role"], [[person, role] for person, role in found.items()])


@roles.command("set")
@click.argument("person")
@click.argument("role", type=click.Choice([role.value for role in Role]), metavar="ROLE")
@options.workspace_again
def set_(workspace: Workspace, person: str, role: str) -> None:
    """Give PERSON, as the sign-in names them, a role."""
    with open_store(workspace) as store:
        store.give_role(person, Role(role), whoami())
    click.echo(f"{person} is {role} now.")


@roles.command()
@click.argument("person")
@options.workspace_again
def remove(workspace: Workspace, person: str) -> None:
    """Take PERSON's role away."""
    with open_store(workspace) as store:
        store.take_role(person, whoami())
    click.echo(f"{person} has no role any more.")
