"""What was found out about a model version, kept as JSON in the workspace's folder of evaluations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mmquality.config import Workspace
from mmquality.errors import WorkspaceError
from mmquality.files import check_writable
from mmquality.pipeline.folders import replace_text
from mmquality.pipeline.progress import Reporter

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Report = TypeVar("Report", bound="DataclassInstance")


def keep_report(workspace: Workspace, path: Path, report: DataclassInstance, reporter: Reporter) -> None:
    """Put a report in the place of the one before; `reporter` hears where it cannot be kept."""
    try:
        check_writable(workspace.root, path.parent)
    except WorkspaceError as error:
        reporter.say(f"Not kept for the dashboard: {error}")
        return
    path.parent.mkdir(exist_ok=True)
    replace_text(path, json.dumps(asdict(report)))


def load_report(path: Path, of: type[Report], parts: Mapping[str, type[Any]], command: str) -> Report | None:
    """What `keep_report` kept; None where nothing was. Raises `WorkspaceError` for a damaged file.

    :param parts: fields that are lists of dataclasses, and of which
    :param command: what makes it anew
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        stored |= {name: [part(**row) for row in stored[name]] for name, part in parts.items()}
        return of(**stored)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WorkspaceError(f"{path} cannot be read ({error}). Delete it, then run `{command}`.") from error
