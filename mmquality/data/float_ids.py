"""Ids that a program wrote as floats, as pandas does where a column once held a gap: "7.0" for 7.

A column of ids is read as integers only where every id in the whole file is a whole number written so. "1.0"
beside "1.1" may be an id of its own and stays as it is, and so do all ids where the catalogue has such ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import pandas as pd

# As programs write whole floats that are exact.
_FLOAT = r"(?:0|-?[1-9][0-9]{0,14})\.0"


def is_id(name: str) -> bool:
    """Whether a column of this name holds ids."""
    return name.lower().endswith("id")


class FloatIds:
    """Reads the floats of one file as integers, frame by frame in its order; all columns are strings.

    :param again: gives all frames of the file; used where a column may be floats, to look at all of it
    :param known: the catalogue's ids; looked at only where there is such a column
    """

    def __init__(self, again: Callable[[], Iterable[pd.DataFrame]], known: Iterable[str]) -> None:
        self._again, self._known = again, known
        self._watched: list[str] | None = None  # columns that held nothing but floats, or nothing, so far
        self._floats: list[str] = []

    def as_integers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The next frame, with integers in the columns that are floats in the whole file."""
        self._watched = _still(self._watched, frame)
        if any((frame[name] != "").any() for name in self._watched if name in frame):
            self._floats, self._watched = self._whole_columns(), []
        changed = {name: frame[name].str.removesuffix(".0") for name in self._floats if name in frame}
        return frame.assign(**changed) if changed else frame

    def _whole_columns(self) -> list[str]:
        columns: list[str] | None = None
        for frame in self._again():
            columns = _still(columns, frame)
            if not columns:
                return []
        kept = any(re.fullmatch(_FLOAT, written) for written in self._known)
        return [] if kept else columns or []


def _still(columns: Sequence[str] | None, frame: pd.DataFrame) -> list[str]:
    """Those of the columns, at first of all columns of ids, that hold floats or nothing here, too."""
    names = [str(name) for name in frame.columns if is_id(str(name))] if columns is None else columns
    return [name for name in names if name not in frame or frame[name].str.fullmatch(f"(?:{_FLOAT})?").all()]
