"""Where labels go that a page has written to a file, and the command that writes them there."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from mmquality.config import Workspace
from mmquality.store import LabelQuery

_KEPT = 7 * 24 * 3600  # seconds


def export_place(workspace: Workspace, query: LabelQuery, suffix: str) -> Path:
    """The file of these labels: the same question has the same file. What is older than a week goes."""
    workspace.exports.mkdir(parents=True, exist_ok=True)
    for file in workspace.exports.iterdir():
        if file.stat().st_mtime < time.time() - _KEPT:
            file.unlink(missing_ok=True)
    question = hashlib.sha256("\n".join(export_options(query)).encode("utf-8", "surrogatepass"))
    return workspace.exports / f"labels-{question.hexdigest()[:12]}.{suffix}"


def export_options(query: LabelQuery) -> list[str]:
    """The query as options of `mmquality export`."""
    named = {"verdict": query.verdict, "reason": query.reason, "by": query.analyst, "title": query.text}
    asked = [f"--{name}={value}" for name, value in named.items() if value]
    if query.disputed:
        return [*asked, "--disputed"]
    return asked if query.newest_only else [*asked, "--all"]
