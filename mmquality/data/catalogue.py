"""The catalogue file: rows become listings, or problems that say why not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import ExtensionArray

from mmquality.anywhere import Place, as_from_a_disk, place
from mmquality.config import ImportLimits
from mmquality.data.input_file import ROW
from mmquality.data.photo_stamps import FoundPhoto, PhotoStamps, Progress
from mmquality.data.photos import PhotoProblem
from mmquality.data.sieve import Sieve
from mmquality.data.tables import TableChunk, read_table
from mmquality.data.values import clean_text, shows, strip_controls, to_ids, to_prices
from mmquality.errors import InputFileError
from mmquality.ids import is_seen
from mmquality.records import RowProblem

REQUIRED = ("listing_id", "title", "image")
LISTING_COLUMNS = (
    "listing_id", "title", "category", "price", "seller", "attributes", "image", "photo_path", "title_hash",
    "photo_hash", "photo_size", "photo_mtime_ns",
)  # fmt: skip

_LONGEST_ID = 200
_HASH_DIGITS = 64
_PLAIN = r"(?:[!-~]+(?: [!-~]+)*)?"  # visible ASCII with single spaces between: clean as it is
_OWN = {ROW, *REQUIRED, "category", "price", "seller"}  # every other column of the file is an attribute


@dataclass(frozen=True)
class CatalogueChunk:
    """Listings that can be used, and what is wrong with the other rows of the same part of the file.

    `listings` has the columns `LISTING_COLUMNS`; listing_id is unique in the whole file. category and seller
    are None and price NaN where the file has none; a price that is no number is an attribute instead.
    attributes is the JSON text of an object of strings; photo_size (bytes) and photo_mtime_ns tell the next
    import what is unchanged.
    """

    listings: pd.DataFrame
    problems: list[RowProblem]


def read_catalogue(
    path: str | Place,
    photo_root: str | Place,
    known: Mapping[str, tuple[int, int, str]] | None = None,
    limits: ImportLimits | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    known_ids: Iterable[str] = (),
) -> Iterator[CatalogueChunk]:
    """Read a catalogue file chunk by chunk; photos are looked for below the folder or URL
    `photo_root`.

    `known` maps photo_path to (size, mtime_ns, hash) from an earlier import: a photo of the same size and
    time is not decoded again. `progress` is called with the number of photos dealt with since its last call.
    `known_ids` are those of the catalogue as it is (`read_table`). Of rows with the same listing_id the first
    usable one counts. Raises `InputFileError` at once where the file or the folder cannot be used at all.
    """
    path, root = place(path), place(photo_root)
    _check_folder(root)
    chunks = read_table(path, REQUIRED, limits, known_ids)
    stamps = PhotoStamps(root, known or {}, limits or ImportLimits(), workers, progress)
    return _catalogue_chunks(path, chunks, stamps, limits or ImportLimits())


def check_listings(
    source: str | Place, chunk: TableChunk, stamps: PhotoStamps, limits: ImportLimits
) -> CatalogueChunk:
    """Rows of any source as listings, or as problems; an id may come more than once."""
    sieve = Sieve(place(source), chunk)
    photos = _check_rows(sieve, stamps, limits)
    return CatalogueChunk(_listings(sieve.frame, photos), sieve.problems)


def _check_rows(sieve: Sieve, stamps: PhotoStamps, limits: ImportLimits) -> dict[str, FoundPhoto]:
    """Take out the rows that cannot be used; the photos of the others by image."""
    _check_ids(sieve)
    _check_titles(sieve, limits)
    return _check_photos(sieve, stamps)


def _check_folder(root: Place) -> None:
    try:
        with as_from_a_disk(root):
            if root.is_dir():
                return
            what = "is not a folder" if root.exists() else "does not exist"
    except OSError as error:
        why = f"{root} cannot be reached ({error.strerror}); check the address and your access to it."
        raise InputFileError(why) from error
    raise InputFileError(f"{root} {what}; give the folder in which the catalogue's images lie.")


def _catalogue_chunks(
    path: Place, chunks: Iterator[TableChunk], stamps: PhotoStamps, limits: ImportLimits
) -> Iterator[CatalogueChunk]:
    rows: dict[str, int] = {}  # of every listing_id that was used
    with stamps:
        for chunk in chunks:
            sieve = Sieve(path, chunk)
            photos = _check_rows(sieve, stamps, limits)
            _check_unique(sieve, rows)
            yield CatalogueChunk(_listings(sieve.frame, photos), sieve.problems)


def _check_ids(sieve: Sieve) -> None:
    sieve.frame = sieve.frame.assign(listing_id=to_ids(sieve.frame["listing_id"]))
    sieve.refuse(sieve.frame["listing_id"] == "", "listing_id", "is empty")
    too_long = sieve.frame["listing_id"].str.len() > _LONGEST_ID
    sieve.refuse(too_long, "listing_id", f"is longer than {_LONGEST_ID} characters")
    sieve.refuse(
        _fails(sieve.frame["listing_id"], is_seen), "listing_id", "has characters that cannot be seen"
    )


def _check_titles(sieve: Sieve, limits: ImportLimits) -> None:
    sieve.frame = sieve.frame.assign(title=_cleaned(sieve.frame["title"], clean_text))
    sieve.refuse(_fails(sieve.frame["title"], shows) | (sieve.frame["title"] == ""), "title", "is empty")
    lengths = sieve.frame["title"].str.len()
    too_long = lengths > limits.max_title_characters
    reasons = [
        f"has {n:,} characters; the limit is {limits.max_title_characters:,}" for n in lengths[too_long]
    ]
    sieve.refuse(too_long, "title", reasons)


def _check_photos(sieve: Sieve, stamps: PhotoStamps) -> dict[str, FoundPhoto]:
    """Take out rows without a usable photo; the photos of the others by image."""
    sieve.frame = sieve.frame.assign(image=sieve.frame["image"].str.strip())
    sieve.refuse(sieve.frame["image"] == "", "image", "is empty")
    found = stamps.find(sieve.frame["image"].drop_duplicates().tolist())
    problems = {image: photo.reason for image, photo in found.items() if isinstance(photo, PhotoProblem)}
    bad = sieve.frame["image"].isin(list(problems))
    sieve.refuse(bad, "image", [problems[image] for image in sieve.frame["image"][bad]])
    return {image: photo for image, photo in found.items() if isinstance(photo, FoundPhoto)}


def _check_unique(sieve: Sieve, rows: dict[str, int]) -> None:
    ids, numbers = sieve.frame["listing_id"].tolist(), sieve.frame[ROW].tolist()
    here = dict(zip(ids, numbers, strict=True))
    if len(here) == len(ids) and rows.keys().isdisjoint(here):  # as nearly always
        rows.update(here)
        return
    first = [rows.setdefault(listing_id, row) == row for listing_id, row in zip(ids, numbers, strict=True)]
    again = ~pd.Series(first, index=sieve.frame.index, dtype=bool)
    reasons = [f"is a duplicate of row {rows[listing_id]}" for listing_id in sieve.frame["listing_id"][again]]
    sieve.refuse(again, "listing_id", reasons)


def _listings(frame: pd.DataFrame, photos: Mapping[str, FoundPhoto]) -> pd.DataFrame:
    written = (
        frame["price"].str.strip() if "price" in frame else pd.Series("", index=frame.index, dtype="str")
    )
    prices = to_prices(written)
    columns = {
        "listing_id": frame["listing_id"],
        "title": frame["title"],
        "category": _optional(frame, "category"),
        "price": prices,
        "seller": _optional(frame, "seller"),
        "attributes": _attributes(frame, written.where(prices.isna(), "")),
        "image": frame["image"],
        **_photo_columns(frame["image"], photos),
        "title_hash": _hashes(frame["title"].tolist()),
    }
    return pd.DataFrame({name: columns[name] for name in LISTING_COLUMNS}).reset_index(drop=True)


def _photo_columns(images: pd.Series[str], photos: Mapping[str, FoundPhoto]) -> dict[str, Any]:
    """What is known of each listing's photo, looked up once for each different one."""
    codes, different = pd.factorize(images)
    found = [photos[image] for image in different.tolist()]
    return {
        "photo_path": _texts([photo.path for photo in found]).take(codes),
        "photo_hash": _texts([photo.stamp.hash for photo in found]).take(codes),
        "photo_size": np.array([photo.stamp.size for photo in found], np.int64)[codes],
        "photo_mtime_ns": np.array([photo.stamp.mtime_ns for photo in found], np.int64)[codes],
    }


def _texts(values: Sequence[str] | pa.Array) -> ExtensionArray:
    return pd.array(values, dtype="str")


def _hashes(texts: Sequence[str]) -> ExtensionArray:
    """The SHA-256 of each, written out for all of them together."""
    digits = b"".join([hashlib.sha256(text.encode()).digest() for text in texts]).hex().encode()
    starts = pa.array(_HASH_DIGITS * np.arange(len(texts) + 1))
    return _texts(pa.LargeStringArray.from_buffers(len(texts), starts.buffers()[1], pa.py_buffer(digits)))


def _cleaned(column: pd.Series[str], change: Callable[[str], str]) -> pd.Series[str]:
    """`change` of each text; what is plain needs none, each different one of the others is changed once."""
    others = ~column.str.fullmatch(_PLAIN)
    if others.any():
        column = column.copy()
        codes, different = pd.factorize(column[others])
        column[others] = _texts(list(map(change, different.tolist()))).take(codes)
    return column


def _fails(column: pd.Series[str], passes: Callable[[str], bool]) -> pd.Series[bool]:
    """Which texts fail a check that plain ones pass, whatever they say."""
    failed = ~column.str.fullmatch(_PLAIN)
    failed[failed] = ~column[failed].map(passes).astype(bool)
    return failed


def _optional(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    texts = _cleaned(frame[name], clean_text).tolist() if name in frame else [""] * len(frame)
    return pd.Series([text or None for text in texts], index=frame.index, dtype=object)


def _attributes(frame: pd.DataFrame, price: pd.Series[str]) -> ExtensionArray:
    """What else the file says of each listing, and a price that is no number; empty values are left out."""
    others = {str(name): column for name, column in frame.items() if name not in _OWN} | {"price": price}
    members = [_members(name, _cleaned(column, strip_controls)) for name, column in others.items()]
    opened, closed, between = (pa.scalar(text, pa.large_string()) for text in ("{", "}", ""))
    joined = pc.utf8_ltrim(pc.binary_join_element_wise(*members, between), ",")
    return _texts(pc.binary_join_element_wise(opened, joined, closed, between))


def _members(name: str, values: pd.Series[str]) -> pa.Array:
    """`,"name":"value"` of each value as JSON writes it, nothing where there is none."""
    codes, different = pd.factorize(values)
    start = b"," + orjson.dumps(name) + b":"
    written = [start + orjson.dumps(text) if text else b"" for text in different.tolist()]
    return pa.array(written, pa.large_binary()).cast(pa.large_string()).take(pa.array(codes))
