"""watch: listings come from a folder, a table or a topic, and are ranked within seconds."""

from __future__ import annotations

import signal
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from mmquality.cli import options
from mmquality.cli.terminal import TerminalReporter, command, print_json, print_table, printable
from mmquality.config import Workspace
from mmquality.errors import MMQualityError
from mmquality.pipeline.people import whoami
from mmquality.pipeline.places import open_store
from mmquality.records import count
from mmquality.store import LetterState

if TYPE_CHECKING:
    from mmquality.sources import Source

_SHOWN = 50  # letters

once = click.option("--once", is_flag=True, help="Take in what is there, and end; for a schedule.")
deleted = click.option(
    "--deleted", default="deleted", show_default=True, help="The column that says that a listing is gone."
)


@click.group()
def watch() -> None:
    """Take in listings as they come, until it is stopped.

    New and changed ones are encoded, scored, ranked, and neighbours of others; deleted ones leave. Stopped at
    any moment, it goes on where it was. One watcher at a time on a workspace, beside everything else.
    """


@watch.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@options.workspace
@deleted
@once
@options.device
def folder(workspace: Workspace, folder: Path, deleted: str, once: bool) -> None:
    """From files that are dropped into a FOLDER.

    JSON Lines, Parquet or CSV, as `import` takes them. A file is read once nobody writes it any more, then
    moved to FOLDER/done.
    """
    from mmquality.sources import Folder

    with open_store(workspace) as store:
        _watch(workspace, Folder(folder, deleted, say=TerminalReporter().say, known=store.listing_ids), once)


@watch.command()
@click.argument("url")
@click.argument("table")
@options.workspace
@click.option(
    "--watermark",
    default="updated_at",
    show_default=True,
    help="The column that rises with every change of a row.",
)
@click.option("--id", "key", default="listing_id", show_default=True, help="The column of the listings' ids.")
@deleted
@once
@options.device
def table(
    workspace: Workspace, url: str, table: str, watermark: str, key: str, deleted: str, once: bool
) -> None:
    """From a TABLE or view in the database at a SQLAlchemy URL.

    Its columns are those of a catalogue file. A row that becomes visible with an older watermark than one
    that was read already is not seen.
    """
    from mmquality.sources import Columns, GrowingTable

    _watch(workspace, GrowingTable(url, table, Columns(watermark, key, deleted)), once)


@watch.command()
@click.argument("servers")
@click.argument("topic")
@options.workspace
@click.option("--group", default="mmquality", show_default=True, help="The consumer group.")
@click.option("--setting", multiple=True, metavar="NAME=VALUE", help="A setting of librdkafka; any number.")
@deleted
@once
@options.device
def kafka(
    workspace: Workspace,
    servers: str,
    topic: str,
    group: str,
    setting: tuple[str, ...],
    deleted: str,
    once: bool,
) -> None:
    """From a Kafka TOPIC of the brokers at SERVERS (host:port,…).

    A message is a listing as a JSON object; one without content deletes the listing that its key names.
    """
    from mmquality.sources import Topic

    if wrong := [text for text in setting if "=" not in text]:
        raise click.UsageError(f"--setting takes NAME=VALUE, not {wrong[0]!r}.")
    settings = dict(text.split("=", 1) for text in setting)
    _watch(workspace, Topic(servers, topic, group, deleted, settings), once)


@watch.command()
@options.workspace
@click.option("--retry", multiple=True, type=int, metavar="NUMBER", help="Have the watcher try this again.")
@click.option("--dismiss", multiple=True, type=int, metavar="NUMBER", help="Let this one rest.")
@click.option("--retry-all", is_flag=True, help="Have the watcher try all of them again.")
@click.option(
    "--state",
    type=click.Choice([str(state) for state in LetterState]),
    default=str(LetterState.OPEN),
    show_default=True,
    help="Which ones to list.",
)
@options.as_json
def letters(
    workspace: Workspace,
    retry: tuple[int, ...],
    dismiss: tuple[int, ...],
    retry_all: bool,
    state: str,
    as_json: bool,
) -> None:
    """List what could not be used, and why; try it again, or let it rest.

    A running watcher tries again what waits for it, else the next one does. A letter that fails once more
    keeps its number.
    """
    with open_store(workspace) as store:
        if retry or retry_all:
            again = store.settle_letters(None if retry_all else retry, LetterState.AGAIN, whoami())
            if again or retry_all:
                by = "by the watcher that runs, else by the next one"
                click.echo(f"{count(len(again), 'letter')} will be tried again {by}.", err=True)
            _check_all(retry, again, "tried again")
        if dismiss:
            rest = store.settle_letters(dismiss, LetterState.DISMISSED, whoami())
            if rest:
                click.echo(f"{count(len(rest), 'letter')} dismissed.", err=True)
            _check_all(dismiss, rest, "dismissed")
        found = store.dead_letters(LetterState(state), 1, _SHOWN)
    if as_json:
        told = [{**asdict(x), "created_at": x.created_at.isoformat()} for x in found.rows]
        print_json({"total": found.total, "letters": told})
        return
    rows = [[x.letter_id, x.place, x.listing_id, x.reason] for x in found.rows]
    print_table(["number", "where", "listing", "reason"], rows)
    if found.total > len(found.rows):
        click.echo(f"The newest {len(found.rows)} of {found.total:,}.", err=True)


def _check_all(given: tuple[int, ...], settled: set[int], done: str) -> None:
    """Raises `MMQualityError` where a number is none of an open letter, or there is nothing to try of it."""
    if wrong := sorted(map(str, set(given) - settled)):
        raise MMQualityError(
            f"{', '.join(wrong)}: no letter of that number can be {done}. `mmquality watch letters` lists "
            "what is open; a letter of a whole file, or that is not kept whole, can only be dismissed."
        )


def _watch(workspace: Workspace, source: Source, once: bool) -> None:
    from mmquality.pipeline import watching

    stop = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda number, frame: stop.set())
    done = watching.watch(workspace, source, once, stop, TerminalReporter())
    click.echo(printable(done.in_words()))
    if done.letters:
        listed = command("watch letters", workspace)
        click.echo(f"{count(done.letters, 'letter')} could not be used; what and why: {listed}")
