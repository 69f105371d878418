"""Colours: the names that sellers use, and the arithmetic of light and dark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RGB = tuple[int, int, int]
RGBA = tuple[int, int, int, int]
Colour = RGB | RGBA


def palette(hexes: str) -> tuple[RGB, ...]:
    """The colours of a list of RRGGBB codes."""
    return tuple((code[0], code[1], code[2]) for code in map(bytes.fromhex, hexes.split()))


# What a drawing makes of a colour word; a listing's own colour is jittered around it.
NAMED: dict[str, RGB] = {
    "black": (38, 39, 43),
    "white": (240, 239, 234),
    "grey": (132, 136, 142),
    "silver": (196, 200, 206),
    "red": (200, 44, 44),
    "burgundy": (112, 28, 46),
    "pink": (238, 142, 170),
    "orange": (236, 126, 40),
    "yellow": (246, 200, 52),
    "gold": (212, 168, 72),
    "green": (62, 142, 82),
    "olive": (112, 116, 62),
    "teal": (32, 138, 142),
    "blue": (44, 104, 196),
    "light blue": (136, 188, 226),
    "navy": (34, 48, 92),
    "purple": (122, 74, 164),
    "brown": (120, 78, 50),
    "tan": (190, 146, 98),
    "beige": (222, 204, 174),
    "copper": (184, 110, 72),
}

WHITE: RGB = (255, 255, 255)
INK: RGB = (26, 27, 31)
STEEL: RGB = (186, 191, 198)
BRASS: RGB = (206, 168, 84)
GOLD: RGB = (222, 178, 82)
RUBBER: RGB = (44, 45, 49)
CREAM: RGB = (244, 236, 216)
WOODS = palette("b07a4a 8e5c36 cea06c 68422a be885c")
LEATHERS = palette("7a4c2c 462e22 a67042 2c2624")
# What shines on a screen: from the upper left to the lower right.
_SCREEN_LIGHTS = palette("fa966e 50bee6 fac878 82dcb4 dcbefa")
_SCREEN_DEPTHS = palette("5a3ca0 1e3c8c dc506e 1e6478 5048be")
SCREENS = tuple(zip(_SCREEN_LIGHTS, _SCREEN_DEPTHS, strict=True))


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`first` with `share` (0…1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def light(colour: RGB, share: float = 0.3) -> RGB:
    """`colour` where light falls on it; a touch warm, as lamps are."""
    return mix(colour, (255, 252, 244), share)


def dark(colour: RGB, share: float = 0.3) -> RGB:
    """`colour` in the shade; a touch cool, as shade is."""
    return mix(colour, (14, 14, 26), share)


def clear(colour: RGB, alpha: float) -> RGBA:
    """`colour` at `alpha` (0 = cannot be seen, 1 = opaque)."""
    return (*colour, round(255 * alpha))


def luminance(colour: RGB) -> float:
    """How bright a colour looks, 0…1."""
    red, green, blue = colour
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def against(colour: RGB) -> RGB:
    """Dark on light colours, light on dark ones: what prints readably on `colour`."""
    return dark(colour, 0.75) if luminance(colour) > 0.55 else light(colour, 0.85)


def jittered(colour: RGB, rng: np.random.Generator, spread: float = 9.0) -> RGB:
    """`colour` as one factory's batch differs from the next."""
    shifts = rng.normal(0.0, spread, 3) * 0.5 + rng.normal(0.0, spread)
    channels = np.clip(np.array(colour) + shifts, 8, 248).astype(int).tolist()
    return channels[0], channels[1], channels[2]


def pick(colours: Sequence[RGB], rng: np.random.Generator) -> RGB:
    """One of `colours`, slightly jittered."""
    return jittered(colours[int(rng.integers(len(colours)))], rng, 5.0)
