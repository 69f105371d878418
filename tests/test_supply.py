"""What mmquality is made of: all of it used, all of it named, every licence looked at."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    """The script that writes docs/licences.md."""
    spec = importlib.util.spec_from_file_location("licences", PROJECT / "docs" / "licences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_dependency_is_used_and_everything_used_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deptry", "mmquality"], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_runtime_dependency_stands_in_the_licence_list(licences: ModuleType) -> None:
    told = {line.split("|")[1].strip() for line in _rows()}
    here, extras = licences.required()
    assert set(licences.needed([*here, *extras])) <= told, "run `make licences`"
    assert {"torch", "streamlit", "psycopg", "click"} <= told


def test_no_licence_binds_that_nobody_has_looked_at(licences: ModuleType) -> None:
    assert licences.unseen() == {}
    assert all("not said" not in line for line in _rows())


@pytest.mark.parametrize("text", ["GPL-3.0-or-later", "GNU Affero General Public License", "MPL-2.0 AND MIT"])
def test_a_licence_that_binds_would_be_found(licences: ModuleType, text: str) -> None:
    assert licences.BINDING.search(text)
    assert not licences.BINDING.search("Apache-2.0 OR BSD-3-Clause")


def test_versions_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
        named = [line for line in lines if line and not line.startswith(("#", "-r"))]
        assert named and all("==" in line for line in named), name


def test_the_lock_has_a_hash_for_each_wheel_and_the_versions_that_are_pinned() -> None:
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = [
        re.fullmatch(r"(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines if line[0] != "#"
    ]
    assert len(locked) > 20 and all(locked)
    versions = {canonicalize_name(one[1]): one[2] for one in locked if one}
    pinned = re.findall(r"^([\w-]+)==(.+)$", (PROJECT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    both = {
        canonicalize_name(name): version for name, version in pinned if canonicalize_name(name) in versions
    }
    assert both and both == {name: versions[name] for name in both}, "run `make lock`"


def _rows() -> list[str]:
    lines = (PROJECT / "docs" / "licences.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ")][2:]
