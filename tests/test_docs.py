"""README, docs and command line agree: commands parse, all are mentioned, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pandas as pd
import pytest

from mmquality.cli import main
from mmquality.data.values import to_counts, to_flags, to_times, to_weights

PROJECT = Path(__file__).parents[1]
PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "models").glob("*.md")])
IDS = [str(page.relative_to(PROJECT)) for page in PAGES]

_FENCE = re.compile(r"^ *```.*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
_PLACEHOLDER = re.compile(r"[A-Z]+|<.*>|…")  # `mmquality neighbours ID -w W --top N`


def command_lines(text: str) -> Iterator[str]:
    """Every `mmquality …` in a fenced block or in backticks, as one line each."""
    for block in _FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield from calls(line)
    for quoted in _INLINE.findall(_FENCE.sub("", text)):
        yield from calls(quoted)


def calls(line: str) -> Iterator[str]:
    """The call of mmquality in a shell line, without what stands around it."""
    for part in re.split(r"\s*(?:\||&&|;|>)\s*", line.split(" #")[0]):
        found = re.match(
            r"(?:\$ )?(?:\w+=\S+ )*(?:\.venv/bin/|python3? -m )?(mmquality [a-z-].*)", part.strip()
        )
        if found:
            yield found.group(1)


def check(line: str) -> tuple[str, ...]:
    """Parse a command line as click would; gives the command's path. Raises `click.UsageError`."""
    words = shlex.split(line.replace("[", "").replace("]", ""))[1:]
    command, context, path = main, context_of(main, "mmquality"), ()
    while isinstance(command, click.Group):
        own, words = options_before(command, words)
        values(command, context, own)
        if not words or words[0] in ("--help", "--version", "-h"):
            return path
        name, words = words[0], words[1:]
        if command.get_command(context, name) is None:
            raise click.UsageError(f"there is no command {name}")
        path, command = (*path, name), command.get_command(context, name)
        context = context_of(command, name, context)
    values(command, context, words)
    return path


def context_of(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    """As click makes it: with the command's own settings.

    A context without them would leave its mark: a command remembers the help option it was first asked for.
    """
    return click.Context(command, parent, info_name=name, **command.context_settings)


def options_before(group: click.Group, words: list[str]) -> tuple[list[str], list[str]]:
    """A group's own options, and the command that follows them."""
    start = 0
    while start < len(words) and words[start].startswith("-") and words[start] not in ("--help", "--version"):
        start += 2
    return words[:start], words[start:]


def values(command: click.Command, context: click.Context, words: list[str]) -> None:
    """Check that the options exist and take what they are given; capitals stand for anything."""
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    for parameter in command.get_params(context):
        value = given.get(parameter.name)
        if isinstance(value, str) and not _PLACEHOLDER.fullmatch(value):
            parameter.type_cast_value(context, value)
    if rest and not isinstance(command, click.Group):
        raise click.UsageError(f"{' '.join(rest)} is too much")


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """(("models", "list"), command) of every command that does something."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(main))
DOCUMENTED = {page: list(command_lines(page.read_text(encoding="utf-8"))) for page in PAGES}


def test_the_readme_shows_commands() -> None:
    """Else the tests below would check nothing."""
    assert (
        len(DOCUMENTED[PROJECT / "README.md"]) >= 5
        and len(DOCUMENTED[PROJECT / "docs" / "commands.md"]) >= 30
    )


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_line_parses(page: Path) -> None:
    for line in DOCUMENTED[page]:
        try:
            check(line)
        except (click.ClickException, ValueError) as error:
            pytest.fail(f"{page.name}: `{line}`: {error}")


@pytest.mark.parametrize("line", [
    "mmquality repair", "mmquality rank --upwards", "mmquality rank --top many", "mmquality rank 5",
    "mmquality models -w shop delete v1", "mmquality neighbours ID --space sound",
])  # fmt: skip
def test_a_wrong_command_line_would_be_found(line: str) -> None:
    with pytest.raises(click.UsageError):
        check(line)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_is_documented(path: tuple[str, ...]) -> None:
    shown = {check(line) for lines in DOCUMENTED.values() for line in lines}
    assert path in shown, f"neither README.md nor docs/ mentions `mmquality {' '.join(path)}`"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in (one or other for one, other in _LINK.findall(text)):
        if not re.match(r"[a-z]+:|#", link):
            target = page.parent / unquote(link.partition("#")[0])
            assert target.exists(), f"{page.name} links to {link}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    """`mmquality/…`, `tests/…`, `benchmarks/…`, `docs/…`, wherever in the text."""
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?<![\w./-])((?:mmquality|tests|benchmarks|docs)/[\w./-]*\w)", text):
        assert (PROJECT / name).exists(), f"{page.name} names {name}, which is not there"


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= targets


def test_the_readme_names_every_environment_variable() -> None:
    """Those that the command line reads are in its help; the rest has to be somewhere a person looks."""
    named = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "mmquality").rglob("*.py"))
    helps = "".join(
        parameter.help or ""
        for command in COMMANDS.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
    )
    for variable in sorted(set(re.findall(r"\bMMQ_[A-Z_]+\b", code))):
        assert variable in named or variable in helps, f"nobody is told of {variable}"


@pytest.mark.parametrize(
    ("column", "reader"),
    [("shown_at", to_times), ("position", to_counts), ("clicked", to_flags), ("weight", to_weights)],
)
def test_what_a_click_log_may_hold_is_read_and_nothing_else(
    column: str, reader: Callable[[pd.Series[str]], pd.Series[Any]]
) -> None:
    page = (PROJECT / "docs" / "commands.md").read_text(encoding="utf-8")
    cells = next(line for line in page.splitlines() if line.startswith(f"| `{column}`")).split("|")
    read, refused = (_INLINE.findall(cell) for cell in cells[2:4])
    moment = read[0] if column == "shown_at" else ""
    texts = [moment + text if text in ("+02:00", "Z") else text for text in read]
    assert texts and reader(pd.Series(texts, dtype="str")).notna().all()
    assert refused and reader(pd.Series(refused, dtype="str")).isna().all()
