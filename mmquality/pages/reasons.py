"""Evidence in sentences: why a listing stands where it does, and what its clicks amount to. Plain texts."""

from __future__ import annotations

from collections.abc import Sequence

from mmquality.pages.wording import count, percent
from mmquality.pipeline.click_report import ClickStanding, ClickWord
from mmquality.pipeline.evidence import Evidence

SUSPICIOUS = 0.5  # from this score on, a listing's place asks for a reason
_WORDS = 3  # of each kind in a sentence


def why(score: float, more_suspicious_than: float, found: Evidence) -> str:
    """One sentence or two: what speaks against the photo and what for it, weightiest first.

    :param more_suspicious_than: the share of the catalogue that the score leaves behind
    """
    against = _against(found)
    if score >= SUSPICIOUS:
        reasons = _sentence(against) if against else _no_reason(more_suspicious_than)
        both = f" Photo and title do agree on {_listed(found.shared_words)}." if found.shared_words else ""
        return reasons + both
    if found.shared_words:
        agreed = f"The title and photos like this one agree on {_listed(found.shared_words)}"
    else:
        agreed = "The model finds that title and photo belong together"
    but = _sharing(found) + _clicks(found)
    return f"{agreed}; but {' and '.join(but)}." if but else f"{agreed}."


def click_sentence(standing: ClickStanding) -> str:
    """What the click log says of one listing, its places and the chance in it accounted for."""
    if standing.word is ClickWord.NEVER:
        return "Never shown in the click log: clicks say nothing."
    expected = f"{standing.expected:.1f}"
    return (
        f"Shown {count(standing.shown, 'time')} at places where an average listing gets {expected} "
        f"{'click' if expected == '1.0' else 'clicks'}, clicked {count(standing.clicks, 'time')}: "
        f"{standing.word}."
    )


def ratio_sentence(standing: ClickStanding) -> str:
    """The shrunk ratio and its interval in words."""
    return (
        f"It is as wanted as {standing.ratio:.1f} average listings, with 90% certainty between "
        f"{standing.low:.1f} and {standing.high:.1f}: photo, price and everything else together."
    )


def _against(found: Evidence) -> list[str]:
    reasons = _sharing(found)
    if found.looks_like and found.asks_for:
        looks, asks = _listed(found.looks_like), _listed(found.asks_for)
        reasons.append(f"photos like this one are sold as {looks}, the title asks for {asks}")
    elif found.asks_for and not reasons:  # a shared photo's other neighbours are its neighbours by chance
        reasons.append(f"no title of a photo like this one speaks of {_listed(found.asks_for, 'or')}")
    if found.other_category:
        reasons.append(f"most photos like it stand in {found.other_category}")
    return reasons + _clicks(found)


def _sharing(found: Evidence) -> list[str]:
    number = len(found.unrelated_sharers)
    if not number:
        return []
    titles = "an unrelated title" if number == 1 else "unrelated titles"
    return [f"its photo is also shown by {count(number, 'listing')} with {titles}"]


def _clicks(found: Evidence) -> list[str]:
    fewer = found.clicks is not None and found.clicks.word is ClickWord.FEWER
    return ["it gets fewer clicks than its places would give"] if fewer else []


def _no_reason(more_suspicious_than: float) -> str:
    return (
        f"The model finds title and photo further apart than those of {percent(more_suspicious_than)} of the "
        "catalogue; no word, shared photo or click says more."
    )


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _listed(words: Sequence[str], last: str = "and") -> str:
    shown = [f"“{word}”" for word in words[:_WORDS]]
    return " ".join([", ".join(shown[:-1]), last, shown[-1]]) if len(shown) > 1 else shown[0]
