"""How the command line speaks: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from tqdm import tqdm

from mmquality.pipeline.progress import Advance

_EVERY = 10.0  # seconds between plain lines where there is no terminal


class TerminalReporter:
    """A bar per stage on a terminal, plain lines elsewhere."""

    def say(self, line: str) -> None:
        click.echo(line, err=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        if total == 0:
            click.echo(f"{name}: nothing to do", err=True)
            yield lambda done: None
        elif sys.stderr.isatty():
            with tqdm(total=total, desc=name, file=sys.stderr, dynamic_ncols=True, leave=True) as bar:
                yield bar.update
        else:
            yield from _plain(name, total)


def _plain(name: str, total: int | None) -> Iterator[Advance]:
    started = told = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal done, told
        done += more
        if time.monotonic() - told >= _EVERY:
            told = time.monotonic()
            click.echo(f"{name}: {done:,}" + (f" of {total:,}" if total else ""), err=True)

    yield advance
    click.echo(f"{name}: {done:,} in {time.monotonic() - started:.1f} s", err=True)


def print_json(value: Any) -> None:
    """One JSON object and nothing else."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(header: list[str], rows: list[list[Any]]) -> None:
    """Columns as wide as their widest cell, the last one free."""
    cells = [header, *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header) - 1)]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*padded, row[-1]]).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    # A title is a stranger's text: no control character of it may reach the terminal.
    return "".join(c if c.isprintable() else " " for c in text)
