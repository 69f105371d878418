"""experiment: a simulated A/B test of what the model in force would recommend."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, print_json, print_table
from mmquality.config import Workspace
from mmquality.experiments.lift import Lift
from mmquality.experiments.visitors import VISITORS
from mmquality.records import count

if TYPE_CHECKING:
    from mmquality.pipeline.experiment import ExperimentReport
    from mmquality.pipeline.replaying import ReplayedArm


@click.command()
@options.workspace
@click.option(
    "--visitors",
    type=click.IntRange(100, 5_000_000),
    default=VISITORS,
    show_default=True,
    help="Simulated visitors, of all arms together.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=7, show_default=True, help="The same visitors again."
)
@click.option(
    "--sample",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the sample marketplace, whose truth is known (by default the workspace's own).",
)
@options.file("--truth", "Mismatched listings: listing_id, kind. Counted, never shown to visitors.")
@options.as_json
def experiment(
    workspace: Workspace, visitors: int, seed: int, sample: Path | None, truth: Path | None, as_json: bool
) -> None:
    """Simulate an A/B test of recommendations.

    By title alone, by photo alone, by both side by side, unified, and unified without mismatches.

    Visitors are simulated: a lift says what recommendations are worth to them, not what a shop would earn.
    What they want is the sample's latent truth, or else pairs that the model held out. The report shows on
    the dashboard's page Experiments, which can have it made, too.
    """
    from mmquality.pipeline.experiment import Options, run_experiment  # torch is behind it

    chosen = Options(visitors, seed, sample, truth)
    report = run_experiment(workspace, chosen, TerminalReporter())
    if as_json:
        print_json({"simulated": True, **asdict(report)})
    else:
        _print(report)


def _print(report: ExperimentReport) -> None:
    click.echo(f"Simulated visitors, on {report.simulated_on}: no measurement of a shop.")
    lifts = {(lift.arm, lift.metric): lift for lift in report.lifts}
    rows = []
    for arm in report.arms:
        told = [_interval(lifts.get((arm.arm, metric))) for metric in ("ctr", "ptr")]
        rates = arm.clicks / max(arm.views, 1), arm.purchases / max(arm.views, 1)
        rows.append(
            [arm.arm, arm.visitors, f"{rates[0]:.2%}", told[0], f"{rates[1]:.3%}", told[1], _share(arm.wrong)]
        )
    print_table(["arm", "visitors", "ctr", "lift", "ptr", "lift", "wrong photos"], rows)
    for course in report.courses:
        after = course.decided_after
        when = f"decided after {count(after, 'visitor')} of both" if after else "undecided"
        click.echo(f"Watched all the time, {course.arm} against {report.control}: {when}.")
    replayed = [arm for arm in report.replayed if arm.method == "snips" and arm.ctr is not None]
    for replay in replayed:
        _print_replayed(replay)
    if replayed:
        click.echo(
            "Of a replay rely on the order alone: its rates are too high, for some arms more than others."
        )


def _print_replayed(arm: ReplayedArm) -> None:
    if arm.ctr is None or arm.low is None or arm.high is None:
        return
    click.echo(
        f"Replayed on the log, {arm.arm}: {arm.ctr:.2%} ({arm.low:.2%} – {arm.high:.2%}) clicked, from "
        f"{count(arm.impressions, 'impression')}, worth {arm.effective:,.0f}."
    )


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _interval(lift: Lift | None) -> str:
    if lift is None or lift.lift is None or lift.low is None or lift.high is None:
        return "–"
    return f"{lift.lift:+.1%} ({lift.low:+.1%} … {lift.high:+.1%})"
