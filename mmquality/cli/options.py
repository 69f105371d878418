"""Options that several commands share, and what they become before a command sees them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from mmquality import devices
from mmquality.anywhere import Place, place
from mmquality.config import ImportLimits, Workspace
from mmquality.engine import ENGINES
from mmquality.errors import WorkspaceError
from mmquality.pipeline.importing import InputFiles
from mmquality.pipeline.places import workspace_at
from mmquality.pipeline.settings import EncoderChoice

Command = Callable[..., Any]

_folder = click.Path(path_type=str, file_okay=False)  # no `Path`, which makes s3:/bucket of s3://bucket


def _workspace(context: click.Context, parameter: click.Parameter, value: str | None) -> Workspace:
    """The one that is named, or else the one of the group."""
    try:
        return workspace_at(value) if value else context.obj
    except WorkspaceError as error:
        raise click.BadParameter(str(error)) from error


workspace = click.option(
    "-w",
    "--workspace",
    envvar="MMQ_WORKSPACE",
    default=Path("workspace"),
    show_default=True,
    type=_folder,
    callback=_workspace,
    help="The catalogue's folder (or MMQ_WORKSPACE).",
)
# For a command of a group that takes --workspace itself: it may stand before the command or after it.
workspace_again = click.option(
    "-w",
    "--workspace",
    type=_folder,
    callback=_workspace,
    help="The catalogue's folder.",
)
engine = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="local",
    show_default=True,
    help="Where the work is done: in this process, or by Ray (the cluster at RAY_ADDRESS, else all cores).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def file(name: str, help: str, required: bool = False) -> Callable[[Command], Command]:
    """An option that names a file to read; whether it can be read is for the reader to say."""
    return click.option(name, type=click.Path(path_type=Path), required=required, help=help)


class _Anywhere(click.ParamType[Place]):
    """A path or a URL."""

    name = "path or url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        return place(value)


def anywhere(name: str, help: str, required: bool = False) -> Callable[[Command], Command]:
    """An option that names a file or folder by its path or URL; whether it can be used shows with its use."""
    return click.option(name, type=_Anywhere(), required=required, help=help)


def _limits(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> ImportLimits:
    """The usual limits, with those that were given as NAME=NUMBER."""
    names = [field.name for field in fields(ImportLimits)]
    changed = {}
    for text in given:
        name, _, number = text.partition("=")
        if name not in names or not number.isdecimal() or not int(number):
            raise click.BadParameter(
                f"{text!r} is not NAME=NUMBER with a number from 1 on and one of {', '.join(names)}."
            )
        changed[name] = int(number)
    return ImportLimits(**changed)


limits = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_limits,
    help="Refuse less or more, as max_photo_pixels=80000000 (docs/security.md names them).",
)


def input_files(command: Command) -> Command:
    """--listings, --images, --impressions, --co-clicks, --new-ids as `files`; --name; --limit as `limits`."""

    @functools.wraps(command)
    def with_files(
        listings: Place | None,
        images: Place | None,
        impressions: Place | None,
        co_clicks: Place | None,
        new_ids: bool,
        **others: Any,
    ) -> Any:
        if not (listings or impressions or co_clicks):
            raise click.UsageError(
                "There is nothing to import: give --listings, --impressions or --co-clicks."
            )
        if images and not listings:
            raise click.UsageError("--images goes with --listings.")
        return command(files=InputFiles(listings, images, impressions, co_clicks, new_ids), **others)

    return _with_options(
        with_files,
        anywhere(
            "--listings", "CSV, Parquet or JSON Lines: listing_id, title, image; other columns are kept."
        ),
        anywhere(
            "--images",
            "The folder that the image column is relative to (by default that of the import before).",
        ),
        anywhere(
            "--impressions",
            "Click log: which listing was shown to whom, where, and whether it was clicked.",
        ),
        anywhere("--co-clicks", "Pairs of listings clicked or bought together: two columns of ids."),
        click.option(
            "--new-ids",
            is_flag=True,
            help="The listings are new, even where the catalogue has their ids with other zeros before them.",
        ),
        click.option("--name", help="The catalogue's name for people (by default its folder's)."),
        limits,
    )


def encoders(command: Command) -> Command:
    """--text-encoder, --photo-encoder and vectors made elsewhere as `text` and `photo`."""

    @functools.wraps(command)
    def with_encoders(
        text_encoder: str | None,
        title_vectors: Path | None,
        title_ids: Path | None,
        photo_encoder: str | None,
        photo_vectors: Path | None,
        photo_ids: Path | None,
        **others: Any,
    ) -> Any:
        return command(
            text=_choice("--text-encoder", text_encoder, "--title", title_vectors, title_ids),
            photo=_choice("--photo-encoder", photo_encoder, "--photo", photo_vectors, photo_ids),
            **others,
        )

    usual = "(by default the one used before, at first {}; 'default' goes back to that)."
    return _with_options(
        with_encoders,
        click.option(
            "--text-encoder",
            help=f"A sentence-transformers model, by folder or name {usual.format('all-MiniLM-L6-v2')}",
        ),
        click.option(
            "--photo-encoder",
            help=f"A transformers vision model, by folder or name {usual.format('EfficientNet-Lite0')}",
        ),
        file("--title-vectors", "Title embeddings made elsewhere, .npy or Parquet."),
        file("--title-ids", "Listing ids of the rows of --title-vectors, where that is an .npy file."),
        file("--photo-vectors", "Photo embeddings made elsewhere, .npy or Parquet."),
        file("--photo-ids", "Listing ids of the rows of --photo-vectors, where that is an .npy file."),
    )


def _choose_device(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """What is chosen holds for this command and all processes that it starts."""
    if value:
        os.environ[devices.VARIABLE] = value


device = click.option(
    "--device",
    type=click.Choice(devices.CHOICES),
    callback=_choose_device,
    expose_value=False,
    help="Where to compute (or MMQ_DEVICE); by default auto: on a GPU where there is one.",
)


def training(command: Command) -> Command:
    """--projection, --epochs, --seed, --hold-out, --device."""
    return _with_options(
        command,
        click.option(
            "--projection",
            type=click.Choice(["identity", "linear", "transe", "transh", "transr"]),
            default="transh",
            show_default=True,
            help="How title and photo are brought together.",
        ),
        click.option("--epochs", type=click.IntRange(1), help="By default, what suits the catalogue's size."),
        click.option(
            "--seed",
            type=click.IntRange(0, 2**31 - 1),
            default=7,
            show_default=True,
            help="The same seed gives the same model.",
        ),
        file("--hold-out", "listing_id, split; nothing is learnt from clicks that touch its test listings."),
        device,
    )


def _with_options(command: Command, *options: Callable[[Command], Command]) -> Command:
    """`command` with these options, in this order in its help."""
    for option in reversed(options):
        command = option(command)
    return command


def _choice(
    encoder_option: str, encoder: str | None, prefix: str, vectors: Path | None, ids: Path | None
) -> EncoderChoice | None:
    """What was chosen, None where nothing was."""
    if encoder and vectors:
        raise click.UsageError(f"Give {encoder_option} or {prefix}-vectors, not both.")
    if ids and not vectors:
        raise click.UsageError(f"{prefix}-ids goes with {prefix}-vectors.")
    if vectors:
        return EncoderChoice(vectors=vectors, ids=ids)
    return EncoderChoice(encoder) if encoder else None
