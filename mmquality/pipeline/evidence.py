"""Why a listing stands where it does, in words and pictures: read from the indexes in force, never stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mmquality.errors import ModelFileError
from mmquality.index import VectorIndex
from mmquality.pipeline.click_report import ClickStanding
from mmquality.records import Listing, Neighbour, Space
from mmquality.store import Store
from mmquality.words import Vocabulary, telling_words, words_lacking, words_shared

MOST_NEAR, LEAST_NEAR = 20, 5  # photos, or titles, whose words say what something looks like: …
_NEAR_SHARE = 0.05  # … this share of a catalogue, so that in a small one they are of one kind
_FIRST_LOOK, _LONGEST_LOOK = 64, 1_024  # neighbours searched for; a photo may be shared by very many
_SHORT = 3  # words on a card
_TITLES_COUNTED = 50_000  # of a larger catalogue, evenly spread listings stand for all
_SAME_PHOTO = 0.96  # photo embeddings of at least this cosine are the same photo to the eye
_UNRELATED = 0.95  # titles less alike than this share of random pairs are unrelated
_RANDOM_PAIRS, _SEED = 5_000, 7
_CLEAR = 0.5  # a category of more than this share of the photo's neighbours is what it looks like


@dataclass(frozen=True)
class Evidence:
    """What speaks for or against a listing's photo, in things a person can look at and read."""

    photo_looks_like: list[Neighbour]  # the nearest photos but for those that are this very photo
    title_asks_for: list[Neighbour]  # the nearest titles: their photos show what this one should
    looks_like: list[str]  # words that set the titles of the nearest photos apart from the catalogue's
    asks_for: list[str]  # words of this title that those titles lack
    shared_words: list[str]  # words of this title that set those titles apart
    other_category: str  # the category of most of the nearest photos, where it is not this listing's; or ""
    unrelated_sharers: list[str]  # listings that show this photo (to the eye) under unrelated titles
    related_sharers: list[str]  # listings that show it under a title like this one's
    clicks: ClickStanding | None  # None without a click log


@dataclass(frozen=True)
class Glance:
    """The evidence that fits on a card."""

    looks_like: list[str]  # at most three words
    shared: bool  # whether listings with unrelated titles show this photo, to the eye


@dataclass(frozen=True)
class Background:
    """What evidence is held against: the catalogue's words, and how alike titles at random are."""

    vocabulary: Vocabulary
    related: float  # cosine from which two titles are related

    @classmethod
    def of(cls, store: Store, titles: VectorIndex) -> Background:
        """Counted once for every index: it goes through tens of thousands of titles."""
        counted = store.listings_by_id(titles.ids[:: -(-len(titles) // _TITLES_COUNTED) or 1])
        return cls(Vocabulary.of(listing.title for listing in counted.values()), _related(titles))

    def save(self, path: Path) -> None:
        """Keep it."""
        told = {"words": dict(self.vocabulary.titles_with), "in_all": self.vocabulary.words}
        path.write_text(json.dumps(told | {"related": self.related}, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Background:
        """What `save` wrote. Raises `ModelFileError`."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(Vocabulary(dict(stored["words"]), int(stored["in_all"])), float(stored["related"]))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelFileError(f"{path} cannot be read ({error}). Run `mmquality index` again.") from error


class EvidenceReader:
    """Reads evidence from a store and the indexes of one model version; `kept` holds its background."""

    def __init__(self, store: Store, index: Callable[[Space], VectorIndex], kept: Callable[[], Path]) -> None:
        self._store = store
        self._index = index
        self._kept = kept

    def evidence(self, listing: Listing, k: int, clicks: ClickStanding | None) -> Evidence:
        """Everything about one listing of the indexes, with k neighbours of each kind.

        Raises `UnknownListingError` where the indexes do not hold it.
        """
        near, sharers = self._near_photos([listing.listing_id], _LONGEST_LOOK)[0]
        copies = self._store.listings_with_photo(listing.photo_hash, other_than=listing.listing_id)
        sharers += [other for other in copies if other not in set(sharers)]
        near = [(other, distance) for other, distance in near if other not in set(sharers)]
        alike = self._index(Space.TITLE).nearest(listing.listing_id, max(k, self._near))
        listings = self._store.listings_by_id([i for i, _ in near] + [i for i, _ in alike])
        photos = [listings[i] for i, _ in near[: self._near] if i in listings]
        photo_titles = [other.title for other in photos]
        alike_titles = [listings[i].title for i, _ in alike[: self._near] if i in listings]
        vocabulary = self._background.vocabulary
        unrelated = self._unrelated(listing.listing_id, sharers)
        return Evidence(
            photo_looks_like=self._as_neighbours(listing.listing_id, near[:k]),
            title_asks_for=self._as_neighbours(listing.listing_id, alike[:k]),
            looks_like=telling_words(photo_titles, vocabulary),
            asks_for=words_lacking(listing.title, photo_titles, alike_titles, vocabulary),
            shared_words=words_shared(listing.title, photo_titles, vocabulary),
            other_category=_other_category(listing, photos),
            unrelated_sharers=unrelated,
            related_sharers=[other for other in sharers if other not in set(unrelated)],
            clicks=clicks,
        )

    def glances(self, listing_ids: Sequence[str]) -> dict[str, Glance]:
        """The short evidence of those listings that the indexes hold, all looked up at once."""
        held = [listing_id for listing_id in listing_ids if listing_id in self._index(Space.PHOTO)]
        near = dict(zip(held, self._near_photos(held), strict=True))
        titles = self._store.titles(i for found, _ in near.values() for i, _ in found)
        return {
            listing_id: Glance(
                telling_words(
                    [titles[i] for i, _ in found[: self._near] if i in titles],
                    self._background.vocabulary,
                    _SHORT,
                ),
                bool(self._unrelated(listing_id, sharers)),
            )
            for listing_id, (found, sharers) in near.items()
        }

    @cached_property
    def _near(self) -> int:
        return min(MOST_NEAR, max(LEAST_NEAR, round(_NEAR_SHARE * len(self._index(Space.PHOTO)))))

    @cached_property
    def _background(self) -> Background:
        path = self._kept()
        if path.exists():
            return Background.load(path)
        return Background.of(self._store, self._index(Space.TITLE))  # an earlier mmquality kept none

    def _near_photos(
        self, listing_ids: Sequence[str], longest: int = _FIRST_LOOK
    ) -> list[tuple[list[tuple[str, float]], list[str]]]:
        """For each listing its nearest other photos (id, distance), and who shows its very photo."""
        if not listing_ids:
            return []
        index, limit = self._index(Space.PHOTO), (2 * (1 - _SAME_PHOTO)) ** 0.5
        rows, distances = index.search(index.vectors(listing_ids), _FIRST_LOOK)
        found = [
            _split(listing_id, [index.ids[r] for r in near], far, limit)
            for listing_id, near, far in zip(listing_ids, rows, distances, strict=True)
        ]
        if longest > _FIRST_LOOK and len(index) > _FIRST_LOOK:
            for place, listing_id in enumerate(listing_ids):
                if len(found[place][0]) < MOST_NEAR:  # nearly all of them show the same photo: look further
                    near, far = index.search(index.vectors([listing_id]), longest)
                    found[place] = _split(listing_id, [index.ids[r] for r in near[0]], far[0], limit)
        return found

    def _unrelated(self, listing_id: str, sharers: Sequence[str]) -> list[str]:
        """Those of `sharers` whose titles are no more like this listing's than titles at random."""
        titles = self._index(Space.TITLE)
        held = [other for other in sharers if other in titles]
        if not held:
            return []
        cosines = titles.vectors(held) @ titles.vectors([listing_id])[0]
        related = self._background.related
        return [other for other, cosine in zip(held, cosines, strict=True) if cosine < related]

    def _as_neighbours(self, listing_id: str, found: Sequence[tuple[str, float]]) -> list[Neighbour]:
        if not found:
            return []
        titles = self._index(Space.TITLE)
        cosines = titles.vectors([i for i, _ in found]) @ titles.vectors([listing_id])[0]
        return [
            Neighbour(other, position, distance, float(cosine))
            for position, ((other, distance), cosine) in enumerate(zip(found, cosines, strict=True), 1)
        ]


def _split(
    listing_id: str, ids: Sequence[str], distances: npt.NDArray[np.float32], limit: float
) -> tuple[list[tuple[str, float]], list[str]]:
    """The nearest photos but the listing's own: those that differ, and whose are the same."""
    others = [(i, float(d)) for i, d in zip(ids, distances, strict=True) if i != listing_id]
    return [(i, d) for i, d in others if d > limit][:MOST_NEAR], [i for i, d in others if d <= limit]


def _related(titles: VectorIndex) -> float:
    """A cosine above this share of random pairs of titles."""
    a, b = np.random.default_rng(_SEED).integers(0, len(titles), size=(2, _RANDOM_PAIRS))
    one, other = (titles.vectors_at(rows) for rows in (a, b))
    cosines = (one * other).sum(axis=1)[a != b]
    return float(np.quantile(cosines, _UNRELATED)) if len(cosines) else 0.0


def _other_category(listing: Listing, photos: Sequence[Listing]) -> str:
    counts = Counter(photo.category or "" for photo in photos)
    name, number = counts.most_common(1)[0] if counts else ("", 0)
    return name if number > _CLEAR * len(photos) and name != (listing.category or "") else ""
