"""Swapped photos: what a mismatch looks like as long as nobody has labelled one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_TRIES = 8


def swapped_within(fold: Ints, keys: Ints, seed: int) -> Ints:
    """Whose photo each listing is shown with, (n,): a random other listing of its fold.

    Never one that shares a key (title, photo, product). A listing that finds nobody keeps its own photo.
    Random rather than similar ones: weights that were fitted to photos of similar listings mistrust the
    agreement of neighbours, which is right for most listings, and rank worse on every catalogue measured.

    :param fold: (n,); a network that never saw the listing never saw the lender either
    :param keys: (n, 3)
    """
    rng = np.random.default_rng(seed)
    lender = np.arange(len(fold))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        left = rows
        for _ in range(_TRIES):
            drawn = rng.choice(rows, len(left))
            allowed = ~(keys[left] == keys[drawn]).any(axis=1)
            lender[left[allowed]] = drawn[allowed]
            left = left[~allowed]
    return lender
