"""The reasons for a mismatch that a workspace offers: nine to begin with, renamed, added to or taken away.

A reason is never forgotten: labels that name one which is no longer offered are read and shown as before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmquality.config import Workspace
from mmquality.errors import MMQualityError
from mmquality.pipeline.settings import change_settings, load_settings
from mmquality.records import REASONS

_CODE = re.compile(r"[a-z0-9_]{1,40}")
_LONGEST = 40  # characters of a reason in words: it stands on a button


@dataclass(frozen=True)
class Reasons:
    """A workspace's reasons: code → words of all there ever were, and of those that are offered."""

    known: Mapping[str, str] = field(default_factory=lambda: dict(REASONS))
    hidden: frozenset[str] = frozenset()

    @property
    def offered(self) -> dict[str, str]:
        """Code → words of those that a label may be given, in their order."""
        return {code: words for code, words in self.known.items() if code not in self.hidden}

    def in_words(self, code: str) -> str:
        """What a label's reason is called."""
        return self.known.get(code, code)

    def checked(self, code: str | None, among: Mapping[str, str] | None = None) -> str | None:
        """The code, if there is such a reason (by default: that is offered). Raises `MMQualityError`."""
        codes = self.offered if among is None else among
        if code is not None and code not in codes:
            raise MMQualityError(f"There is no reason {code!r}; there are {', '.join(codes)}.")
        return code


def label_reasons(workspace: Workspace) -> Reasons:
    """The workspace's reasons. Raises `WorkspaceError`."""
    settings = load_settings(workspace)
    return Reasons({**REASONS, **dict(settings.reasons)}, frozenset(settings.hidden_reasons))


def set_reason(workspace: Workspace, code: str, words: str) -> Reasons:
    """Offer a reason by these words: a new one, one that is renamed, or one that was hidden.

    Raises `MMQualityError` for a code or words that cannot be used.
    """
    there, words = label_reasons(workspace), " ".join(words.split())
    if not _CODE.fullmatch(code):
        raise MMQualityError(f"{code!r} is no code; write up to 40 of a–z, 0–9 and _, such as wrong_size.")
    if not words.isprintable() or not 0 < len(words) <= _LONGEST:
        raise MMQualityError(f"A reason is called by 1 to {_LONGEST} characters; {words!r} is not.")
    others = {other.casefold() for same, other in there.known.items() if same != code}
    if words.casefold() in others:
        raise MMQualityError(f"Another reason is called {words!r}; choose other words.")
    return _kept(workspace, Reasons({**there.known, code: words}, there.hidden - {code}))


def hide_reason(workspace: Workspace, code: str) -> Reasons:
    """Offer a reason no longer. Raises `MMQualityError` for one that is not offered, and for the last one."""
    there = label_reasons(workspace)
    there.checked(code)
    if len(there.offered) == 1:
        raise MMQualityError(
            f"{code!r} is the only reason left, and a mismatch needs one; add another first."
        )
    return _kept(workspace, Reasons(there.known, there.hidden | {code}))


def _kept(workspace: Workspace, reasons: Reasons) -> Reasons:
    change_settings(
        workspace, reasons=tuple(reasons.known.items()), hidden_reasons=tuple(sorted(reasons.hidden))
    )
    return reasons
