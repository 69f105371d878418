"""Numbers for what listings share: none is held against another of its title, photo or product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.records import product_of

Ints = npt.NDArray[np.int64]


def keys_of(values: pd.Series[str]) -> Ints:
    """Equal values share a key, (n,)."""
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def keys_of_products(products: Iterable[str | None]) -> Ints:
    """Listings of the same product share a key; one that names none has a key of its own, (n,)."""
    named = [product or f"\0{row}" for row, product in enumerate(products)]  # \0 is in no attribute
    return keys_of(pd.Series(named, dtype="str"))


def product_keys(attributes: pd.Series[Any]) -> Ints:
    """`keys_of_products` of what listings' attributes name.

    One that is in the catalogue no more and has no attributes (NaN) has a key of its own.
    """
    return keys_of_products(product_of(known) if isinstance(known, dict) else None for known in attributes)
