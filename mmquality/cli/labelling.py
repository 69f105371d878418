"""label, export and import-labels: verdicts in and out, without the dashboard."""

from __future__ import annotations

from pathlib import Path

import click

from mmquality.anywhere import Place
from mmquality.cli import options
from mmquality.cli.suggesting import suggesting_ids
from mmquality.cli.terminal import TerminalReporter, print_problems
from mmquality.config import ImportLimits, Workspace
from mmquality.errors import InputFileError
from mmquality.pipeline import label_importing
from mmquality.pipeline.label_reasons import label_reasons
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.records import Verdict, count
from mmquality.store import EXPORT_ENDINGS, Deed, Fate, LabelQuery, export_labels


@click.command()
@click.argument("listing_id")
@options.workspace
@click.option(
    "--verdict", type=click.Choice([str(v) for v in Verdict]), required=True, help="What you say of it."
)
@click.option("--reason", help="Why; a mismatch needs one (`mmquality reasons list`).")
@click.option("--note", default="", help="Anything worth remembering.")
@click.option(
    "--analyst", "--by", envvar="MMQ_ANALYST", help="Who says so (or MMQ_ANALYST; by default, your login)."
)
def label(
    workspace: Workspace, listing_id: str, verdict: str, reason: str | None, note: str, analyst: str | None
) -> None:
    """Label a listing."""
    if verdict == Verdict.MISMATCH and reason is None:
        raise click.UsageError(f"A mismatch needs a --reason: {', '.join(label_reasons(workspace).offered)}.")
    if verdict == Verdict.MATCH and reason is not None:
        raise click.UsageError("A match has no --reason.")
    with open_store(workspace) as store, suggesting_ids(store, listing_id):
        why = label_reasons(workspace).checked(reason)
        by = store.known_as(analyst or _login())
        said = store.add_label(listing_id, Verdict(verdict), why, note, by)
    click.echo(f"{said.listing_id}: {said.verdict}, by {said.analyst}.")


@click.command()
@options.workspace
@options.anywhere("--out", f"The file to write; its name ends in {', '.join(EXPORT_ENDINGS)}.", required=True)
@click.option("--verdict", type=click.Choice([str(v) for v in Verdict]), help="These alone.")
@click.option("--reason", help="These alone.")
@click.option("--by", help="Those of this analyst alone.")
@click.option("--title", default="", help="Those whose title holds these words.")
@click.option("--all", "everything", is_flag=True, help="Labels that others have replaced, too.")
@click.option("--disputed", is_flag=True, help="Those that analysts disagree on, theirs all.")
def export(
    workspace: Workspace,
    out: Place,
    verdict: str | None,
    reason: str | None,
    by: str | None,
    title: str,
    everything: bool,
    disputed: bool,
) -> None:
    """Write labels with their provenance to a file.

    For each listing the one that counts.
    """
    reasons = label_reasons(workspace)
    query = LabelQuery(
        Verdict(verdict) if verdict else None, reasons.checked(reason, reasons.known), by, title,
        newest_only=not (everything or disputed), disputed=disputed,
    )  # fmt: skip
    with open_store(workspace) as store:
        total = store.labels_page(query, size=1).total
        with TerminalReporter().stage("Writing labels", total) as advance:
            number = export_labels(store, out, query, advance, reasons.offered)
        if store.read_only():
            click.echo("Not noted in the audit: the workspace may only be read here.", err=True)
        else:
            store.note(Deed.EXPORT, whoami(), out.name, count(number, "label"))
    click.echo(f"{count(number, 'label')} written to {out}.")


@click.command("import-labels")
@click.argument("file", type=click.Path(path_type=Path))
@options.workspace
@click.option(
    "--conflicts", type=click.Choice(["keep", "replace"]), default="keep", show_default=True,
    help="What counts where a listing has a label: that one, or the file's.",
)  # fmt: skip
@click.option("--analyst", default="", help="Who said what no name stands beside.")
@options.limits
def import_labels(
    workspace: Workspace, file: Path, conflicts: str, analyst: str, limits: ImportLimits
) -> None:
    """Read labels that were given elsewhere.

    FILE is CSV, JSON Lines or Parquet with listing_id and verdict (and reason, note, analyst, created_at), or
    what Label Studio or Argilla exports as JSON. The same file twice adds nothing.
    """
    with open_store(workspace) as store:
        done = label_importing.import_labels(
            store, file, conflicts == "replace", analyst, TerminalReporter(), label_reasons(workspace).known,
            whoami(), limits,
        )  # fmt: skip
    agreeing = (
        f"; {done.fates[Fate.AGREES]:,} agree with labels that stand" if done.fates[Fate.AGREES] else ""
    )
    click.echo(f"Labels: {done.added:,} added, {done.fates[Fate.KNOWN]:,} known before{agreeing}.")
    if done.fates[Fate.REPLACED]:
        click.echo(f"{count(done.fates[Fate.REPLACED], 'label')} replaced one that said otherwise.")
    if done.problems:
        print_problems(done.problems, workspace)
    if done.problems and not done.used:
        raise InputFileError(
            "No row could be used, so no label was added. Mend the file and import it again."
        )


def _login() -> str:
    name = whoami()
    if not name:
        raise click.UsageError("Your login has no name here; give --analyst.")
    return name
