"""The root of the command line: options that all commands share, and errors as sentences."""

from __future__ import annotations

import errno
from typing import Any

import click

from mmquality import __version__
from mmquality.cli import (
    arriving,
    auditing,
    building,
    comparing,
    evaluating,
    experimenting,
    keeping,
    labelling,
    mapping,
    models,
    monitoring,
    reading,
    reasons,
    retraining,
    roles,
    serving,
)
from mmquality.cli.terminal import printable
from mmquality.errors import MMQualityError


class Commands(click.Group):
    """Turns errors that a person can mend into one sentence and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MMQualityError as error:
            sentence = str(error)
        except OSError as error:
            if error.errno in (None, errno.EPIPE):  # click ends quietly when the reader of a pipe has gone
                raise
            sentence = f"{error.filename or 'A file'}: {error.strerror}. Nothing more was done."
        click.echo(f"Error: {printable(sentence)}", err=True)
        ctx.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use, not of the alphabet


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="mmquality")
def main() -> None:
    """Find marketplace listings whose title and cover photo do not belong together."""


for command in (
    serving.demo,
    building.build,
    building.import_,
    building.encode,
    building.train,
    building.score,
    building.index,
    arriving.arrive,
    arriving.remove,
    retraining.retrain,
    reading.rank,
    reading.neighbours,
    evaluating.evaluate,
    comparing.ablate,
    experimenting.experiment,
    mapping.draw,
    labelling.label,
    labelling.export,
    labelling.import_labels,
    auditing.audit,
    reasons.reasons,
    roles.roles,
    models.models,
    monitoring.health,
    keeping.doctor,
    keeping.backup,
    keeping.restore,
    serving.serve,
):
    main.add_command(command)
