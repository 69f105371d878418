"""How the command line speaks: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import math
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from mmquality.config import Workspace
from mmquality.pipeline.background import job_stage
from mmquality.pipeline.progress import Advance, untold
from mmquality.records import RowProblem, count, count_kinds

_EVERY = 10.0  # seconds between plain lines where there is no terminal
_ENOUGH = 5.0  # seconds of steps that an estimate of the rest is made from
_SHOWN = 5  # problems printed, …
_SHOWN_KINDS = 12  # … and kinds of them


class TerminalReporter:
    """A bar per stage on a terminal, plain lines elsewhere; of a job of the dashboard, its state."""

    def say(self, line: str) -> None:
        click.echo(printable(line), err=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None, in_bytes: bool = False) -> Iterator[Advance]:
        if total == 0:
            click.echo(f"{name}: nothing to do", err=True)
            yield untold
        elif (of_job := job_stage(name, total)) is not None:
            yield from of_job
        elif sys.stderr.isatty():
            unit = {"unit": "B", "unit_scale": True} if in_bytes else {}
            with _Bar(total=total, desc=name, file=sys.stderr, dynamic_ncols=True, leave=True, **unit) as bar:
                yield partial(_draw, bar)
        else:
            yield from _plain(name, total, _megabytes if in_bytes else "{:,}".format)


class _Bar(tqdm):  # type: ignore[misc]  # it has no types
    """A bar that tells the time remaining as the plain lines do (`_left`)."""

    _first: tuple[float, float] | None = None  # when the first step was done, and how many were then

    def update(self, n: float = 1) -> None:
        self._first = self._first or (time.monotonic(), self.n + n)
        super().update(n)

    @property
    def format_dict(self) -> dict[str, Any]:
        """What is written; a rate of 0 as a question mark, as is the time that follows from it."""
        told: dict[str, Any] = super().format_dict
        if self.total is not None and self.n < self.total:
            since, before = self._first or (math.inf, 0)
            seconds = time.monotonic() - since
            told["rate"] = (self.n - before) / seconds if seconds >= _ENOUGH else 0
        return told


def _draw(bar: _Bar, more: int, note: str = "") -> None:
    if note:
        bar.set_postfix_str(note, refresh=False)
    bar.update(more)


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def _plain(name: str, total: int | None, shown: Callable[[int], str]) -> Iterator[Advance]:
    started = told = time.monotonic()
    done = 0
    first: tuple[float, int] | None = None

    def advance(more: int, note: str = "") -> None:
        nonlocal done, told, first
        now = time.monotonic()
        done += more
        first = first or (now, done)
        if now - told >= _EVERY:
            told = now
            of = f" of {shown(total)}" if total else ""
            left = _left(now - first[0], done - first[1], total - done) if total else ""
            click.echo(f"{name}: " + ", ".join(filter(None, (shown(done) + of, note, left))), err=True)

    yield advance
    click.echo(f"{name}: {shown(done)} in {time.monotonic() - started:.1f} s", err=True)


def _left(seconds: float, done: int, rest: int) -> str:
    """Time remaining, if the rest goes as what was `done` in the `seconds` since the first step.

    What came before that step, such as processes that start, comes once. "" while hardly anything is known.
    """
    if seconds < _ENOUGH or done <= 0 or rest <= 0:
        return ""
    left = seconds * rest / done
    return f"about {left:.0f} s left" if left < 100 else f"about {left / 60:.0f} min left"


def command(step: str, workspace: Workspace) -> str:
    """A command line for this workspace, to be copied."""
    root = workspace.root
    here = Path.cwd()
    place = root.relative_to(here) if root.is_relative_to(here) else root
    return f"mmquality {step} -w {shlex.quote(str(place))}"


def print_in_force(workspace: Workspace, version: str) -> None:
    """Say that a model is in force, and how to look at it."""
    click.echo(f"Model {version} is in force. Look at it: {command('serve', workspace)}")


def print_json(value: dict[str, Any]) -> None:
    """One JSON object and nothing else."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json))


def print_table(header: list[str], rows: list[list[Any]]) -> None:
    """Columns as wide as their widest cell, the last one free."""
    cells = [header, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header) - 1)]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*padded, row[-1]]).rstrip())


def print_problems(problems: Sequence[RowProblem], workspace: Workspace) -> None:
    """Rows that could not be used: how many of each kind, and the first of them."""
    click.echo(
        f"Rows that could not be used: {len(problems):,} (all of them: {command('problems', workspace)})"
    )
    kinds = list(count_kinds(problems).items())
    for reason, number in kinds[:_SHOWN_KINDS]:
        click.echo(f"  {number:,} × {printable(reason)}")
    if len(kinds) > _SHOWN_KINDS:
        click.echo(f"  and {count(len(kinds) - _SHOWN_KINDS, 'more kind')}")
    click.echo("The first of them:")
    for problem in problems[:_SHOWN]:
        where = f"{problem.file}, row {problem.row}" + (f", {problem.column}" if problem.column else "")
        click.echo(f"  {printable(where)}: {printable(problem.reason)}")


def printable(text: str) -> str:
    """`text` without control characters: a title is a stranger's, and they could take over the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))


def _as_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
