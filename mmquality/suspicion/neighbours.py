"""What the neighbours of a listing say of its title and photo.

Listings that show much the same photo should be titled alike, and listings titled alike should show alike
photos. Two of the three terms of LEMoN (Zhang et al., ICML 2025), with three changes: a neighbour counts by
how far it is trusted itself, the terms are weighted means (a lonely listing is not thereby innocent), and how
much company a listing has stands beside them, so that their weight can depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmquality.index import NeighbourIndex, unit

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEIGHBOURS = 20
SHARPNESS = 14.0  # a neighbour at cosine 0.95 counts half of one at 1
_COMPANY = 1e-3  # company of a listing that has none; its logarithm is taken
_BLOCK = 1_024  # listings whose neighbours' vectors are gathered at a time


@dataclass(frozen=True)
class Near:
    """The k listings nearest to each, itself left out, nearest first."""

    rows: Ints  # (n, k)
    cosine: Floats  # (n, k)


def nearest_others(vectors: Floats, k: int = NEIGHBOURS) -> Near:
    """The min(k, n − 1) nearest other rows of `vectors` (n, d) by cosine."""
    index = NeighbourIndex.build(vectors, [""] * len(vectors))
    rows, distances = index.search_others(vectors, np.arange(len(vectors)), k)
    return Near(rows, (1 - distances**2 / 2).astype(np.float32))


@dataclass(frozen=True)
class Neighbourhood:
    """Titles and photos as unit vectors of their own spaces, and who is near whom in each."""

    titles: Floats  # (n, p)
    photos: Floats  # (n, q)
    by_title: Near
    by_photo: Near

    @classmethod
    def of(cls, titles: Floats, photos: Floats) -> Neighbourhood:
        """Look up the neighbours of every listing by its title (n, p) and by its photo (n, q)."""
        titles, photos = unit(titles), unit(photos)
        return cls(titles, photos, nearest_others(titles), nearest_others(photos))

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
        own = np.arange(len(self.titles))
        lender = own if photo_of is None else photo_of
        terms = np.zeros((len(own), 4))
        for start in range(0, len(own), _BLOCK):
            rows = own[start : start + _BLOCK]
            shown = lender[rows]
            titled, company = disagreement(self.by_photo, trust, shown, rows, self.titles, self.titles[rows])
            pictured, known = disagreement(self.by_title, trust, rows, shown, self.photos, self.photos[shown])
            terms[rows] = np.stack([titled, pictured, company, known], axis=1)
        return terms


def disagreement(
    near: Near, trust: Doubles, of: Ints, besides: Ints, vectors: Floats, own: Floats
) -> tuple[Doubles, Doubles]:
    """Mean unlikeness of `own` (b, d) to the `vectors` of the neighbours of rows `of`, and their company.

    `besides` (b,) is left out of the neighbours.
    """
    rows = near.rows[of]
    weight = trust[rows] * np.exp(-SHARPNESS * (1 - near.cosine[of].astype(np.float64)))
    weight[rows == besides[:, None]] = 0
    likeness = np.einsum("bd,bkd->bk", own, vectors[rows])
    company = weight.sum(axis=1)
    return -(weight * likeness).sum(axis=1) / (company + 1e-9), np.log(company + _COMPANY)
