"""build, and its steps: import, encode, train, score, index."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command, print_in_force, print_problems
from mmquality.config import ImportLimits, Workspace
from mmquality.engine import open_engine
from mmquality.errors import InputFileError
from mmquality.pipeline.importing import ImportSummary, InputFiles, import_files
from mmquality.pipeline.places import open_store
from mmquality.pipeline.settings import EncoderChoice
from mmquality.records import count
from mmquality.store import UpsertCounts


@click.command()
@options.workspace
@options.input_files
@options.encoders
@options.training
def build(
    workspace: Workspace,
    files: InputFiles,
    name: str | None,
    limits: ImportLimits,
    text: EncoderChoice | None,
    photo: EncoderChoice | None,
    projection: str,
    epochs: int | None,
    seed: int,
    hold_out: Path | None,
) -> None:
    """Import, encode, train, score and index in one go.

    From files to a ranked queue. In a workspace that is there, clicks alone may be given: a new model learns
    from them, too.
    """
    from mmquality.pipeline import building

    choices = building.Options(projection, seed, epochs, hold_out)
    _, version = building.build(
        workspace, files, choices, text, photo, TerminalReporter(), name, limits,
        imported=partial(_print_import, workspace),
    )  # fmt: skip
    print_in_force(workspace, version)


@click.command("import")
@options.workspace
@options.input_files
def import_(workspace: Workspace, files: InputFiles, name: str | None, limits: ImportLimits) -> None:
    """Read a catalogue, its photos and its click log.

    A second import updates what changed and leaves the rest; clicks may then come alone. Rows that cannot be
    used are counted and listed by `mmquality problems`.
    """
    summary = import_files(workspace, files, limits, TerminalReporter(), name)
    _print_import(workspace, summary)
    if not summary.changed and _listings_wait(workspace) is False:
        click.echo("Nothing changed, and no listing waits for the model: no step is due.")
        return
    clicks_alone = summary.listings == UpsertCounts()
    as_before = "" if summary.changed else "Nothing changed. "
    next_step = command("train" if clicks_alone else "encode", workspace)
    if summary.strangers:
        out = command(f"remove --from {shlex.quote(str(files.listings))}", workspace)
        click.echo(f"Where they are in the catalogue under other ids: {out}")
        click.echo(f"Where they are new listings: {next_step}")
        return
    click.echo(f"{as_before}Next: {next_step}")


@click.command()
@options.workspace
@options.encoders
@options.device
@options.engine
def encode(
    workspace: Workspace, text: EncoderChoice | None, photo: EncoderChoice | None, engine: str
) -> None:
    """Embed titles, columns and photos that are new.

    Vectors made elsewhere are taken as they are: make them again for titles and photos that changed.
    """
    from mmquality.pipeline import encoding

    with open_engine(engine) as opened:
        done = encoding.encode(workspace, text, photo, TerminalReporter(), opened)
    there = f" ({done.values_cached:,} were there already)"
    values = f", {count(done.values, 'attribute value')}{there}" if done.values or done.values_cached else ""
    click.echo(
        f"Encoded {count(done.titles, 'title')} ({done.titles_cached:,} were there already){values} and "
        f"{count(done.photos, 'photo')} ({done.photos_cached:,} were there already)."
    )
    click.echo(f"Next: {command('arrive' if _listings_wait(workspace) else 'train', workspace)}")


@click.command()
@options.workspace
@options.training
def train(
    workspace: Workspace, projection: str, epochs: int | None, seed: int, hold_out: Path | None
) -> None:
    """Train a new model version.

    It shows once it has scored the catalogue and been indexed.
    """
    from mmquality.pipeline import building

    choices = building.Options(projection, seed, epochs, hold_out)
    if version := building.train(workspace, choices, TerminalReporter()):
        click.echo(f"Trained {version}. Next: {command('score', workspace)}")


@click.command()
@options.workspace
@click.option(
    "--model", metavar="VERSION", help="By the model of this version, which may be a forgotten one."
)
@options.engine
def score(workspace: Workspace, model: str | None, engine: str) -> None:
    """Score every listing.

    The model is the one trained last or, where that was published already, the one in force: its scores stay
    as they are, and the new ones are a new version. `index` puts it in force.
    """
    from mmquality.pipeline import building
    from mmquality.pipeline.versions import newest_version

    before = newest_version(workspace)
    with open_engine(engine) as opened:
        version = building.score(workspace, TerminalReporter(), opened, model)
    with open_store(workspace) as store:
        current = store.current_version()
    of = model or (current.name if current else "")
    whose = f"the model of {of}, as a new version, " if of and version != before else ""
    instead = f" instead of {current.name}" if current else ""
    click.echo(f"Scored with {whose}{version}. The next step puts it in force{instead}.")
    click.echo(f"Next: {command('index', workspace)}")


@click.command()
@options.workspace
def index(workspace: Workspace) -> None:
    """Index the neighbours and put the model in force."""
    from mmquality.pipeline import building

    print_in_force(workspace, building.index(workspace, TerminalReporter()))


def _listings_wait(workspace: Workspace) -> bool | None:
    """Whether listings wait for the model in force; None where there is none."""
    with open_store(workspace) as store:
        version = store.current_version()
        return None if version is None else not store.waiting(version.name).empty


def _print_import(workspace: Workspace, summary: ImportSummary) -> None:
    """Say what was read. Raises `InputFileError` where every row was refused."""
    done = summary.listings
    if done != UpsertCounts() or not (summary.impressions or summary.co_clicks):
        click.echo(f"Listings: {done.added:,} added, {done.updated:,} updated, {done.unchanged:,} unchanged.")
    if summary.impressions:
        new = summary.merged["impressions"].new
        click.echo(f"Impressions: {summary.impressions:,} read, {new:,} of them new.")
    if summary.co_clicks:
        new = summary.merged["co_clicks"].new
        again = summary.co_clicks - new
        rest = f"; {again:,} name a pair again, either way round" if again else ""
        click.echo(f"Co-clicks: {summary.co_clicks:,} read, {count(new, 'new pair')}{rest}.")
    if summary.problems:
        print_problems(summary.problems, workspace)
    if missed := summary.photo_missed:
        raise InputFileError(
            f"Nothing was imported: no photo could be read. {missed.value!r} in {summary.images} "
            f"{missed.reason}; give --images the folder that the names in the column image start from, and "
            "see that it and its files may be read."
        )
    if summary.problems and not summary.used:
        raise InputFileError(
            "No row could be used, so nothing was imported. Mend the file and import it again."
        )
