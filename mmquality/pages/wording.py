"""How the dashboard says things: verdicts, reasons, numbers and moments, the same on every page."""

from __future__ import annotations

from datetime import UTC, datetime

from mmquality.pages import place
from mmquality.records import Label, ModelVersion, Suggestion, Verdict
from mmquality.records import count as count
from mmquality.records import percent as percent

VERDICTS = {Verdict.MISMATCH: "Mismatch", Verdict.MATCH: "Match", Verdict.UNSURE: "Unsure"}
NOTHING = "–"  # in a table's cell
TAKEN_UP = {
    Suggestion.ACCEPTED: "as a language model suggested",
    Suggestion.EDITED: "from a language model's suggestion, edited",
}


def scored_by(version: ModelVersion) -> tuple[str, ...]:
    """What a model's ranking holds: its own, and what joined them."""
    own = f"{count(version.ranked - version.arrived, 'listing')} scored by model {version.name}"
    more = f"{version.arrived:,} arrived since; the next full score weighs them with the rest"
    return (own, more) if version.arrived else (own,)


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


def money(cost: float | None) -> str:
    """`cost 0.00042`; nothing where nobody knows."""
    return "" if cost is None else f"cost {cost:.2g}" if cost < 1 else f"cost {cost:,.2f}"
