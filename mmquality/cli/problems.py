"""problems: the rows that an import could not use."""

from __future__ import annotations

from dataclasses import asdict

import click

from mmquality.anywhere import Place
from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command, print_json, print_table
from mmquality.config import Workspace
from mmquality.errors import MMQualityError
from mmquality.pipeline.places import open_store
from mmquality.records import count
from mmquality.store import ImportReport, Store, export_problems


@click.command()
@options.workspace
@click.option("--import", "number", type=int, metavar="NUMBER", help="Of this import; by default the last.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@options.anywhere("--out", "Write all of them to this .csv or .jsonl file instead.")
@options.as_json
def problems(workspace: Workspace, number: int | None, top: int, out: Place | None, as_json: bool) -> None:
    """List the rows that an import could not use."""
    with open_store(workspace) as store:
        report = _report(store, number)
        if out is not None:
            with TerminalReporter().stage("Writing problems", report.problems) as advance:
                written = export_problems(store, out, report.report_id, advance)
            click.echo(f"{count(written, 'problem')} written to {out}.")
            return
        rows = store.import_problems(report.report_id, 1, top).rows
        letters = store.dead_letters(size=1).total
    if as_json:
        told = {"import": report.report_id, "created_at": report.created_at, "total": report.problems}
        print_json({**told, "problems": [asdict(row) for row in rows]})
        return
    when = f"{report.created_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"Import {report.report_id} ({when}): {count(report.problems, 'row')} could not be used.")
    if rows:
        listed = [[row.file, row.row, row.column, row.reason, row.value] for row in rows]
        print_table(["file", "row", "column", "reason", "value"], listed)
    if report.problems > len(rows):
        click.echo(f"The first {len(rows)}; --out FILE writes all of them.", err=True)
    if letters:
        which = command("watch letters", workspace)
        click.echo(f"Of what was watched, {count(letters, 'listing')} could not be used: {which}", err=True)


def _report(store: Store, number: int | None) -> ImportReport:
    """The report of an import, by default of the last. Raises `MMQualityError` where there is none."""
    reports = store.import_reports()
    if not reports:
        raise MMQualityError("Nothing was imported yet; `mmquality import` reads a catalogue.")
    found = [report for report in reports if number in (None, report.report_id)]
    if not found:
        raise MMQualityError(f"There is no import {number}; the last one is {reports[0].report_id}.")
    return found[0]
