"""Text of strangers on its way to a language model, and the model's on its way back."""

from __future__ import annotations

import unicodedata


def clean(text: str, longest: int) -> str:
    """One line of what can be seen, at most `longest` characters.

    Control characters, and those that turn the reading direction or have no width, could hide words from the
    people who look at the same text.
    """
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _unseen(c))
    line = " ".join(seen.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _unseen(character: str) -> bool:
    return unicodedata.category(character)[0] == "C"  # control, format, surrogate, private, unassigned
