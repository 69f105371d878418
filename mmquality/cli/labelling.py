"""label and export: verdicts in and out, without the dashboard."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.suggesting import suggesting_ids
from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Workspace
from mmquality.pipeline.places import open_store
from mmquality.records import Reason, Verdict, count
from mmquality.store import EXPORT_ENDINGS, LabelQuery, export_labels


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
@options.file("--out", f"The file to write; its name ends in {', '.join(EXPORT_ENDINGS)}.", required=True)
@click.option("--verdict", type=click.Choice([str(v) for v in Verdict]), help="These alone.")
@click.option("--reason", type=click.Choice([str(r) for r in Reason]), help="These alone.")
@click.option("--by", help="Those of this analyst alone.")
@click.option("--title", default="", help="Those whose title holds these words.")
@click.option("--all", "everything", is_flag=True, help="Labels that others have replaced, too.")
def export(
    workspace: Workspace,
    out: Path,
    verdict: str | None,
    reason: str | None,
    by: str | None,
    title: str,
    everything: bool,
) -> None:
    """Write labels with their provenance to a file.

    For each listing the one that counts.
    """
    query = LabelQuery(
        Verdict(verdict) if verdict else None, Reason(reason) if reason else None, by, title,
        newest_only=not everything,
    )  # fmt: skip
    with open_store(workspace) as store:
        total = store.labels_page(query, size=1).total
        with TerminalReporter().stage("Writing labels", total) as advance:
            number = export_labels(store, out, query, advance)
    click.echo(f"{count(number, 'label')} written to {out}.")


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # a container's user may have no name
        raise click.UsageError("Your login has no name here; give --analyst.") from error
