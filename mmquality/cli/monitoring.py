"""health: whether the model in force is still the one for the listings that come in."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, print_json, print_table, printable
from mmquality.config import Workspace
from mmquality.records import count

if TYPE_CHECKING:
    from mmquality.pipeline.health import HealthReport


@click.command()
@options.workspace
@options.as_json
@click.pass_context
def health(context: click.Context, workspace: Workspace, as_json: bool) -> None:
    """Say whether new listings are like those trained on.

    Compares titles, photos, categories and scores of what came since, and the encoders. Exit status 1 where
    something has changed; each alert says what to do. Whether the workspace is sound, `doctor` says.
    """
    from mmquality.pipeline.health import look_at_health

    report = look_at_health(workspace, TerminalReporter())
    if as_json:
        print_json({"healthy": not report.alerts, **asdict(report)})
    else:
        _print(report)
    context.exit(1 if report.alerts else 0)


def _print(report: HealthReport) -> None:
    new, trained = count(report.new, "new listing"), count(report.trained, "listing")
    click.echo(f"Model {report.version} was trained on {trained} of the catalogue; {new} since.")
    for alert in report.alerts:
        click.echo(printable(f"ALERT  {alert.part}: {alert.what}"))
        click.echo(printable(f"       {alert.remedy}"))
    if not report.looks:
        click.echo("Too few of them to compare." if report.new else "Nothing to compare.")
        return
    rows = [
        [look.part, look.psi, f"{look.p_value:.1g}", "yes" if look.drifted else "no"] for look in report.looks
    ]
    print_table(["part", "stability index", "p", "drifted"], rows)
    print_table(
        ["flagged", "listings", "share", "low", "high"],
        [[one.of, one.listings, one.share, one.low, one.high] for one in report.flagged],
    )
