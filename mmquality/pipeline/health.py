"""Is the model in force still the one for this catalogue? New listings against those it was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmquality.config import Workspace
from mmquality.evaluation.drift import (
    Shift,
    drifted,
    numbers_shift,
    shares_shift,
    vectors_shift,
)
from mmquality.evaluation.proportion import proportion
from mmquality.pipeline.health_reference import Reference, SpaceReference
from mmquality.pipeline.live_listings import LiveListings, live_listings
from mmquality.pipeline.places import open_store, version_in_force
from mmquality.pipeline.progress import Reporter, Silent, in_one
from mmquality.pipeline.version_reports import keep_report, load_report
from mmquality.records import FLAGGED, count
from mmquality.store import Store
from mmquality.words import Vocabulary, telling_words

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

FEWEST = 50  # new listings, below which nothing is told
_VERSIONS = 12  # whose share of flagged listings is told, the last ones
_BINS = 20  # of the histograms of scores
_OF_A_SOURCE = 20  # new listings of a seller or category, below which it is not named
_RETRAIN = "If these listings are here to stay, train again (mmquality retrain)."


@dataclass(frozen=True)
class Alert:
    """Something that has changed, and what to do about it."""

    part: str  # encoder, categories, titles, photos, scores
    what: str
    remedy: str


@dataclass(frozen=True)
class Look:
    """One part that was compared."""

    part: str
    psi: float
    p_value: float
    drifted: bool


@dataclass(frozen=True)
class FlaggedShare:
    """The share of a group's listings that score 0.5 or more, with a 95 % interval."""

    of: str  # a version, or "new listings"
    listings: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class HealthReport:
    """What a look at the version in force found."""

    version: str
    at: str  # ISO 8601, UTC
    trained: int
    new: int  # listings that came, or got another title or photo, since it was trained
    reference_kept: bool  # at its training; else made anew from what the catalogue still has
    alerts: list[Alert]
    looks: list[Look]  # [] where too few are new
    flagged: list[FlaggedShare]  # of the last versions, the oldest first, then of the new listings
    scores: dict[str, list[float]]  # "trained", "new" → share of listings in each twentieth of 0…1


def look_at_health(workspace: Workspace, reporter: Reporter | None = None) -> HealthReport:
    """Compare, and keep the report. Raises `WorkspaceError` where no model is in force."""
    reporter = reporter or Silent()
    with open_store(workspace) as store:
        version = version_in_force(workspace, store)
        with in_one(reporter, "Comparing new listings with those trained on"):
            live = live_listings(workspace, store, version.name)
            report = _report(store, version.name, live)
    keep_report(workspace, report_path(workspace, version.name), report, reporter)
    return report


_PARTS = {"alerts": Alert, "looks": Look, "flagged": FlaggedShare}


def report_path(workspace: Workspace, version: str) -> Path:
    """Where the last report on a version lies."""
    return workspace.evaluations / f"health-{version}.json"


def read_report(workspace: Workspace, version: str) -> HealthReport | None:
    """The last report on a version; None before the first. Raises `WorkspaceError` for a damaged one."""
    return load_report(report_path(workspace, version), HealthReport, _PARTS, "mmquality health")


def _report(store: Store, version: str, live: LiveListings) -> HealthReport:
    shifts = compared(live) if live.reference is not None and len(live.new) >= FEWEST else {}
    alarms = drifted(shifts)
    return HealthReport(
        version=version,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        trained=live.trained,
        new=live.came,
        reference_kept=live.kept,
        alerts=[*_encoder(live, version), *(_alert(part, live) for part in shifts if part in alarms)],
        looks=[Look(part, shift.psi, shift.p_value, part in alarms) for part, shift in shifts.items()],
        flagged=_flagged(store, live),
        scores={name: _histogram(scores) for name, scores in live.scores.items()},
    )


def compared(live: LiveListings) -> dict[str, Shift]:
    """Every part that can be compared, in the order in which one is told of it."""
    reference, new = live.reference, live.new
    assert reference is not None
    found = {
        "categories": shares_shift(reference.categories, Counter(new["category"])),
        "titles": _shift(reference.titles, live.titles),
        "photos": _shift(reference.photos, live.photos),
    }
    if min(len(scores) for scores in live.scores.values()) >= FEWEST:
        found["scores"] = numbers_shift(live.scores["trained"], live.scores["new"])
    return found


def _shift(space: SpaceReference, vectors: Floats) -> Shift:
    return vectors_shift(space.coordinates, space.leading.coordinates(vectors))


def _encoder(live: LiveListings, version: str) -> Iterator[Alert]:
    """An alert for each encoder that is another one than the model reads."""
    for option, (reads, has) in live.encoders.items():
        if reads != has:
            yield Alert(
                "encoder",
                f"{version} reads vectors of {reads}, but the catalogue was encoded with {has or 'none'}.",
                f"Encode again with what the model reads (mmquality encode --{option} …), or train on the "
                "new vectors (mmquality train, then score and index).",
            )


def _alert(part: str, live: LiveListings) -> Alert:
    assert live.reference is not None
    told = {"categories": _of_categories, "titles": _of_titles, "photos": _of_photos, "scores": _of_scores}
    what, look = told[part](live, live.reference)
    return Alert(part, what, f"{look} {_RETRAIN}")


def _of_categories(live: LiveListings, reference: Reference) -> tuple[str, str]:
    before, now = reference.categories, Counter(live.new["category"])
    gain = {c: now[c] / now.total() - before[c] / max(before.total(), 1) for c in now}
    most = max(gain, key=lambda category: gain[category])
    shares = now[most] / now.total(), before[most] / max(before.total(), 1)
    told = f"{most or 'no category'} is {shares[0]:.0%} of the new listings, {shares[1]:.0%} before"
    return f"Other categories come in: {told}.", "Look at what was imported last."


def _of_titles(live: LiveListings, reference: Reference) -> tuple[str, str]:
    titles = live.new["title"].tolist()
    words = telling_words(titles, Vocabulary.of([*live.trained_titles, *titles]))
    told = f" What sets them apart: {', '.join(words)}." if words else ""
    source = _source(live, reference.titles, live.titles)
    return (
        f"New titles are not like those trained on: other goods, wording or language.{told}",
        f"Look at {source}.",
    )


def _of_photos(live: LiveListings, reference: Reference) -> tuple[str, str]:
    source = _source(live, reference.photos, live.photos)
    return (
        "New photos are not like those trained on: other goods, or another way to take or store them.",
        f"Look at {source}.",
    )


def _of_scores(live: LiveListings, _: Reference) -> tuple[str, str]:
    before, now = (float((live.scores[name] >= FLAGGED).mean()) for name in ("trained", "new"))
    return (
        f"New listings score differently: {now:.1%} of them are flagged, {before:.1%} of those trained on.",
        "Label some of the new ones, so that it shows whether they are worse or the model is.",
    )


def _source(live: LiveListings, space: SpaceReference, vectors: Floats) -> str:
    """The seller or category whose new listings lie furthest from those trained on, in words."""
    before, after = space.coordinates, space.leading.coordinates(vectors)
    spread = np.maximum(before.std(axis=0), 1e-12)
    away = (after - before.mean(axis=0)) / spread
    found: dict[str, float] = {}
    for column in ("seller", "category"):
        for name, rows in live.new.groupby(column).indices.items():
            if name and len(rows) >= _OF_A_SOURCE:
                found[f"those of {column} {name!r} ({count(len(rows), 'new listing')})"] = float(
                    np.abs(away[rows].mean(axis=0)).max()
                )
    return max(found, key=lambda name: found[name]) if found else "the new listings"


def _flagged(store: Store, live: LiveListings) -> list[FlaggedShare]:
    groups: dict[str, Doubles] = {}
    for version in reversed(store.versions()[:_VERSIONS]):
        groups[version.name] = store.ranked_numbers(version.name)["score"].to_numpy(np.float64)
    groups["new listings"] = live.scores["new"]
    return [_share(name, scores) for name, scores in groups.items() if len(scores)]


def _share(name: str, scores: Doubles) -> FlaggedShare:
    found = proportion(int((scores >= FLAGGED).sum()), len(scores))
    assert found is not None
    return FlaggedShare(name, len(scores), found.share, found.low, found.high)


def _histogram(scores: Doubles) -> list[float]:
    counts = np.bincount(np.minimum((scores * _BINS).astype(int), _BINS - 1), minlength=_BINS)
    shares: list[float] = (counts / max(len(scores), 1)).tolist()
    return shares
