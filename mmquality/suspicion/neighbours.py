"""What the neighbours of a listing say of its title and photo.

Listings that show much the same photo should be titled alike, and listings titled alike should show alike
photos. Two of the three terms of LEMoN (Zhang et al., ICML 2025), with three changes: a neighbour counts by
how far it is trusted itself, the terms are weighted means (a lonely listing is not thereby innocent), and how
much company a listing has stands beside them, so that their weight can depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmquality.cores import on_every_core
from mmquality.index import NeighbourIndex, nearest_of_all, unit
from mmquality.rows import New, Rows, Writable, blocks, in_memory

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEIGHBOURS = 20
SHARPNESS = 14.0  # a neighbour at cosine 0.95 counts half of one at 1
MANY = 10_000  # listings from which on nearly all of the nearest are found, in lists; of fewer, all
_COMPANY = 1e-3  # company of a listing that has none; its logarithm is taken
_TOGETHER = 8_192  # listings whose neighbours' vectors are read at a time, each vector once, …
_READ = 32_768  # … at most so many vectors …
_BLOCK = 128  # … and listings that are held against them at a time


@dataclass(frozen=True)
class Near:
    """The k listings nearest to each, itself left out, nearest first."""

    rows: Rows  # (n, k)
    cosine: Rows  # (n, k)
    recall: float = 1.0  # the share of them that was found
    together: Ints | None = None  # (n,) every row, near ones one after the other; None: not known

    def in_turn(self, of: Ints) -> Iterator[slice | Ints]:
        """Blocks of places in the rows `of`, together those that have neighbours in common."""
        order: Ints | None = None
        if self.together is not None:
            place = np.empty(len(self.together), np.int64)
            place[self.together] = np.arange(len(self.together))
            order = np.argsort(place[of], kind="stable")
        for block in blocks(len(of), _TOGETHER):
            yield block if order is None else order[block]


def nearest_others(vectors: Rows, k: int = NEIGHBOURS, new: New = in_memory) -> Near:
    """The min(k, n − 1) nearest other rows of `vectors` (n, d), unit length, by cosine."""
    n = len(vectors)
    if n >= MANY:
        joined = nearest_of_all(vectors, min(k, n - 1), new)
        return Near(joined.rows, joined.cosine, joined.recall, joined.together)
    held = vectors[:]
    rows, distances = NeighbourIndex.build(held, [""] * n).search_others(held, np.arange(n), k)
    return Near(rows, (1 - distances**2 / 2).astype(np.float32))


@dataclass(frozen=True)
class Side:
    """The neighbours by photo (or title) of each listing, and how alike the other half of it is to theirs."""

    rows: Writable  # (n, k)
    nearness: Writable  # (n, k) `exp(−SHARPNESS · (1 − cos))`, 0 for one that does not count
    likeness: Writable  # (n, k)

    @classmethod
    def of(cls, near: Near, of: Ints, besides: Ints, vectors: Rows, own: Ints, new: New) -> Side:
        """`near` those of rows `of`, without `besides`; `vectors` of rows `own` are held against theirs."""
        n, k = len(of), near.rows.shape[1]
        side = Side(new((n, k), np.int32), new((n, k), np.float32), new((n, k), np.float32))
        for block in blocks(n):
            rows, nearness = near.rows[of[block]], np.exp(-SHARPNESS * (1 - near.cosine[of[block]]))
            side.rows[block] = rows
            side.nearness[block] = np.where(rows == besides[block, None], 0, nearness)

        def alike(some: slice | Ints) -> tuple[slice | Ints, Floats]:
            return some, _likeness(vectors, own[some], side.rows[some])

        found = np.empty((n, k), np.float32)  # in memory until it is whole: listings come in any order
        for some, likeness in on_every_core(alike, near.in_turn(of)):
            found[some] = likeness
        side.likeness[:] = found
        return side

    def disagreement(self, trust: Doubles, block: slice) -> tuple[Doubles, Doubles]:
        """Mean unlikeness of some listings to their neighbours, and how much company these are."""
        weight = trust[self.rows[block]] * self.nearness[block]
        company = weight.sum(axis=1)
        weight *= self.likeness[block]
        return -weight.sum(axis=1) / (company + 1e-9), np.log(company + _COMPANY)


def _likeness(vectors: Rows, own: Ints, others: Ints) -> Floats:
    """Cosine of the vectors of rows `own` (b,) with those of `others` (b, k) each."""
    found = np.empty(others.shape, np.float32)
    read, place = np.unique(np.column_stack([own, others]), return_inverse=True)
    if len(read) > _READ and len(own) > 1:  # they have little in common
        halves = (np.s_[: len(own) // 2], np.s_[len(own) // 2 :])
        return np.concatenate([_likeness(vectors, own[half], others[half]) for half in halves])
    held, place = vectors[read], place.reshape(len(own), -1)
    for some in blocks(len(own), _BLOCK):
        found[some] = (held[place[some, 1:]] @ held[place[some, 0], :, None])[..., 0]
    return found


@dataclass(frozen=True)
class Shown:
    """Every title with one photo, and what the neighbours of both look like, whoever is trusted."""

    by_photo: Side
    by_title: Side

    def terms(self, trust: Doubles, block: slice = slice(None)) -> Doubles:
        """`Neighbourhood.terms` of some listings."""
        if block == slice(None):  # the neighbours of all are more than memory holds
            parts = [self.terms(trust, some) for some in blocks(len(self.by_photo.rows))]
            return np.concatenate(parts)
        titled, company = self.by_photo.disagreement(trust, block)
        pictured, known = self.by_title.disagreement(trust, block)
        return np.stack([titled, pictured, company, known], axis=1)


@dataclass(frozen=True)
class Neighbourhood:
    """Titles and photos as unit vectors of their own spaces, and who is near whom in each."""

    titles: Rows  # (n, p)
    photos: Rows  # (n, q)
    by_title: Near
    by_photo: Near
    new: New = in_memory  # gives room for what is found

    @classmethod
    def of(cls, titles: Rows, photos: Rows, new: New = in_memory) -> Neighbourhood:
        """Look up the neighbours of every listing by its title (n, p) and by its photo (n, q)."""
        return cls.among(unit_rows(titles, new), unit_rows(photos, new), new)

    @classmethod
    def among(cls, titles: Rows, photos: Rows, new: New = in_memory) -> Neighbourhood:
        """As `of`, for vectors that are of unit length already."""
        return cls(titles, photos, nearest_others(titles, new=new), nearest_others(photos, new=new), new)

    def shown(self, photo_of: Ints | None = None) -> Shown:
        """Every title with its own photo, or with that of the listing `photo_of` (n,)."""
        own = np.arange(len(self.titles))
        lender = own if photo_of is None else photo_of
        return Shown(
            Side.of(self.by_photo, lender, own, self.titles, own, self.new),
            Side.of(self.by_title, own, lender, self.photos, lender, self.new),
        )

    def terms(self, trust: Doubles, photo_of: Ints | None = None) -> Doubles:
        """What neighbours say of each listing, (n, 4); higher is more suspicious in the first two columns.

        With `w_ij = trust_j · exp(−SHARPNESS · (1 − cos_ij))` over the neighbours j of i by photo:

        0. `−Σ_j w_ij cos(title_i, title_j) / Σ_j w_ij`: its photo's neighbours are titled otherwise
        1. the mirror image over the neighbours by title: its title's neighbours show other photos
        2. `log Σ_j w_ij` by photo: how much trusted company the photo has
        3. likewise by title

        :param trust: (n,) probability that each listing's photo is its own
        :param photo_of: (n,) whose photo each title is shown with, by default its own. A listing is never its
            own neighbour, and neither is the one that lends its photo.
        """
        return self.shown(photo_of).terms(trust)


def unit_rows(vectors: Rows, new: New) -> Rows:
    """`unit` of each row, in a new place."""
    made = new(vectors.shape, np.float32)
    for block in blocks(len(vectors)):
        made[block] = unit(vectors[block])
    return made
