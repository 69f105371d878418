"""When a schedule trains again: after so many new labels, after so many days, and why it did or did not."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mmquality.config import Workspace
from mmquality.errors import ModelFileError
from mmquality.files import check_writable
from mmquality.pipeline.folders import replace_text
from mmquality.pipeline.label_snapshot import load_snapshot
from mmquality.pipeline.label_values import teaching_labels
from mmquality.pipeline.places import open_store
from mmquality.records import count


@dataclass(frozen=True)
class Trigger:
    """What makes training due; either is enough. Days pass for nothing where no label is new."""

    labels: int | None = None  # that have come since the model trained last
    days: float | None = None  # since then

    def __bool__(self) -> bool:
        return self.labels is not None or self.days is not None


@dataclass(frozen=True)
class SinceTraining:
    """What there is to learn from, and since when."""

    new_labels: int
    days: float | None  # since the newest model was published; None where there is none


@dataclass(frozen=True)
class Decision:
    """Whether training was due, and why, in a sentence."""

    due: bool
    why: str
    new_labels: int
    at: str = ""  # ISO 8601, UTC


def since_training(workspace: Workspace, now: datetime | None = None) -> SinceTraining:
    """Labels to learn from that no published model knows, and the age of the newest.

    One that was trained and never published is lost, and what it learnt still new; one that was judged worse
    was published, or a schedule would train it again for ever.
    """
    with open_store(workspace) as store:
        labels, versions = teaching_labels(store), store.versions()
    # Of all of them: the newest may be an older model that scored the catalogue anew.
    known = {label for version in versions for label in _frozen_with(workspace.models / version.name)}
    new = int((~labels["label_id"].isin(known)).sum())
    age = ((now or datetime.now(UTC)) - versions[0].created_at) if versions else None
    return SinceTraining(new, None if age is None else age.total_seconds() / 86_400)


def decide(trigger: Trigger, here: SinceTraining) -> Decision:
    """Whether training is due; the same always gives the same answer."""
    enough = trigger.labels is not None and here.new_labels >= trigger.labels
    old = trigger.days is not None and (here.days is None or here.days >= trigger.days)
    due = enough or (old and here.new_labels > 0)
    return Decision(due, f"{'Run' if due else 'Not run'}: {_told(trigger, here)}.", here.new_labels)


def asked(workspace: Workspace, trigger: Trigger) -> Decision:
    """Decide, and keep the decision for the Models page: the last one replaces the one before.

    Raises `WorkspaceError` where the workspace may only be read.
    """
    check_writable(workspace.root, workspace.jobs)
    now = datetime.now(UTC)
    found = replace(decide(trigger, since_training(workspace, now)), at=now.isoformat())
    workspace.jobs.mkdir(parents=True, exist_ok=True)
    replace_text(_place(workspace), json.dumps(asdict(found)))
    return found


def last_decision(workspace: Workspace) -> Decision | None:
    """What a schedule decided last; None where none asked. Raises `ModelFileError` for a damaged file."""
    try:
        return Decision(**json.loads(_place(workspace).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ModelFileError(f"{_place(workspace)} cannot be read ({error}). Delete it.") from error


def _frozen_with(folder: Path) -> list[int]:
    """The labels that a version knows; none of one whose files are damaged, so that it is trained again."""
    with suppress(ModelFileError):
        if (snapshot := load_snapshot(folder)) is not None:
            return list(snapshot["label_id"])
    return []


def _told(trigger: Trigger, here: SinceTraining) -> str:
    """`12 labels since the model trained last, 50 asked for; 3.5 of 7 days have passed`."""
    wanted = "" if trigger.labels is None else f", {trigger.labels:,} asked for"
    told = f"{count(here.new_labels, 'label')} since the model trained last{wanted}"
    if trigger.days is None:
        return told
    passed = "no model yet" if here.days is None else f"{here.days:.1f} of {trigger.days:g} days have passed"
    return f"{told}; {passed}"


def _place(workspace: Workspace) -> Path:
    return workspace.jobs / "retrain-trigger.json"
