"""evaluate peers, ablate: tables that compare the model with its peers and with less of itself."""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from mmquality.anywhere import Place
from mmquality.cli import options
from mmquality.cli.evaluating import evaluate
from mmquality.cli.terminal import TerminalReporter, print_json, print_table
from mmquality.config import Workspace

_seeds = click.option(
    "--seeds", type=click.IntRange(1, 20), default=3, show_default=True, help="How often each is measured."
)


@evaluate.command()
@options.workspace
@options.file("--truth", "Mismatched listings: listing_id, kind.", required=True)
@options.file("--split", "listing_id, split; measures the test listings apart.")
@options.file("--pairs", "Co-clicked pairs: two columns of ids; measures recall, too.")
@_seeds
@click.option("--clip", help="A CLIP or SigLIP checkpoint, by folder or name, as one more peer.")
@options.anywhere("--out", "A folder for the tables, as CSV and Markdown.")
@options.as_json
def peers(
    workspace: Workspace,
    truth: Path,
    split: Path | None,
    pairs: Path | None,
    seeds: int,
    clip: str | None,
    out: Place | None,
    as_json: bool,
) -> None:
    """Ours against what else one would try.

    Peers learn out of fold from the same embeddings; intervals are 95 % bootstrap intervals over listings or
    queries, ± is the spread over seeds. Recall is that of the test listings, whose pairs nothing learns from.
    The tables also show on the dashboard.
    """
    from mmquality.pipeline.comparing import compare_peers

    tables = compare_peers(workspace, truth, split, pairs, seeds, clip, out, TerminalReporter())
    _print(tables, out, as_json)


@click.command()
@options.workspace
@options.anywhere("--out", "A folder for the tables, as CSV and Markdown.", required=True)
@options.file("--truth", "Mismatched listings: listing_id, kind (by default photos are swapped).")
@options.file("--split", "listing_id, split; the test listings are measured (by default one fold).")
@_seeds
@options.as_json
def ablate(
    workspace: Workspace, out: Place, truth: Path | None, split: Path | None, seeds: int, as_json: bool
) -> None:
    """What each projection and each loss is worth.

    Every row is a network that was trained without the measured listings. The tables also show on the
    dashboard.
    """
    from mmquality.pipeline.ablating import ablate as measure

    _print(measure(workspace, out, truth, split, seeds, TerminalReporter()), out, as_json)


def _print(tables: dict[str, pd.DataFrame], out: Place | None, as_json: bool) -> None:
    if as_json:
        print_json({name: _records(table) for name, table in tables.items()})
        return
    for name, table in tables.items():
        click.echo(f"{name}:")
        print_table(list(table.columns), [list(record.values()) for record in _records(table)])
        click.echo()
    click.echo(f"Written to {out}." if out else "Kept in the workspace; --out DIR writes them as files.")


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows with None for what is not defined: NaN has no form in JSON."""
    return [
        {str(key): None if pd.isna(value) else value for key, value in record.items()}
        for record in table.to_dict("records")
    ]
