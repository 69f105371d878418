"""doctor, backup, restore: for those who keep a workspace running."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command, print_json, printable
from mmquality.config import Workspace
from mmquality.records import count

_FILE = click.Path(path_type=Path, dir_okay=False)
_MARKS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


@click.command()
@options.workspace
@options.as_json
@click.pass_context
def doctor(context: click.Context, workspace: Workspace, as_json: bool) -> None:
    """Say what is wrong with a workspace, and how to mend it.

    Looks at every part and changes nothing. Exit status 1 where something does not work or is lost.
    """
    from mmquality.pipeline.doctor import Health, examine

    found = examine(workspace, TerminalReporter())
    healthy = all(finding.health is not Health.FAULT for finding in found)
    if as_json:
        print_json({"healthy": healthy, "findings": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            click.echo(printable(f"{_MARKS[finding.health]}  {finding.part}: {finding.what}"))
            if finding.remedy:
                click.echo(printable(f"         {finding.remedy}"))
    context.exit(0 if healthy else 1)


@click.command()
@options.workspace
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new .tar file."
)
@click.option(
    "--without-embeddings", is_flag=True, help="Smaller; training again then encodes everything anew."
)
@options.as_json
def backup(workspace: Workspace, out: Path, without_embeddings: bool, as_json: bool) -> None:
    """Copy a workspace into one file while people work.

    Listings, labels, who did what, models, click log. Photos stay where they are; a database of PostgreSQL's
    is left to pg_dump, which comes first.
    """
    from mmquality.pipeline.backup import back_up

    made = back_up(workspace, out, not without_embeddings, TerminalReporter())
    if as_json:
        print_json({"file": str(out), **asdict(made)})
        return
    click.echo(f"Backed up {count(made.files, 'file')}, {made.bytes / 1e6:,.1f} MB, to {out}.")
    if not made.database:
        click.echo(
            "The database is not among them: the pg_dump that was made right before goes with them. Where "
            "there is none, run pg_dump, then this again to another file."
        )


@click.command()
@click.argument("file", type=_FILE)
@options.workspace
@options.as_json
def restore(file: Path, workspace: Workspace, as_json: bool) -> None:
    """Make a workspace of a backup.

    Its folder must be new or empty. Every file is held against its hash first.
    """
    from mmquality.pipeline.backup import restore as restored

    made = restored(file, workspace, TerminalReporter())
    if as_json:
        print_json({"workspace": str(workspace.root), **asdict(made)})
        return
    click.echo(
        f"Restored {count(made.files, 'file')} of {made.made_at}. Look at it: {command('doctor', workspace)}"
    )
    if not made.database:
        click.echo("The database was not in it: restore that with pg_restore, and set MMQ_DATABASE_URL.")
