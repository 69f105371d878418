"""build, and its steps: import, encode, train, score, index."""

from __future__ import annotations

from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter
from mmquality.config import Workspace
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files
from mmquality.pipeline.settings import EncoderChoice

_SHOWN = 5  # problems printed; the import report has them all


@click.command()
@options.workspace
@options.input_files
@options.encoders
@options.training
def build(
    workspace: Workspace,
    listings: Path,
    images: Path,
    impressions: Path | None,
    co_clicks: Path | None,
    name: str | None,
    text_encoder: str,
    photo_encoder: str,
    projection: str,
    epochs: int | None,
    seed: int,
    **vectors: Path | None,
) -> None:
    """From files to a ranked queue: import, encode, train, score, index."""
    from mmquality.pipeline import building

    summary, version = building.build(
        workspace,
        InputFiles(listings, images, impressions, co_clicks),
        building.Options(projection, seed, epochs),
        *_choices(text_encoder, photo_encoder, vectors),
        TerminalReporter(),
        name,
    )
    _print_import(summary)
    click.echo(f"Model {version} is in force. Look at it: mmquality serve -w {workspace.root}")


@click.command("import")
@options.workspace
@options.input_files
def import_(
    workspace: Workspace,
    listings: Path,
    images: Path,
    impressions: Path | None,
    co_clicks: Path | None,
    name: str | None,
) -> None:
    """Read a catalogue, its photos and its click log; a second import updates what changed."""
    files = InputFiles(listings, images, impressions, co_clicks)
    _print_import(import_files(workspace, files, reporter=TerminalReporter(), catalogue_name=name))


@click.command()
@options.workspace
@options.encoders
def encode(workspace: Workspace, text_encoder: str, photo_encoder: str, **vectors: Path | None) -> None:
    """Embed titles and photos that are new or changed."""
    from mmquality.pipeline import encoding

    choices = _choices(text_encoder, photo_encoder, vectors)
    done = encoding.encode(workspace, *choices, TerminalReporter())
    click.echo(
        f"Encoded {done.titles:,} titles ({done.titles_cached:,} were there already) and "
        f"{done.photos:,} photos ({done.photos_cached:,} were there already)."
    )


@click.command()
@options.workspace
@options.training
def train(workspace: Workspace, projection: str, epochs: int | None, seed: int) -> None:
    """Train a new model version; it shows once it has scored and been indexed."""
    from mmquality.pipeline import building

    version = building.train(workspace, building.Options(projection, seed, epochs), TerminalReporter())
    click.echo(f"Trained {version}. Next: mmquality score -w {workspace.root}")


@click.command()
@options.workspace
def score(workspace: Workspace) -> None:
    """Score every listing with the model trained last."""
    from mmquality.pipeline import building

    version = building.score(workspace, TerminalReporter())
    click.echo(f"Scored with {version}. Next: mmquality index -w {workspace.root}")


@click.command()
@options.workspace
def index(workspace: Workspace) -> None:
    """Build the neighbour indexes and put the model in force."""
    from mmquality.pipeline import building

    version = building.index(workspace, TerminalReporter())
    click.echo(f"Model {version} is in force. Look at it: mmquality serve -w {workspace.root}")


def _choices(text: str, photo: str, vectors: dict[str, Path | None]) -> tuple[EncoderChoice, EncoderChoice]:
    """The two encoder choices; vectors made elsewhere go before a model."""
    return (
        EncoderChoice(text, vectors["title_vectors"], vectors["title_ids"]),
        EncoderChoice(photo, vectors["photo_vectors"], vectors["photo_ids"]),
    )


def _print_import(summary: ImportSummary) -> None:
    done = summary.listings
    click.echo(f"Listings: {done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged.")
    for name, count in (("Impressions", summary.impressions), ("Co-clicks", summary.co_clicks)):
        if count:
            click.echo(f"{name}: {count:,} read.")
    if not summary.problems:
        return
    click.echo(f"Rows that could not be used: {len(summary.problems):,} (all are in the import report)")
    for reason, count in summary.problem_counts().items():
        click.echo(f"  {count:,} × {reason}")
    for problem in summary.problems[:_SHOWN]:
        click.echo(f"  {problem.file}, row {problem.row}, {problem.column}: {problem.reason}")
