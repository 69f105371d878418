"""What came out when a new version was held against the one in force; kept beside it and read again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmquality.errors import ModelFileError
from mmquality.evaluation.bootstrap import Interval
from mmquality.pipeline.folders import replace_text
from mmquality.records import count

FEWEST = 20  # labels kept apart, of both kinds; with fewer a comparison says nothing
LARGEST_LOSS = 0.02  # of average precision, beyond which a version is worse however few the labels
_FILE = "judgement.json"


@dataclass(frozen=True)
class Figures:
    """How well one version's scores agree with the labels; None where a figure is not defined."""

    ap: float | None  # average precision
    precision: float | None  # among as many of the worst as there are mismatches
    ece: float | None  # expected calibration error, bins of equal mass
    brier: float | None


@dataclass(frozen=True)
class Judgement:
    """What the labels kept apart say of two versions."""

    before: str
    after: str
    labels: int
    mismatches: int
    figures_before: Figures
    figures_after: Figures
    gain: Interval  # of average precision, with its 95 % interval
    blind: bool  # whether it is known that the version before was not taught by them

    @property
    def worse(self) -> bool | None:
        """Whether the new version is worse; None where the labels are too few to say.

        It is where the whole interval of its gain lies below zero, or where it lost more than
        `LARGEST_LOSS`.
        """
        matches = self.labels - self.mismatches
        if self.labels < FEWEST or min(self.mismatches, matches) == 0 or self.gain.value is None:
            return None
        return self.gain.value < -LARGEST_LOSS or (self.gain.high is not None and self.gain.high < 0)

    def in_words(self) -> str:
        """One sentence: what was compared on what, and what came out."""
        if self.worse is None:
            mismatches = count(self.mismatches, "mismatch", "mismatches")
            return (
                f"{count(self.labels, 'label')} kept apart, {mismatches} among them: too few "
                f"to compare {self.after} with {self.before}; it takes {FEWEST}, of both kinds."
            )
        of, gain = f"on {self.labels:,} labels kept apart", self.gain
        return (
            f"{self.after} is {'worse than' if self.worse else 'not worse than'} {self.before} {of}: average "
            f"precision {self.figures_after.ap:.3f} against {self.figures_before.ap:.3f} (difference "
            f"{gain.value:+.3f}, 95% interval {gain.low:+.3f} to {gain.high:+.3f})."
            + ("" if self.blind else f" {self.before} may have been taught by them.")
        )


def keep_judgement(judgement: Judgement, folder: Path) -> None:
    """Write it beside the version that was judged."""
    replace_text(folder / _FILE, json.dumps(asdict(judgement), indent=2))


def load_judgement(folder: Path) -> Judgement | None:
    """The judgement of the version in `folder`; None where it was never judged. Raises `ModelFileError`."""
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        before, after = (Figures(**told.pop(name)) for name in ("figures_before", "figures_after"))
        gain = Interval(**told.pop("gain"))
        return Judgement(figures_before=before, figures_after=after, gain=gain, **told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} cannot be read ({error}). Delete it, then retrain.") from error
