"""Listings join the model in force, or leave the catalogue."""

from __future__ import annotations

from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command
from mmquality.config import Workspace
from mmquality.ids import same_id
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.records import count


@click.command()
@options.workspace
def arrive(workspace: Workspace) -> None:
    """Let new listings join the model in force.

    Those that were imported and encoded since it scored the catalogue, and those whose title or photo
    changed. All other scores stay; the next `score` weighs everything together.
    """
    from mmquality.pipeline import arriving

    done = arriving.arrive(workspace, TerminalReporter())
    if not done.arrived:
        why = "what waits is not encoded" if done.not_encoded else "none waits"
        click.echo(f"No listing joined {done.version}: {why}.")
    else:
        click.echo(f"{count(done.arrived, 'listing')} joined {done.version}.")
    if done.not_encoded:
        click.echo(f"Not encoded yet: {done.not_encoded:,}. Next: {command('encode', workspace)}", err=True)


@click.command()
@click.argument("listing_ids", nargs=-1, metavar="[ID]...")
@options.workspace
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    help="CSV, Parquet or JSON Lines with a column listing_id: these, too.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out ids that the catalogue never held.")
def remove(workspace: Workspace, listing_ids: tuple[str, ...], file: Path | None, skip_unknown: bool) -> None:
    """Take listings out of the catalogue.

    Out of ranking, neighbours, queue, search, map and counts; their labels stay. An import brings them back.
    One unknown id, and nothing is removed.
    """
    from mmquality.evaluation.truth import read_columns

    if not listing_ids and file is None:
        raise click.UsageError("There is nothing to remove: give ids, or --from a file that names them.")
    wanted, empty = list(listing_ids), 0
    with open_store(workspace) as store:
        if file is not None:
            named = read_columns(file, ["listing_id"], store.listing_ids())["listing_id"].map(same_id)
            wanted += filter(None, named)
            empty = int((named == "").sum())
        unknown = dict.fromkeys(store.unknown(wanted) if skip_unknown else ())
        removed = store.remove_listings([i for i in wanted if i not in unknown], whoami())
    out = len(set(wanted)) - len(unknown) - removed
    before = f" {count(out, 'other was', 'others were')} out before." if out else ""
    skipped = f" {count(len(unknown), 'id')} unknown, and left out." if unknown else ""
    nameless = f" {count(empty, 'row')} without an id, and left out." if empty else ""
    click.echo(f"{count(removed, 'listing')} removed.{before}{skipped}{nameless}")
