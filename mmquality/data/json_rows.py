"""The line of a JSON Lines file as a row of strings."""

from __future__ import annotations

import json
import math
from functools import lru_cache

from mmquality.data.input_file import MOST_COLUMNS, ROW
from mmquality.data.values import strip_controls

_SHOWN = 200  # characters of what the parser says


def json_row(line: str) -> dict[str, str] | str:
    """The object in a line as strings, or why there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"is not valid JSON ({str(error)[:_SHOWN]})"
    if not isinstance(found, dict):
        return "is not a JSON object"
    if len(found) > MOST_COLUMNS:
        return f"has {len(found):,} names; the limit is {MOST_COLUMNS:,}"
    if "\\ud" in line.lower():  # halves of characters, which no database takes
        found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    return {_json_name(name): _json_text(value) for name, value in found.items()}


@lru_cache(maxsize=4096)  # the same few names in every line
def _json_name(name: str) -> str:
    name = strip_controls(name) or "unnamed"
    return f"{ROW} (2)" if name == ROW else name


def _json_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15  # 7.0 is 7: ids beside a gap often become floats
        return (str(int(value)) if whole else repr(value)) if math.isfinite(value) else ""
    return json.dumps(value, ensure_ascii=False)
