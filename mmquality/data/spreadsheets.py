"""Texts in cells of a CSV file that people open in a spreadsheet: none of them may run as a formula."""

from __future__ import annotations

# What spreadsheets take for the start of a formula; the last four are the wide forms of the first four.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_text(text: str) -> str:
    """The text as a spreadsheet may have it: what it would run as a formula is led by an apostrophe.

    So is text that looks as if it had been led by one: `written_text` gives back every text as it was.
    """
    return f"'{text}" if _like_a_formula(text) else text


def written_text(cell: str) -> str:
    """The text that `safe_text` made a cell of."""
    return cell[1:] if cell.startswith("'") and _like_a_formula(cell) else cell


def _like_a_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA_STARTS)
