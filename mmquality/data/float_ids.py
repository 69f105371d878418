"""Ids that a program wrote as floats, as pandas does where a column once held a gap: "7.0" for 7.

A column of ids is read as integers only where every id in the whole file is a whole number written so. "1.0"
beside "1.1" may be an id of its own and stays as it is, and so do all ids where the catalogue has such ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

# As programs write whole floats that are exact.
_FLOAT = r"(?:0|-?[1-9][0-9]{0,14})\.0"


def is_id(name: str) -> bool:
    """Whether a column of this name holds ids."""
    return name.lower().endswith("id")


def float_columns(frames: Iterable[pd.DataFrame], known: Iterable[str]) -> list[str]:
    """The columns of ids in which every id is a float; `frames` are all rows of a file, columns of strings.

    As few of them are looked at as tell it, and `known`, the catalogue's ids, only where there is such a
    column: there is none where the catalogue has an id that is written as a float.
    """
    found: list[str] | None = None
    for frame in frames:
        names = [str(name) for name in frame.columns if is_id(str(name))] if found is None else found
        found = [name for name in names if name not in frame or _may_be_floats(frame[name])]
        if not found:
            return []
    return [] if any(re.fullmatch(_FLOAT, written) for written in known) else found or []


def as_integers(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame with the floats in these columns as integers."""
    changed = {name: frame[name].str.removesuffix(".0") for name in columns if name in frame}
    return frame.assign(**changed) if changed else frame


def _may_be_floats(column: pd.Series[str]) -> bool:
    """Whether each value is a float or nothing."""
    return bool(column.str.fullmatch(f"(?:{_FLOAT})?").all())
