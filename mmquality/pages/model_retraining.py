"""Models, train again: what a new version would learn from, the job that makes it, how the last one did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from mmquality.pages import jobs
from mmquality.pages.components import caption, section
from mmquality.pages.wording import count, duration, moment
from mmquality.pipeline.judgement import load_judgement
from mmquality.pipeline.reading import Catalogue
from mmquality.pipeline.retrain_trigger import last_decision
from mmquality.records import ModelVersion, Verdict

_JOB = "retrain"


def show(catalogue: Catalogue, versions: Sequence[ModelVersion]) -> None:
    """The section; `versions` are all of them, the last published first."""
    version = catalogue.published_version()
    section(
        "Train again",
        "Takes in what was imported since, learns from the clicks and labels there are now and scores the "
        "catalogue. One label in five is kept apart to judge: the new version is put in force unless it does "
        f"worse than {version.name}, or too few are apart to say (it takes about a hundred labels in all). "
        f"{version.name} stays and can be put back.",
    )
    learnt = cast(Mapping[str, int], version.summary.get("fingerprint") or {}).get("labels", 0)
    counts = catalogue.store.label_counts()
    judged = counts[Verdict.MISMATCH] + counts[Verdict.MATCH]
    seconds = version.summary.get("training_seconds")
    took = f" Its training took {duration(seconds)}." if isinstance(seconds, int | float) else ""
    caption(f"{count(judged, 'verdict')} so far; {version.name} has learnt from {learnt:,}.{took}")
    jobs.offer(catalogue.workspace, _JOB, [_JOB], "Train again")
    jobs.last_one(catalogue.workspace, _JOB)
    caption(_judgement(catalogue, versions[0].name))
    caption(_schedule(catalogue))


def _schedule(catalogue: Catalogue) -> str:
    """What a schedule decided last; nothing where there is none."""
    found = last_decision(catalogue.workspace)
    if found is None:
        return ""
    return f"The schedule asked on {moment(datetime.fromisoformat(found.at))}. {found.why}"


def _judgement(catalogue: Catalogue, newest: str) -> str:
    """How the newest version did on the labels kept apart; nothing where it was not judged."""
    found = load_judgement(catalogue.workspace.models / newest)
    if found is None:
        return ""
    standing = "" if newest == catalogue.published_version().name else f" {newest} is not in force."
    return found.in_words() + standing
