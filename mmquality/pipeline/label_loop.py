"""From labels to a better model: retrain, judge against the version in force, put in force or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mmquality.config import Workspace
from mmquality.pipeline.building import Options, index, score, train
from mmquality.pipeline.encoding import encode
from mmquality.pipeline.judging import Judgement, judge, keep_judgement
from mmquality.pipeline.locking import makes_models
from mmquality.pipeline.places import open_store
from mmquality.pipeline.progress import Reporter
from mmquality.pipeline.training_run import check_alone
from mmquality.pipeline.versions import promote


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
    """Encode what is new, train on what is known now, score, index, judge, and put in force by `publish`.

    Each step leaves the workspace whole: until the last one the version in force stays as it is, and a
    version that is not put in force stays to be looked at and promoted.
    """
    check_alone("retrain")
    with open_store(workspace) as store:
        current = store.current_version()
    encode(workspace, reporter=reporter)
    train(workspace, options, reporter)
    score(workspace, reporter)
    version = index(workspace, reporter, in_force=current is None)
    if current is None:
        return Retrained(version, True, None)
    judgement = judge(workspace.models, current.name, version)
    keep_judgement(judgement, workspace.models / version)
    with open_store(workspace) as store:
        if publish.allows(judgement):
            promote(workspace, store, version)
    return Retrained(version, publish.allows(judgement), judgement)
