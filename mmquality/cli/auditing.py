"""audit: who did what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from mmquality.anywhere import Place
from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, print_table
from mmquality.config import Workspace
from mmquality.pipeline.places import open_store
from mmquality.records import count
from mmquality.store import AuditQuery, Deed, export_audit


@click.command()
@options.workspace
@click.option("--kind", type=click.Choice([str(deed) for deed in Deed]), help="These deeds alone.")
@click.option("--by", help="Those of this analyst alone.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Those of this day (UTC) alone.")
@click.option("--listing", help="Those about this listing alone.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@options.anywhere("--out", "Write all of them to this .csv or .jsonl file instead.")
def audit(
    workspace: Workspace,
    kind: str | None,
    by: str | None,
    day: datetime | None,
    listing: str | None,
    top: int,
    out: Place | None,
) -> None:
    """Show who did what, the newest first.

    Labels and withdrawals, listings removed, exports, imports of labels, models put in force, reasons
    changed.
    """
    since = day.replace(tzinfo=UTC) if day else None
    until = since + timedelta(days=1) if since else None
    query = AuditQuery(Deed(kind) if kind else None, by, since, until, listing)
    with open_store(workspace) as store:
        if out is not None:
            with TerminalReporter().stage("Writing the audit") as advance:
                number = export_audit(store, out, query, advance)
            click.echo(f"{count(number, 'deed')} written to {out}.")
            return
        rows = store.audit_page(query, 1, top).rows
    said = [[f"{r.at:%Y-%m-%d %H:%M:%S}", r.analyst, r.kind, r.listing_id or r.subject,
             " ".join(filter(None, (r.verdict, r.reason, r.what)))] for r in rows]  # fmt: skip
    print_table(["when (UTC)", "who", "did", "to", "what"], said)
