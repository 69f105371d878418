"""Models, train again: what a new version would learn from, and the job that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from mmquality.pages import jobs
from mmquality.pages.components import caption, section
from mmquality.pages.wording import count, duration
from mmquality.pipeline.reading import Catalogue
from mmquality.records import Verdict

_JOB = "retrain"


def show(catalogue: Catalogue) -> None:
    """The section."""
    version = catalogue.published_version()
    section(
        "Train again",
        "Takes in what was imported since, trains on listings, clicks and labels as they are now, scores the "
        f"catalogue and puts the new version in force. {version.name} stays and can be put back.",
    )
    learnt = cast(Mapping[str, int], version.summary.get("fingerprint") or {}).get("labels", 0)
    counts = catalogue.store.label_counts()
    judged = counts[Verdict.MISMATCH] + counts[Verdict.MATCH]
    seconds = version.summary.get("training_seconds")
    took = f" Its training took {duration(seconds)}." if isinstance(seconds, int | float) else ""
    caption(f"{count(judged, 'verdict')} to learn from; {version.name} has learnt from {learnt:,}.{took}")
    jobs.offer(catalogue.workspace, _JOB, [_JOB], "Train again")
    jobs.last_one(catalogue.workspace, _JOB)
