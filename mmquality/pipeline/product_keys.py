"""Which listings show the same product, by what they name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmquality.records import product_of

Ints = npt.NDArray[np.int64]


def product_keys(attributes: pd.Series[Any]) -> Ints:
    """Listings that name the same product share a key; one that names none, or that is in the catalogue no
    more and has no attributes (NaN), has a key of its own."""
    return keys_of_products(product_of(known) if isinstance(known, dict) else None for known in attributes)


def keys_of_products(products: Iterable[str | None]) -> Ints:
    """`product_keys` of products that were read before; None where a listing names none."""
    named = [product or f"\0{row}" for row, product in enumerate(products)]  # \0 is in no attribute
    return np.asarray(pd.factorize(pd.Series(named, dtype="str"))[0], dtype=np.int64)
