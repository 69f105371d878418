"""The root of the command line: options that all commands share, and errors as sentences."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from mmquality import __version__, logs
from mmquality.cli import (
    arriving,
    auditing,
    building,
    comparing,
    evaluating,
    experimenting,
    explaining,
    keeping,
    labelling,
    mapping,
    models,
    monitoring,
    problems,
    reading,
    reasons,
    recalling,
    retraining,
    roles,
    serving,
    watching,
)
from mmquality.cli.stopping import stopped
from mmquality.cli.terminal import printable
from mmquality.config import LogConfig
from mmquality.errors import MMQualityError
from mmquality.memory import give_back_large_blocks


class Commands(click.Group):
    """Turns errors that a person can mend into one sentence and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            logs.set_up(LogConfig.of_environment())
            with _as_event(ctx):
                return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"\n{stopped(ctx.invoked_subcommand)}", err=True)  # after the ^C, or a bar
            ctx.exit(1)
        except MMQualityError as error:
            sentence = str(error)
        except OSError as error:
            if error.errno in (None, errno.EPIPE):  # click ends quietly when the reader of a pipe has gone
                raise
            sentence = f"{error.filename or 'A file'}: {error.strerror}. Nothing more was done."
        sentence = logs.without_secrets(sentence)
        logs.event("failure", logging.ERROR, where=ctx.invoked_subcommand, sentence=sentence)
        click.echo(f"Error: {printable(sentence)}", err=True)
        ctx.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use, not of the alphabet


@contextmanager
def _as_event(ctx: click.Context) -> Iterator[None]:
    """A command as operators see it; what it says to people stays as it is."""
    started, outcome = time.monotonic(), "failed"
    try:
        yield
        outcome = "done"
    except click.exceptions.Exit as end:  # a command that ends itself: doctor, --help
        outcome = "failed" if end.exit_code else "done"
        raise
    finally:
        seconds = time.monotonic() - started
        logs.event("command", command=ctx.invoked_subcommand, outcome=outcome, seconds=seconds)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="mmquality")
def main() -> None:
    """Find marketplace listings whose title and cover photo do not belong together."""
    give_back_large_blocks()


for command in (
    serving.demo,
    building.build,
    building.import_,
    problems.problems,
    building.encode,
    building.train,
    building.score,
    building.index,
    arriving.arrive,
    arriving.remove,
    watching.watch,
    retraining.retrain,
    reading.rank,
    reading.neighbours,
    evaluating.evaluate,
    comparing.ablate,
    experimenting.experiment,
    mapping.draw,
    explaining.explain,
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
    recalling.serve_recall,
):
    main.add_command(command)
