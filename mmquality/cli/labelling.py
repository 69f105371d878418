"""label and export: verdicts in and out, without the dashboard."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.suggesting import suggesting_ids
from mmquality.config import Workspace
from mmquality.pipeline.places import open_store
from mmquality.records import Reason, Verdict
from mmquality.store import export_labels


@click.command()
@click.argument("listing_id")
@options.workspace
@click.option(
    "--verdict", type=click.Choice([str(v) for v in Verdict]), required=True, help="What you say of it."
)
@click.option("--reason", type=click.Choice([str(r) for r in Reason]), help="Why; a mismatch needs one.")
@click.option("--note", default="", help="Anything worth remembering.")
@click.option("--analyst", envvar="MMQ_ANALYST", help="Who says so (or MMQ_ANALYST; by default, your login).")
def label(
    workspace: Workspace, listing_id: str, verdict: str, reason: str | None, note: str, analyst: str | None
) -> None:
    """Label a listing."""
    if verdict == Verdict.MISMATCH and reason is None:
        raise click.UsageError(f"A mismatch needs a --reason: {', '.join(Reason)}.")
    if verdict == Verdict.MATCH and reason is not None:
        raise click.UsageError("A match has no --reason.")
    with open_store(workspace) as store, suggesting_ids(store, listing_id):
        said = store.add_label(
            listing_id, Verdict(verdict), Reason(reason) if reason else None, note, analyst or _login()
        )
    click.echo(f"{said.listing_id}: {said.verdict}, by {said.analyst}.")


@click.command()
@options.workspace
@options.file("--out", "The file to write; .csv, .parquet or .jsonl.", required=True)
def export(workspace: Workspace, out: Path) -> None:
    """Write all labels with their provenance to a file."""
    with open_store(workspace) as store:
        count = export_labels(store, out)
    click.echo(f"{count:,} labels written to {out}.")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # a container's user may have no name
        raise click.UsageError("Your login has no name here; give --analyst.") from error
