"""evaluate: the ranking and the recall of the model in force, against a truth that it never saw."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, print_json, print_table
from mmquality.config import Workspace
from mmquality.records import count


@click.group()
def evaluate() -> None:
    """Measure the model in force against a truth kept apart."""


@evaluate.command()
@options.workspace
@options.file("--truth", "Mismatched listings: listing_id, kind.", required=True)
@options.file("--split", "listing_id, split; measures the test listings apart.")
@options.as_json
def mismatch(workspace: Workspace, truth: Path, split: Path | None, as_json: bool) -> None:
    """AP, AUC, precision and calibration of the mismatch ranking.

    ap is the average precision, ece the expected calibration error, brier the mean squared error.
    """
    from mmquality.evaluation.truth import evaluate_mismatch
    from mmquality.pipeline.reading import Catalogue

    with Catalogue(workspace) as catalogue:
        result: dict[str, Any] = evaluate_mismatch(catalogue.scores(), truth, split)
    if as_json:
        print_json(result)
        return
    named = {f"kind: {kind}": metrics for kind, metrics in result.pop("by_kind").items()}
    named = result | named
    columns = ["ap", "auc", "precision_at_50", "precision_at_n", "ece", "brier", "positives", "n"]
    print_table(["listings", *columns], [[name, *(m.get(c) for c in columns)] for name, m in named.items()])


@evaluate.command()
@options.workspace
@options.file("--pairs", "Co-clicked pairs: two columns of ids.", required=True)
@options.file("--split", "listing_id, split; the test listings are the queries.")
@options.as_json
def recall(workspace: Workspace, pairs: Path, split: Path | None, as_json: bool) -> None:
    """Recall of co-clicked listings in each space.

    The spaces are those of title, photo, concatenated and unified embeddings. pairs_trained_on is the share
    of the pairs that the model in force knows: train with --hold-out to measure on pairs that it does not.
    """
    from mmquality.evaluation.recall import evaluate_recall
    from mmquality.pipeline.reading import Catalogue

    with Catalogue(workspace) as catalogue:
        result: dict[str, Any] = evaluate_recall(
            catalogue.indexes(), pairs, split, catalogue.products(), catalogue.known_pairs()
        )
    if as_json:
        print_json(result)
        return
    spaces = [name for name, value in result.items() if isinstance(value, dict)]
    columns = list(result[spaces[0]])
    print_table(["space", *columns], [[name, *(result[name][c] for c in columns)] for name in spaces])
    click.echo(count(result["queries"], "query", "queries"))
    _warn_of_known_pairs(result["pairs_trained_on"])


@evaluate.command()
@options.workspace
@options.as_json
def spaces(workspace: Workspace, as_json: bool) -> None:
    """What unified recall is worth beside title and photo.

    Recall of the click log's co-clicked listings, the gain by category, and how much the lists differ, on at
    most 2,000 listings: those that the model in force held out where it was trained with --hold-out. The
    report shows on the dashboard's page Compare, which can have it made, too.
    """
    from mmquality.pipeline.spaces import compare_spaces

    report = compare_spaces(workspace, TerminalReporter())
    if as_json:
        print_json(asdict(report))
        return
    print_table(
        ["space", "recall at", "recall", "low", "high"],
        [[m.name, m.k, m.value, m.low, m.high] for m in report.recall],
    )
    held_out = "held out" if report.held_out else "nothing held out"
    click.echo(f"{count(report.queries, 'query', 'queries')}, {held_out}")
    _warn_of_known_pairs(report.known)


@evaluate.command()
@options.workspace
@options.as_json
def sessions(workspace: Workspace, as_json: bool) -> None:
    """What a visit's clicks are worth to recall.

    How much they count beside the listing looked at is learnt on training sessions of the click log, judged
    on others and kept for recall; where it does not help, they count nothing. Train with --hold-out to judge
    by clicks that the model never saw.
    """
    from mmquality.recall.sessions import learn_from_sessions

    report = learn_from_sessions(workspace, TerminalReporter())
    if as_json:
        print_json(asdict(report))
        return
    columns = ["metric", "without", "mixed_in", "gain", "low", "high"]
    print_table(columns, [[getattr(gain, column) for column in columns] for gain in report.gains])
    learnt = f"mix {report.learnt.mix:g}, half-life {count(round(report.learnt.half_life), 'click')}"
    click.echo(
        f"Learnt: {learnt}, of {count(report.learnt_from, 'click')}; judged by {report.judged_by:,} of "
        f"{count(report.sessions, 'session')}."
    )
    if not report.helps:
        click.echo("It does not help for certain: recall gives clicks no weight here.")
    if not report.held_out:
        click.echo("Warning: the model knows these clicks. Train with --hold-out SPLIT to keep some apart.")


def _warn_of_known_pairs(share: float | None) -> None:
    if share:
        click.echo(
            f"Warning: the model knows {share:.1%} of these pairs, which flatters the unified recall. "
            "Train with --hold-out SPLIT to keep the clicks of its test listings apart."
        )
