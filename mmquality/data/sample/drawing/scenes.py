"""Scenes: what lies behind and below the product, drawn at the photo's own resolution.

A scene is *upright* (a wall, and a ground on which the product stands) or *from above* (a surface on which
it lies).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from mmquality.data.sample.drawing.colours import RGB, WOODS, dark, light, mix, palette, pick
from mmquality.data.sample.drawing.outdoors import garden, street
from mmquality.data.sample.drawing.surfaces import (
    Size,
    as_image,
    descent,
    falloff,
    filled,
    linen,
    mean_colour,
    noise,
    standing_before,
    stone_slab,
    wooden_boards,
)

_WALLS = palette("e8e4dc d6dee0 e2d6ca ced6cc c4ceda eeeae2 b2beba")


_PAPERS = palette("f4d6ce d0e2ee e2ead4 f6e8c4 e0d8ee cee8e2 f0dee2")


_CARPETS = palette("b0a496 969ca4 c4bcb0 867a70")


def _seamless(size: Size, colour: RGB, rng: np.random.Generator) -> Image.Image:
    """A paper sweep: the wall bends into the floor without an edge."""
    bend = 1 / (1 + np.exp(-(descent(size) - rng.uniform(0.60, 0.70)) * rng.uniform(14, 40)))
    wall, floor = np.array(dark(colour, 0.10), np.float32), np.array(light(colour, 0.30), np.float32)
    lamp = falloff(size, rng.uniform(0.2, 0.7), rng.uniform(0.1, 0.5), 1.1)
    return as_image(wall * (1 - bend) + floor * bend + 26 * (lamp - 0.5))


def studio(size: Size, rng: np.random.Generator) -> Image.Image:
    """White or light grey paper, as in a shop's own photos."""
    grey = int(rng.integers(216, 250))
    return _seamless(size, (grey, grey, grey), rng)


def pastel(size: Size, rng: np.random.Generator) -> Image.Image:
    """Coloured paper."""
    return _seamless(size, pick(_PAPERS, rng), rng)


def dim_studio(size: Size, rng: np.random.Generator) -> Image.Image:
    """Dark paper with one lamp behind the product."""
    tone = int(rng.integers(52, 92))
    pixels = filled(size, (tone, tone + 2, tone + 7)) * (1.15 - 0.5 * descent(size))
    return as_image(pixels + 84 * falloff(size, 0.5, 0.5, 0.75))


def _wall(size: Size, rng: np.random.Generator) -> Image.Image:
    lamp = falloff(size, rng.uniform(0, 1), rng.uniform(0, 0.4), 1.2)
    return as_image(filled(size, pick(_WALLS, rng)) * (0.86 + 0.2 * lamp))


def _horizon(size: Size, rng: np.random.Generator) -> int:
    return round(size[1] * rng.uniform(0.60, 0.72))


def _decorated(wall: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The wall with a picture or a window on it, or bare; it will be out of focus."""
    draw, (width, height) = ImageDraw.Draw(wall), wall.size
    plaster, left, kind = mean_colour(wall), int(rng.uniform(-0.05, 0.75) * width), rng.random()
    right, bottom = left + int(rng.uniform(0.2, 0.34) * width), int(rng.uniform(0.3, 0.5) * height)
    if kind < 0.3:
        draw.rectangle((left, 12, right, bottom), fill=dark(plaster, 0.35))
        draw.rectangle((left + 6, 18, right - 6, bottom - 6), fill=pick(_PAPERS, rng))
        motif = mix(pick(_PAPERS, rng), (90, 120, 140), 0.4)
        draw.ellipse((left + 16, 34, right - 14, bottom - 14), fill=motif)
    elif kind < 0.6:
        right += 30
        middle = (left + right) // 2
        draw.rectangle((left, 0, right, bottom), fill=(250, 252, 255))
        draw.line((middle, 0, middle, bottom), fill=plaster, width=7)
        draw.line((left, bottom // 2, right, bottom // 2), fill=plaster, width=7)
    return wall


def table(size: Size, rng: np.random.Generator) -> Image.Image:
    """A wooden table before a wall."""
    boards = wooden_boards(size, pick(WOODS, rng), int(rng.integers(4, 8)), rng)
    return standing_before(boards, size, _decorated(_wall(size, rng), rng), _horizon(size, rng))


def room(size: Size, rng: np.random.Generator) -> Image.Image:
    """A living room: a wall with a picture or a window, and a floor of wood or carpet."""
    if rng.random() < 0.6:
        floor = wooden_boards(size, pick(WOODS, rng), int(rng.integers(7, 11)), rng)
    else:
        floor = as_image(filled(size, pick(_CARPETS, rng)) * (1 + 0.09 * noise(size, rng, 90, 90)))
    wall, horizon = _decorated(_wall(size, rng), rng), _horizon(size, rng)
    scene = standing_before(floor, size, wall, horizon)
    skirting = light(mean_colour(wall), 0.55)
    ImageDraw.Draw(scene).rectangle((0, horizon - 9, size[0], horizon - 1), fill=skirting)
    return scene


def counter(size: Size, rng: np.random.Generator) -> Image.Image:
    """A stone worktop before a wall."""
    slab = stone_slab(size, rng)
    return standing_before(slab, size, _decorated(_wall(size, rng), rng), _horizon(size, rng))


def boards(size: Size, rng: np.random.Generator) -> Image.Image:
    """Wooden boards from above."""
    surface = wooden_boards(size, pick(WOODS, rng), int(rng.integers(3, 6)), rng)
    return surface.transpose(Image.Transpose.ROTATE_90).resize(size) if rng.random() < 0.4 else surface


Scene = Callable[[Size, np.random.Generator], Image.Image]


UPRIGHT: dict[str, Scene] = {
    "studio": studio,
    "pastel": pastel,
    "dim": dim_studio,
    "table": table,
    "room": room,
    "counter": counter,
    "street": street,
    "garden": garden,
}
FROM_ABOVE: dict[str, Scene] = {"boards": boards, "fabric": linen, "stone": stone_slab}
SCENES: dict[str, Scene] = UPRIGHT | FROM_ABOVE
