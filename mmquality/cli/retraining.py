"""retrain: from labels to a better model, put in force where it is not worse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command, print_in_force, print_json
from mmquality.config import Workspace


@click.command()
@options.workspace
@options.training
@click.option(
    "--publish",
    type=click.Choice(["unless-worse", "always", "never"]),
    default="unless-worse",
    show_default=True,
    help="When to put the new model in force, by the labels kept apart.",
)
@click.option(
    "--if-labels",
    type=click.IntRange(1),
    help="Only where so many labels have come since the model trained last; for a schedule.",
)
@click.option(
    "--if-days",
    type=click.FloatRange(0),
    help="Or where so many days have passed since then, and any label has come.",
)
@options.as_json
def retrain(
    workspace: Workspace,
    projection: str,
    epochs: int | None,
    seed: int,
    hold_out: Path | None,
    publish: str,
    if_labels: int | None,
    if_days: float | None,
    as_json: bool,
) -> None:
    """Train again with the labels, judge, put in force.

    What was imported since is encoded first. One label in five is kept apart and judges the new model against
    the one in force. A model that is not put in force can be looked at, and promoted. With --if-labels or
    --if-days it says whether and why it runs; the Models page shows what was decided last.
    """
    from mmquality.pipeline import label_loop
    from mmquality.pipeline.building import Options
    from mmquality.pipeline.retrain_trigger import Trigger, asked

    trigger = Trigger(if_labels, if_days)
    if trigger:
        decision = asked(workspace, trigger)
        if not as_json:
            click.echo(decision.why)
        elif not decision.due:
            print_json({"ran": False, "why": decision.why, "new_labels": decision.new_labels})
        if not decision.due:
            return
    choices = Options(projection, seed, epochs, hold_out)
    done = label_loop.retrain(workspace, choices, label_loop.Publish(publish), TerminalReporter())
    if as_json:
        worse = done.judgement.worse if done.judgement else None
        print_json({"ran": True, **asdict(done), "worse": worse})
        return
    if done.judgement:
        click.echo(done.judgement.in_words())
    if done.in_force:
        print_in_force(workspace, done.version)
    else:
        promote = command(f"models promote {done.version}", workspace)
        click.echo(f"Model {done.version} is not in force. To put it there all the same: {promote}")
