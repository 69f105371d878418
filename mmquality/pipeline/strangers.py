"""Ids that a program wrote otherwise than the catalogue has them: an import would double the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from mmquality.anywhere import Place
from mmquality.errors import InputFileError
from mmquality.ids import bare_id
from mmquality.records import count
from mmquality.store import Store

_MANY = 0.5
_SOME = 1_000  # listings, whose ids are looked up first


def check_ids(path: Place, store: Store, ids: Sequence[pd.Series[str]]) -> None:
    """Raise `InputFileError` where at least half of the listings of `path` are new, and at least half of
    these have an id that the catalogue has with other zeros before it, or with a ".0" behind it."""
    given = set(every := pd.concat(ids))
    some = every.sample(min(_SOME, len(every)), random_state=7)
    if not store.listing_count() or len(store.unknown(some)) < _MANY / 2 * len(some):
        return  # as nearly always, and soon found
    new = store.unknown(given)
    if not new or len(new) < _MANY * len(given):
        return
    by_bare = {bare_id(listing_id): listing_id for listing_id in new}
    missing = (listing_id for listing_id in store.listing_ids() if listing_id not in given)
    same = {by_bare[bare]: known for known in missing if (bare := bare_id(known)) in by_bare}
    if not same or len(same) < _MANY * len(new):
        return
    other, known = next(iter(same.items()))
    raise InputFileError(
        f"Nothing was imported: of {count(len(given), 'listing')} of {path} {len(new):,} are not in the "
        f"catalogue, and {len(same):,} of these are but for zeros before the id or a .0 behind it "
        f"({known!r} in the catalogue, {other!r} in the file). Write the ids as the catalogue has them; "
        "where they are other listings, say so: --new-ids."
    )


def said_of_strangers(added: int, given: str, before: int, known: str) -> str:
    """What is said where none of the listings was there before; `given` and `known` are an id of either."""
    return (
        f"Of {count(added, 'listing')} none was in the catalogue, which had {before:,} others; all were "
        f"added as new. If it had them under other ids ({known!r} in the catalogue, {given!r} in the file), "
        "take these out again with `mmquality remove --from` and this file, and import them with the "
        "catalogue's ids."
    )
