"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mmquality.config import Workspace

Command = Callable[..., Any]


def _workspace(_: click.Context, __: click.Parameter, value: Path) -> Workspace:
    return Workspace.at(value)


workspace = click.option(
    "-w",
    "--workspace",
    envvar="MMQ_WORKSPACE",
    default=Path("workspace"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    callback=_workspace,
    help="The catalogue's folder (or MMQ_WORKSPACE).",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def file(name: str, help: str, required: bool = False) -> Callable[[Command], Command]:
    """An option that names a file to read; whether it can be read is for the reader to say."""
    return click.option(name, type=click.Path(path_type=Path), required=required, help=help)


def input_files(command: Command) -> Command:
    """--listings, --images, --impressions, --co-clicks, --name."""
    for option in (
        click.option("--name", help="The catalogue's name for people (by default its folder's)."),
        file("--co-clicks", "Pairs of listings clicked or bought together: two columns of ids."),
        file(
            "--impressions",
            "Click log: which listing was shown to whom, where, and whether it was clicked.",
        ),
        file("--images", "The folder that the image column is relative to.", required=True),
        file(
            "--listings",
            "CSV, Parquet or JSON Lines with listing_id, title, image, …",
            required=True,
        ),
    ):
        command = option(command)
    return command


def encoders(command: Command) -> Command:
    """--text-encoder, --photo-encoder, and vectors made elsewhere."""
    for option in (
        file("--photo-ids", "Listing ids of the rows of --photo-vectors, where that is an .npy file."),
        file("--photo-vectors", "Photo embeddings made elsewhere, .npy or Parquet."),
        file("--title-ids", "Listing ids of the rows of --title-vectors, where that is an .npy file."),
        file("--title-vectors", "Title embeddings made elsewhere, .npy or Parquet."),
        click.option(
            "--photo-encoder",
            default="default",
            show_default=True,
            help="A transformers vision model.",
        ),
        click.option(
            "--text-encoder",
            default="default",
            show_default=True,
            help="A sentence-transformers model.",
        ),
    ):
        command = option(command)
    return command


def training(command: Command) -> Command:
    """--projection, --epochs, --seed."""
    for option in (
        click.option("--seed", default=7, show_default=True, help="The same seed gives the same model."),
        click.option("--epochs", type=click.IntRange(1), help="By default, what suits the catalogue's size."),
        click.option(
            "--projection",
            type=click.Choice(["identity", "linear", "transe", "transh", "transr"]),
            default="transh",
            show_default=True,
            help="How title and photo are brought together.",
        ),
    ):
        command = option(command)
    return command
