"""What training reads: embeddings, clicks and verdicts of n listings, as arrays in one order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmquality.clicks import Counts
from mmquality.rows import Rows

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TrainingData:
    """Row i of every array is the same listing.

    Embeddings are read by rows when they are asked for; `in_memory` has them at hand.
    `pairs` and the click counts may be empty: what is absent is left out of the loss.
    """

    titles: Rows  # (n, title_dim) pretrained title embeddings
    photos: Rows  # (n, photo_dim) pretrained photo embeddings
    title_key: Ints  # (n,) listings with the same title share a key
    photo_key: Ints  # (n,) likewise for the photo file
    product_key: Ints  # (n,) likewise for the product, where the catalogue names one (else all distinct)
    pairs: Ints  # (m, 2) rows of co-clicked listings
    shown: Counts  # (n, positions) impressions at each place on the page, place 1 first
    clicked: Counts  # (n, positions) how many of them were clicked
    verdict: Floats  # (n,) 1 mismatch, 0 match, NaN where no analyst has spoken

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def keys(self) -> Ints:
        """(n, 3) title, photo and product key: listings that share one are nobody's negatives."""
        return np.stack([self.title_key, self.photo_key, self.product_key], axis=1)

    def in_memory(self) -> TrainingData:
        """The same with all embeddings in memory: for peers, and to be sent to other processes."""
        return replace(self, titles=self.titles[:], photos=self.photos[:])

    def subset(self, rows: Ints) -> TrainingData:
        """The listings `rows` alone, renumbered, their embeddings in memory.

        Pairs with an end outside are dropped.
        """
        new_row = np.full(len(self), -1, dtype=np.int64)
        new_row[rows] = np.arange(len(rows))
        pairs = new_row[self.pairs]
        return TrainingData(
            titles=self.titles[rows],
            photos=self.photos[rows],
            title_key=self.title_key[rows],
            photo_key=self.photo_key[rows],
            product_key=self.product_key[rows],
            pairs=pairs[(pairs >= 0).all(axis=1)] if len(pairs) else pairs,
            shown=self.shown[rows],
            clicked=self.clicked[rows],
            verdict=self.verdict[rows],
        )
