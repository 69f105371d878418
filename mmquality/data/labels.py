"""Labels made elsewhere: what a file says of each listing, checked, or why a row cannot be used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from mmquality.config import ImportLimits
from mmquality.data.label_files import label_rows
from mmquality.data.tables import row_problem
from mmquality.data.values import to_times
from mmquality.ids import same_id
from mmquality.records import GivenLabel, RowProblem, Verdict

_LONGEST_NAME = 200
_AHEAD = timedelta(days=1)  # that clocks may be ahead
_BETWEEN = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class _Refused(Exception):
    """Why a row cannot be used."""

    column: str
    reason: str
    value: str = ""


def read_labels(
    path: str | Path,
    reasons: Mapping[str, str],
    analyst: str = "",
    limits: ImportLimits | None = None,
    known: Iterable[str] = (),
) -> Iterator[tuple[int, GivenLabel] | RowProblem]:
    """(row, label) for each label of a file (`label_files.label_rows`), a problem for each unusable row.

    :param reasons: code → words of those that may be named, by either
    :param analyst: who said what nobody's name stands beside
    :param known: the catalogue's ids (`tables.read_table`)
    """
    path = Path(path)
    check = _Check(reasons, analyst)
    for found in label_rows(path, limits or ImportLimits(), known):
        if isinstance(found, RowProblem):
            yield found
            continue
        row, said = found
        try:
            yield row, check.label(said)
        except _Refused as why:
            yield row_problem(path, row, why.column, why.reason, why.value)


class _Check:
    """What may be said, by every way in which it may be written."""

    def __init__(self, reasons: Mapping[str, str], analyst: str) -> None:
        self._verdicts = {_folded(verdict): verdict for verdict in Verdict}
        self._reasons = {_folded(word): code for code, words in reasons.items() for word in (words, code)}
        self._offered = ", ".join(reasons)
        self._analyst = analyst

    def label(self, said: Mapping[str, str]) -> GivenLabel:
        """The label that a row holds; raises `_Refused`."""
        listing_id = same_id(said["listing_id"])
        if not listing_id:
            raise _Refused("listing_id", "is empty")
        verdict = self._verdict(said["verdict"])
        reason = self._reason(said["reason"], verdict)
        who = said["analyst"].strip() or self._analyst
        return GivenLabel(listing_id, verdict, reason, said["note"], _name(who), _moment(said["created_at"]))

    def _verdict(self, written: str) -> Verdict:
        found = self._verdicts.get(_folded(written))
        if found is None:
            why = f"is no verdict; there are {', '.join(Verdict)}" if written.strip() else "is empty"
            raise _Refused("verdict", why, written)
        return found

    def _reason(self, written: str, verdict: Verdict) -> str | None:
        if not written.strip():
            if verdict is Verdict.MISMATCH:
                raise _Refused("reason", "is empty; a mismatch needs one")
            return None
        if verdict is Verdict.MATCH:
            raise _Refused("reason", "stands beside a match, which has none", written)
        found = self._reasons.get(_folded(written))
        if found is None:
            raise _Refused("reason", f"is none of this workspace's, which are {self._offered}", written)
        return found


def _folded(word: str) -> str:
    return _BETWEEN.sub("_", word.strip().casefold())


def _name(who: str) -> str:
    if not who:
        raise _Refused("analyst", "is empty; say who labelled this file (--analyst)")
    if len(who) > _LONGEST_NAME:
        raise _Refused("analyst", f"is longer than {_LONGEST_NAME} characters", who)
    return who


def _moment(written: str) -> datetime | None:
    """When a label was given, UTC. The newest label counts: one from the future would count for ever."""
    text = written.strip()
    if not text:
        return None
    moment = _read_moment(text, written)
    if moment > datetime.now(UTC) + _AHEAD:
        raise _Refused("created_at", "is in the future", written)
    return moment


def _read_moment(text: str, written: str) -> datetime:
    """A moment as `values.to_times` reads it; plain ISO 8601 is read here, a hundred times faster."""
    if text[4:5] == "-":
        with suppress(ValueError, OverflowError):  # the latter: an offset that leads before the year 1
            found = datetime.fromisoformat(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    moment = to_times(pd.Series([text], dtype="str"))[0]
    if pd.isna(moment) or moment.year < 1:  # an offset may lead before the first year
        raise _Refused("created_at", "is no moment in time; write 2026-03-01T14:07:00Z", written)
    made: datetime = moment.to_pydatetime()
    return made
