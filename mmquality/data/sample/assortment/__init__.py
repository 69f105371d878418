"""The sample marketplace's assortment: every product type, in its category."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmquality.data.sample.assortment.electronics import ELECTRONICS
from mmquality.data.sample.assortment.fashion import FASHION
from mmquality.data.sample.assortment.home import HOME
from mmquality.data.sample.assortment.leisure import LEISURE
from mmquality.data.sample.assortment.product_type import ProductType, words

PRODUCT_TYPES: Mapping[str, ProductType] = MappingProxyType(
    {product.name: product for product in (*ELECTRONICS, *FASHION, *HOME, *LEISURE)}
)
CATEGORIES: tuple[str, ...] = tuple(dict.fromkeys(product.category for product in PRODUCT_TYPES.values()))

__all__ = ["CATEGORIES", "PRODUCT_TYPES", "ProductType", "words"]
