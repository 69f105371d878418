"""Writes requirements.lock: the wheels that are the same for every platform, each with its hash. `make lock`.

Which they are pip says: it resolves requirements.txt from nothing and installs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
_HEAD = """# Written by `make lock`: what requirements.txt comes to, where one wheel serves every platform.
# `make setup LOCKED=1` installs these first, and refuses any whose content is another one. See
# docs/decisions/0022-hashes-for-what-is-the-same-everywhere.md for the others.
"""


def lines(report: dict[str, Any]) -> list[str]:
    """`name==version --hash=sha256:…` of every such wheel in pip's report."""
    found = []
    for one in report["install"]:
        address, archive = one["download_info"]["url"], one["download_info"].get("archive_info", {})
        if address.endswith("-none-any.whl"):
            named, digest = one["metadata"], archive["hashes"]["sha256"]
            found.append(f"{named['name'].lower()}=={named['version']} --hash=sha256:{digest}")
    return sorted(found)


def main() -> None:
    """Ask pip, and write."""
    asked = [
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--report",
        "-",
        "-r",
        "requirements.txt",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *asked], cwd=PROJECT, stdout=subprocess.PIPE, check=True
    )
    text = _HEAD + "\n".join(lines(json.loads(done.stdout))) + "\n"
    (PROJECT / "requirements.lock").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
