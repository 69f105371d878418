"""From labels to a better model: retrain, judge against the version in force, put in force or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from mmquality.config import Workspace
from mmquality.pipeline.building import Options, index, score, train
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.finishing import finishable, taking_in
from mmquality.pipeline.judgement import Judgement, keep_judgement
from mmquality.pipeline.judging import judge
from mmquality.pipeline.locking import makes_models
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.training_run import check_alone
from mmquality.records import ModelVersion


class Publish(StrEnum):
    """When a retrained model is put in force."""

    UNLESS_WORSE = "unless-worse"  # and not where too few labels are kept apart to say
    ALWAYS = "always"
    NEVER = "never"

    def allows(self, judgement: Judgement) -> bool:
        """Whether a model that was judged so is put in force."""
        return self is Publish.ALWAYS or (self is Publish.UNLESS_WORSE and judgement.worse is False)


@dataclass(frozen=True)
class Retrained:
    """The version that retraining made."""

    version: str
    in_force: bool
    judgement: Judgement | None  # None where there was no version to compare with


@makes_models
def retrain(
    workspace: Workspace,
    options: Options | None = None,
    publish: Publish = Publish.UNLESS_WORSE,
    reporter: Reporter | None = None,
) -> Retrained:
    """Encode what is new, train on what is known now, score, judge, index, and put in force by `publish`.

    Each step leaves the workspace whole: until the last one the version in force stays as it is, and a
    version that is not put in force stays to be looked at and promoted. What is imported meanwhile is taken
    in. Raises `WorkspaceError` that names the trained version and the way on where a step after it fails.
    """
    check_alone("retrain")
    with open_store(workspace) as store:
        current = store.current_version()
    encode(workspace, reporter=reporter)
    version = taking_in(workspace, partial(train, workspace, options, reporter), reporter)
    with finishable(workspace, version, reporter):
        taking_in(workspace, partial(score, workspace, reporter), reporter)
        judgement = _judged(workspace, current, version)
        # Last, and in one: what is published was judged, so that a schedule knows what became of a training.
        in_force = judgement is None or publish.allows(judgement)
        index(workspace, reporter, in_force)
    return Retrained(version, in_force, judgement)


def _judged(workspace: Workspace, current: ModelVersion | None, version: str) -> Judgement | None:
    """The new version against the one in force, where there is one; kept beside the new one."""
    if current is None:
        return None
    judgement = judge(workspace.models, current.name, version)
    keep_judgement(judgement, workspace.models / version)
    return judgement
