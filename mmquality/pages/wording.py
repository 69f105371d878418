"""How the dashboard says things: verdicts, reasons, numbers and moments, the same on every page."""

from __future__ import annotations

from datetime import UTC, datetime

from mmquality.pages import place
from mmquality.records import Label, ModelVersion, Verdict
from mmquality.records import count as count

LEAST_TOLD, MOST_TOLD = 0.001, 0.999  # of shares that are neither 0 nor 1
VERDICTS = {Verdict.MISMATCH: "Mismatch", Verdict.MATCH: "Match", Verdict.UNSURE: "Unsure"}


def scored_by(version: ModelVersion) -> tuple[str, ...]:
    """What a model's ranking holds: its own, and what joined them."""
    own = f"{count(version.ranked - version.arrived, 'listing')} scored by model {version.name}"
    more = f"{version.arrived:,} arrived since; the next full score weighs them with the rest"
    return (own, more) if version.arrived else (own,)


def percent(share: float) -> str:
    """A share 0…1 as a whole percentage, never rounded up to 100 % or down to 0 % when it is neither."""
    near_an_end = 0.99 < share < 1 or 0 < share < 0.01
    return f"{short_of_the_ends(share):.1%}" if near_an_end else f"{share:.0%}"


def short_of_the_ends(share: float) -> float:
    """A share that a tenth of a percent does not round up to 1 or down to 0 when it is neither."""
    return share if share in (0, 1) else min(max(share, LEAST_TOLD), MOST_TOLD)


def verdict(label: Label) -> str:
    """`Mismatch · wrong product`."""
    words = VERDICTS[label.verdict]
    return f"{words} · {place.reasons().in_words(label.reason).lower()}" if label.reason else words


def moment(when: datetime) -> str:
    """A UTC moment as `5 Mar 2026, 14:07 UTC`."""
    return f"{when.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def day(when: datetime) -> str:
    """A UTC moment's day as `5 Mar 2026`."""
    return f"{when.astimezone(UTC):%-d %b %Y}"


def megabytes(size: int) -> str:
    """Bytes as `0.1 MB`, `340 MB`."""
    large = size / 1e6
    return f"{large:,.0f} MB" if large >= 10 else f"{max(large, 0.1):.1f} MB"


def duration(seconds: float) -> str:
    """`45 s`, `3 min`, `2 h 5 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
