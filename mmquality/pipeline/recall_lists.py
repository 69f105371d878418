"""What each embedding space recalls for one listing, and how a neighbour's place changes between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmquality.records import Neighbour, Space

LOOKED_AT = 1_000  # nearest listings of each space whose places are known


@dataclass(frozen=True)
class Comparison:
    """The k nearest of one listing in the unified space beside those in other spaces."""

    lists: Mapping[Space, list[Neighbour]]  # the k nearest in each space, the unified one among them
    places: Mapping[Space, Mapping[str, int]]  # listing_id → its place among the nearest `LOOKED_AT`, from 1
    distance: Mapping[str, float]  # unified embedding distance of every listing in a list

    def entered(self, space: Space) -> set[str]:
        """Listings that unified recall finds and recall in `space` does not."""
        return self._ids(Space.UNIFIED) - self._ids(space)

    def left(self, space: Space) -> set[str]:
        """Listings that recall in `space` finds and unified recall does not."""
        return self._ids(space) - self._ids(Space.UNIFIED)

    def overlap(self, space: Space) -> int:
        """How many listings the list of `space` and the unified list share."""
        return len(self._ids(space) & self._ids(Space.UNIFIED))

    def rise(self, listing_id: str, space: Space) -> int | None:
        """How many places nearer the unified space has a listing than `space`; None where one lost sight
        of it."""
        before, after = (self.places[s].get(listing_id) for s in (space, Space.UNIFIED))
        return None if before is None or after is None else before - after

    def _ids(self, space: Space) -> set[str]:
        return {neighbour.listing_id for neighbour in self.lists[space]}
