"""Ids that a person may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

from mmquality.errors import RemovedListingError, UnknownListingError
from mmquality.store import Store


@contextmanager
def suggesting_ids(store: Store, listing_id: str) -> Iterator[None]:
    """Adds ids that look like `listing_id` to the error that the catalogue does not hold it."""
    try:
        yield
    except RemovedListingError:  # which was meant
        raise
    except UnknownListingError as error:
        ids = store.catalogue_frame(["listing_id"])["listing_id"].tolist()
        near = [] if listing_id in ids else difflib.get_close_matches(listing_id, ids, cutoff=0.7)
        if not near:
            raise
        raise UnknownListingError(f"{error} Near it: {', '.join(near)}.") from error
