"""What a marketplace knows of one type of product: where it is listed, how sellers call it, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def words(text: str) -> tuple[str, ...]:
    """The words and phrases of a list that is written as prose, with commas."""
    return tuple(text.split(", "))


@dataclass(frozen=True)
class ProductType:
    """One type of product; `styles` are those of its drawing."""

    name: str
    category: str
    styles: Mapping[str, tuple[str, ...]]  # style → the nouns that sellers use for it
    colours: tuple[str, ...]  # keys of `drawing.colours.NAMED`
    price: tuple[float, float]  # cheap … dear
    details: tuple[str, ...]  # sizes, materials, technical facts: what a title may add
    brands: tuple[str, ...]  # all invented
    lookalikes: tuple[str, ...] = ()  # types of the same category that are mistaken for it most easily
    fewer_colours: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # styles that come in these only

    def colours_of(self, style: str) -> tuple[str, ...]:
        """The colours in which a style is sold."""
        return self.fewer_colours.get(style, self.colours)
