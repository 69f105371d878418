"""Values: what people write is read, what cannot be read is missing, and nothing else happens."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmquality.data.values import (
    clean_text,
    strip_controls,
    to_counts,
    to_flags,
    to_prices,
    to_times,
    to_weights,
)


def _column(*values: str) -> pd.Series[str]:
    return pd.Series(list(values), index=range(5, 5 + len(values)), dtype="str")


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  Red \t mug\n\n2 l ", "Red mug 2 l"),
        ("Cafe\u0301", "Café"),
        ("a\0b\x07c", "abc"),
        ("\u200b\ufeff \u202e", ""),
        ("one\u00a0two\u3000three\x1ffour", "one two three four"),
        ("NA", "NA"),
        ("👩\u200d💻 desk", "👩\u200d💻 desk"),
    ],
)
def test_text_is_one_clean_line(written: str, clean: str) -> None:
    assert clean_text(written) == clean


def test_text_made_of_accents_does_not_take_for_ever() -> None:
    started = time.perf_counter()
    clean_text("a" + "\u0301\u0327" * 100_000)
    assert time.perf_counter() - started < 5


def test_attributes_keep_their_lines() -> None:
    assert strip_controls(" a\n b\0\u200b ") == "a\n b"


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("12", 12),
        ("12.50", 12.5),
        ("0", 0),
        ("1e3", 1000),
        ("1,299.00", 1299),
        ("1,29,900", 129_900),
        ("1.299,00", 1299),
        ("1.299.000", 1_299_000),
        ("12,50 €", 12.5),
        ("$12", 12),
        ("US $1,299", 1299),
        ("EUR 5", 5),
        ("5 GBP", 5),
        ("Rs. 499", 499),
        ("₹1,999", 1999),
        (" 7 ", 7),
        ("٣", 3),
    ],
)
def test_prices_are_read(written: str, price: float) -> None:
    assert to_prices(_column(written)).iloc[0] == price


@pytest.mark.parametrize(
    "written",
    [
        "",
        "on request",
        "12-15",
        "-3",
        "1,2,3",
        "1.2.3",
        "12,345,6",
        "nan",
        "inf",
        "1e999",
        "$",
        "from 12",
        "²",
    ],
)
def test_what_is_no_price_is_missing(written: str) -> None:
    assert pd.isna(to_prices(_column("1", written)).iloc[1])


def test_counts_weights_and_flags() -> None:
    counts = to_counts(_column("0", " 12 ", "3.0", "3.5", "-1", "", "x", "1e3", "9999999999", "²"))
    assert counts.tolist()[:3] == [0, 12, 3]
    assert counts.iloc[3:].isna().all()
    weights = to_weights(_column("1", "0.5", "0", "-2", "", "inf", "x"))
    assert weights.tolist()[:2] == [1.0, 0.5]
    assert weights.iloc[2:].isna().all()
    flags = to_flags(_column("True", "1", "yes", "1.0", "t", "FALSE", "0", "n", "", "2", "clicked"))
    assert flags.tolist()[:8] == [True] * 5 + [False] * 3
    assert flags.iloc[8:].isna().all()


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31 14:05:06", "2026-01-31T14:05:06Z"),
        ("2026-01-31T14:05:06.123456789+02:00", "2026-01-31T12:05:06.123456Z"),
        ("1769868306", "2026-01-31T14:05:06Z"),
        ("1769868306000", "2026-01-31T14:05:06Z"),
    ],
)
def test_times_are_read_as_utc(written: str, moment: str) -> None:
    times = to_times(_column("2020-02-29", written))
    assert str(times.dtype) == "datetime64[us, UTC]"
    assert times.iloc[1] == pd.Timestamp(moment)


@pytest.mark.parametrize(
    "written", ["", "now", "today", "31/01/2026", "2026-02-30", "2026-01-01T25:00", "12", "x"]
)
def test_what_is_no_time_is_missing(written: str) -> None:
    assert pd.isna(to_times(_column("2020-02-29", written)).iloc[1])


LIKELY = st.text(st.sampled_from("0123456789.,-+:TZeE $€truefalsn\0²٣"), max_size=25)


@settings(deadline=None)
@given(values=st.lists(LIKELY | st.text(max_size=10), max_size=5))
def test_no_text_is_too_odd(values: list[str]) -> None:
    column = _column(*(value.encode("utf-8", "replace").decode() for value in values))
    for read in (to_prices, to_weights, to_counts, to_flags, to_times):
        assert read(column).index.equals(column.index)
    for text in column:
        assert clean_text(clean_text(text)) == clean_text(text)
        assert "\0" not in clean_text(text) + strip_controls(text)
