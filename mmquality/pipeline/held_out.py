"""Listings whose clicks a model must not learn from, so that recall is measured on pairs it never saw."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from mmquality.errors import InputFileError, ModelFileError
from mmquality.evaluation.truth import read_split

HELD_OUT = "held_out.json"  # in a model's folder, where it held any out


def held_out_by(split: Path | None, listing_ids: Iterable[str]) -> frozenset[str]:
    """The test listings of a split (listing_id, split), none without one.

    Those that the workspace does not hold are among them: they may be imported before the model scores.
    Raises `InputFileError` where none of `listing_ids` is a test listing.
    """
    if split is None:
        return frozenset()
    listing_ids = list(listing_ids)
    part = read_split(split, listing_ids)
    test = frozenset(part.index[part == "test"])
    if test.isdisjoint(listing_ids):
        raise InputFileError(
            f"No listing of the workspace is in the test part of {split}; nothing to hold out."
        )
    return test


def save_held_out(listing_ids: Collection[str], folder: Path) -> None:
    """Keep the held-out listings beside the model in `folder`; where there are none, nothing is written."""
    if listing_ids:
        (folder / HELD_OUT).write_text(json.dumps(sorted(listing_ids)), encoding="utf-8")


def load_held_out(folder: Path) -> frozenset[str]:
    """The listings whose clicks the model in `folder` held out. Raises `ModelFileError`."""
    path = folder / HELD_OUT
    if not path.exists():
        return frozenset()
    try:
        listing_ids = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(listing_ids, list) or not all(isinstance(i, str) for i in listing_ids):
            raise ValueError("it is not a list of ids")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} cannot be read ({error}). Restore it, or train again.") from error
    return frozenset(listing_ids)


def held_out_in_words(listings: object) -> str:
    """How many listings of the catalogue were held out, as the end of a sentence; "" for none."""
    return f"; clicks of {listings:,} test listings held out" if listings else ""
