"""Values as people and programs write them: text, prices, counts, yes and no, moments in time.

Those that take a column of strings give a column of the same index; what they cannot read is missing (NaN, NA
or NaT) in the result, for the caller to report.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from mmquality.ids import same_id

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad"  # controls, soft hyphen
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # of no width, of direction
    "\U000e0000-\U000e007f]"  # tags, which hide whole sentences from people
)
_LONGEST_NORMALISED = 5_000  # normalising takes quadratic time on text made of nothing but accents
_CURRENCY = r"(?:[A-Z]{0,3}\s?[$€£¥₹₩₽₺]|[A-Z]{3}|[Rr]s\.?)"
_PRICE = re.compile(rf"{_CURRENCY}?\s?(\d[\d.,]*)\s?{_CURRENCY}?")
_POINT_DECIMAL = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d+(?:\.\d+)?")  # 1,299.00  1,29,900  12.5
_COMMA_DECIMAL = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d{1,2}")  # 1.299,00  1.299.000  12,50
_EPOCH_UNITS = {
    10: "s",
    13: "ms",
    16: "us",
    19: "ns",
}  # by number of digits, for any moment from 2001 to 2286
_YES, _NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def clean_text(text: str) -> str:
    """One line of visible text: Unicode NFC, control characters removed, white space collapsed.

    Text beyond 5,000 characters, which no title has, is not normalised.
    """
    if not (text.isascii() and text.isprintable()):
        text = _INVISIBLE.sub("", text)
        if len(text) <= _LONGEST_NORMALISED:
            text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def to_ids(column: pd.Series[str]) -> pd.Series[str]:
    """`ids.same_id` of each; almost all ids need no look at their characters."""
    column = column.str.strip()
    others = ~column.str.isascii()
    return column.where(~others, column[others].map(same_id)) if others.any() else column


def shows(text: str) -> bool:
    """Whether anything can be seen of it; joiners and selectors alone show nothing."""
    return text.isascii() and bool(text) or any(unicodedata.category(c)[0] in "LNPS" for c in text)


def strip_controls(text: str) -> str:
    """The text with its line breaks, without surrounding white space and characters that nobody can see."""
    return text.strip() if text.isprintable() else _INVISIBLE.sub("", text).strip()


def to_prices(column: pd.Series[str]) -> pd.Series[float]:
    """Numbers from 0 on, with or without currency and thousands separators: "1,299.00", "$12", "12,50 €"."""
    prices = _numbers(column)
    unread = prices.isna() & (column != "")
    prices[unread] = np.array([_price(text) for text in column[unread]], dtype=np.float64)
    return prices.where(prices >= 0)


def _price(text: str) -> float:
    match = _PRICE.fullmatch(text.strip())
    number = match[1] if match else ""
    if _POINT_DECIMAL.fullmatch(number):
        return float(number.replace(",", ""))
    if _COMMA_DECIMAL.fullmatch(number):
        return float(number.replace(".", "").replace(",", "."))
    return float("nan")


def to_weights(column: pd.Series[str]) -> pd.Series[float]:
    """Numbers above 0."""
    numbers = _numbers(column)
    return numbers.where(numbers > 0)


def _numbers(column: pd.Series[str]) -> pd.Series[float]:
    numbers = pd.to_numeric(column.str.strip(), errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def to_counts(column: pd.Series[str]) -> pd.Series[int]:
    """Whole numbers from 0 to 999,999,999 (nullable Int64); "3.0" is 3, "3.5" and "-1" are missing."""
    digits = column.str.strip().str.extract(r"^([0-9]{1,9})(?:\.0+)?$", expand=False)
    return pd.to_numeric(digits, errors="coerce").astype("Int64")


def to_flags(column: pd.Series[str]) -> pd.Series[bool]:
    """Yes or no (nullable boolean): true/false, t/f, yes/no, y/n, 1/0 in either case."""
    known = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
    words = column.str.strip().str.lower().str.replace(r"^([01])\.0+$", r"\1", regex=True)
    return words.map(known).astype("boolean")


def to_times(column: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """UTC moments (datetime64[us, UTC]) from ISO 8601, or from seconds, ms, us or ns since 1970.

    A moment without an offset is taken as UTC.
    """
    text = column.str.strip()
    dated = text.where(text.str.match(r"^[0-9]{4}"))  # pandas would also read "now" and "today"
    times = _utc(dated, format="ISO8601")
    for length, unit in _EPOCH_UNITS.items():
        epoch = text.str.match(rf"^[0-9]{{{length}}}$")
        if epoch.any():
            times[epoch] = _utc(pd.to_numeric(text[epoch]), unit=unit)
    return times


def _utc(column: pd.Series[str] | pd.Series[int], **how: str) -> pd.Series[pd.Timestamp]:
    times = pd.to_datetime(column, utc=True, errors="coerce", **how)  # type: ignore[call-overload]
    return times.astype("datetime64[us, UTC]")  # type: ignore[no-any-return]
