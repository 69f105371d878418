"""The click log: impressions and co-click pairs, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pandas as pd

from mmquality.anywhere import Place, place
from mmquality.config import ImportLimits
from mmquality.data.float_ids import is_id
from mmquality.data.input_file import ROW, listed
from mmquality.data.sieve import Sieve
from mmquality.data.tables import TableChunk, first_chunk, read_table
from mmquality.data.values import to_counts, to_flags, to_ids, to_times, to_weights
from mmquality.errors import InputFileError
from mmquality.records import UNKNOWN, RowProblem

IMPRESSION_COLUMNS = ("session_id", "shown_at", "seed_listing_id", "listing_id", "position", "clicked")
CO_CLICK_COLUMNS = ("listing_id", "other_id", "weight")

_FIRST = pd.Timestamp(0, tz="UTC")
_AHEAD = pd.Timedelta(days=1)  # that clocks, and moments written without an offset, may be ahead


@dataclass(frozen=True)
class ClickChunk:
    """Rows of a click log that can be used, and what is wrong with the others in that part of the file.

    `used` counts those that can: of pairs `frame` has fewer where some are named twice.
    """

    frame: pd.DataFrame
    problems: list[RowProblem]
    used: int


def read_impressions(
    path: str | Place, known: pd.Index, limits: ImportLimits | None = None
) -> Iterator[ClickChunk]:
    """Read impressions of the listings whose ids are in `known`.

    Columns: session_id, shown_at (UTC), seed_listing_id ("" where there was none), listing_id, position
    (int, as in the file), clicked (bool). Raises `InputFileError` at once where the file cannot be used at
    all.
    """
    chunks = read_table(path, IMPRESSION_COLUMNS, limits, known)
    catalogue = _catalogue(known)
    return (_impressions(place(path), chunk, catalogue) for chunk in chunks)


def read_co_clicks(
    path: str | Place,
    known: pd.Index,
    limits: ImportLimits | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> Iterator[ClickChunk]:
    """Read pairs of listings in `known` that were clicked, or bought, together.

    The ids are in the file's first two columns whose names end in "id"; a column `weight`, or else `count`,
    says how often. Where the file has other columns or names, `say` is told which were taken. Columns:
    listing_id, other_id, weight (float, 1.0 where the file has none). A pair has no direction: listing_id <
    other_id, and a pair that a chunk names twice comes once, with the larger weight. Raises `InputFileError`
    at once where the file cannot be used at all.
    """
    chunks = read_table(path, limits=limits, known=known)
    first = next(chunks)
    names, ids = _pairs(path, first)
    weight = next((name for name in ("weight", "count") if name in names), None)
    if set(names) != {*CO_CLICK_COLUMNS[:2], weight or ids[0]}:
        often = f"{weight!r} says how often" if weight else "each counts once, for lack of a column 'weight'"
        say(f"Pairs are {ids[0]!r} with {ids[1]!r} in {place(path).name}; {often}.")
    catalogue = _catalogue(known)
    return (_co_clicks(place(path), chunk, catalogue, ids, weight) for chunk in chain([first], chunks))


def check_impressions(path: str | Place, limits: ImportLimits | None = None) -> None:
    """Raise `InputFileError` where `read_impressions` would at once, without listings to hold it against."""
    first_chunk(path, IMPRESSION_COLUMNS, limits)


def check_co_clicks(path: str | Place, limits: ImportLimits | None = None) -> None:
    """Raise `InputFileError` where `read_co_clicks` would at once, without listings to hold it against."""
    _pairs(path, first_chunk(path, limits=limits))


def _pairs(path: str | Place, first: TableChunk) -> tuple[list[str], list[str]]:
    """All columns of a file of pairs, and the two that name the listings."""
    names = [name for name in first.frame.columns if name != ROW]
    ids = [name for name in names if is_id(name)][:2]
    if len(ids) < 2:
        raise InputFileError(
            f"{path} has fewer than two columns of ids (named …_id); it has {listed(names)}. Rename those of "
            "the two listings to 'listing_id' and 'other_id'."
        )
    return names, ids


def _catalogue(known: pd.Index) -> pd.Index:
    """`known` as an index that is hashed once, not once per chunk."""
    hashed: pd.Index = pd.Index(known.unique(), dtype=object)
    return hashed


def _impressions(path: Place, chunk: TableChunk, catalogue: pd.Index) -> ClickChunk:
    ids = {name: to_ids(chunk.frame[name]) for name in ("session_id", "seed_listing_id", "listing_id")}
    sieve = Sieve(path, TableChunk(chunk.frame.assign(**ids), chunk.problems))
    sieve.refuse(sieve.frame["session_id"] == "", "session_id", "is empty")
    sieve.refuse(~_known(sieve, "listing_id", catalogue), "listing_id", UNKNOWN)
    seeded = sieve.frame["seed_listing_id"] != ""
    sieve.refuse(seeded & ~_known(sieve, "seed_listing_id", catalogue), "seed_listing_id", UNKNOWN)
    itself = sieve.frame["seed_listing_id"] == sieve.frame["listing_id"]
    sieve.refuse(itself, "seed_listing_id", "is the listing itself")
    _parse(sieve, "shown_at", to_times, "is not a time such as 2026-01-31T14:05:00")
    later = sieve.frame["shown_at"] > pd.Timestamp.now("UTC") + _AHEAD
    sieve.refuse(later, "shown_at", "is in the future")
    sieve.refuse(sieve.frame["shown_at"] < _FIRST, "shown_at", "is before 1970")
    _parse(sieve, "position", to_counts, "is not a whole number from 0 on")
    _parse(sieve, "clicked", to_flags, "is neither true nor false")
    kinds = {"position": "int64", "clicked": "bool"}
    frame = sieve.frame[list(IMPRESSION_COLUMNS)].astype(kinds).reset_index(drop=True)
    return ClickChunk(frame, sieve.problems, len(frame))


def _co_clicks(
    path: Place, chunk: TableChunk, catalogue: pd.Index, ids: list[str], weight: str | None
) -> ClickChunk:
    columns = [ROW, *ids, *([weight] if weight else [])]
    frame = chunk.frame.reindex(columns=columns, fill_value="")  # in JSON Lines a column may end early
    sieve = Sieve(
        path, TableChunk(frame.assign(**{name: to_ids(frame[name]) for name in ids}), chunk.problems)
    )
    for name in ids:
        sieve.refuse(~_known(sieve, name, catalogue), name, UNKNOWN)
    sieve.refuse(sieve.frame[ids[0]] == sieve.frame[ids[1]], ids[1], "is the listing itself")
    if weight:
        _parse(sieve, weight, to_weights, "is not a number above 0")
    one, other = sieve.frame[ids[0]], sieve.frame[ids[1]]
    weights = sieve.frame[weight] if weight else 1.0
    found = pd.DataFrame(
        {"listing_id": one.where(one < other, other), "other_id": other.where(one < other, one)}
    )
    found = found.assign(weight=weights).astype({"weight": "float64"})
    found = found.sort_values("weight", kind="stable")
    pairs = found.drop_duplicates(["listing_id", "other_id"], keep="last").sort_index()
    return ClickChunk(pairs.reset_index(drop=True), sieve.problems, len(found))


def _known(sieve: Sieve, column: str, catalogue: pd.Index) -> pd.Series[bool]:
    def known(ids: pd.Series[str]) -> pd.Series[bool]:
        places = catalogue.get_indexer(pd.Index(ids, dtype=object))
        return pd.Series(places >= 0, index=ids.index)

    return _of_each(sieve.frame[column], known)


def _parse(
    sieve: Sieve, column: str, reader: Callable[[pd.Series[str]], pd.Series[Any]], reason: str
) -> None:
    """Replace the column by what `reader` makes of it; rows that it cannot read are problems."""
    read = _of_each(sieve.frame[column], reader)
    sieve.refuse(read.isna(), column, reason)
    sieve.frame = sieve.frame.assign(**{column: read[read.notna()]})


def _of_each(column: pd.Series[str], reader: Callable[[pd.Series[str]], pd.Series[Any]]) -> pd.Series[Any]:
    """What `reader` makes of a column, of each different text once: a log says the same again and again."""
    codes, texts = pd.factorize(column)
    return reader(pd.Series(texts, dtype="str")).take(codes).set_axis(column.index)
