"""Surfaces and light: wood, linen, stone, and how they look to someone who stands before them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mmquality.data.sample.drawing.colours import RGB, dark, palette, pick

Size = tuple[int, int]  # width, height


Pixels = NDArray[np.floating[Any]]  # (height, width, 3), 0…255


_STONES = palette("e8e6e4 ceced0 b0aeac ded6cc")


_FABRICS = palette("d6ccbc a6b0be bcaaa0 8c988c e2ded6 787c8a c4b6be")


def filled(size: Size, colour: RGB) -> Pixels:
    """One colour all over."""
    return np.full((size[1], size[0], 3), colour, dtype=np.float32)


def noise(size: Size, rng: np.random.Generator, across: int, down: int) -> Pixels:
    """Smooth noise, (height, width, 1) in -1…1, with `across` x `down` lumps."""
    lumps = (rng.random((max(2, down), max(2, across))) * 255).astype(np.uint8)
    grown = Image.fromarray(lumps).resize(size, Image.Resampling.BICUBIC)
    return (np.asarray(grown, dtype=np.float32) / 127.5 - 1)[..., None]


def falloff(size: Size, x: float, y: float, reach: float) -> Pixels:
    """Light of a lamp at (x, y) in units of the photo: 1 there, 0 from `reach` on; (height, width, 1)."""
    across = np.linspace(0, 1, size[0], dtype=np.float32)[None] - np.float32(x)
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None] - np.float32(y)
    return np.clip(1 - np.sqrt(across**2 + down**2) / np.float32(reach), 0, 1)[..., None]


def descent(size: Size) -> Pixels:
    """0 at the top row, 1 at the bottom row; (height, 1, 1)."""
    return np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]


def as_image(pixels: Pixels) -> Image.Image:
    """The pixels as an image; too bright or too dark ones are clipped."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def mean_colour(image: Image.Image) -> RGB:
    """The average colour."""
    red, green, blue = np.asarray(image.resize((1, 1), Image.Resampling.BOX)).ravel().tolist()
    return red, green, blue


def wooden_boards(size: Size, colour: RGB, count: int, rng: np.random.Generator) -> Image.Image:
    """Wooden boards from above, running from left to right."""
    grain = 0.6 * noise(size, rng, 4, size[1] // 3) + 0.4 * noise(size, rng, 9, size[1] // 2)
    tones = rng.normal(0, 0.075, count)
    rows = np.minimum((np.arange(size[1]) * count) // size[1], count - 1)
    pixels = filled(size, colour) * (1 + 0.10 * grain + tones[rows][:, None, None].astype(np.float32))
    seams = np.flatnonzero(np.diff(rows))
    pixels[seams] *= 0.62
    pixels[seams + 1] *= 0.86
    return as_image(pixels)


def linen(size: Size, rng: np.random.Generator) -> Image.Image:
    """Linen or a blanket from above, with a few soft folds."""
    x, y = np.arange(size[0])[None, :, None], np.arange(size[1])[:, None, None]
    weave = 0.035 * (np.sin(x * 2.1) + np.sin(y * 2.1)) + 0.03 * noise(size, rng, size[0] // 2, size[1] // 2)
    folds = 0.075 * noise(size, rng, 3, 5) + 0.03 * noise(size, rng, 9, 3)
    return as_image((filled(size, pick(_FABRICS, rng)) * (1 + weave + folds)).astype(np.float32))


def stone_slab(size: Size, rng: np.random.Generator) -> Image.Image:
    """Marble or concrete from above."""
    clouds = noise(size, rng, 3, 4) + 0.45 * noise(size, rng, 9, 11) + 0.12 * noise(size, rng, 40, 40)
    veins = np.exp(-np.abs(clouds) * 26) * np.clip(noise(size, rng, 4, 4) + 0.2, 0, 1)
    grain = 0.018 * noise(size, rng, 150, 150)
    return as_image(filled(size, pick(_STONES, rng)) * (1 + 0.035 * clouds + grain - 0.16 * veins))


def _tilted(surface: Image.Image, size: Size, horizon: int) -> Image.Image:
    """The surface as seen standing before it, from the row `horizon` down; twice as large at the front."""
    texture = np.asarray(surface)
    near = np.linspace(1, 2, size[1] - horizon)[:, None]  # magnification, row by row
    rows = ((1 - 1 / near) * 2 * (texture.shape[0] - 1)).astype(int)
    columns = (((np.arange(size[0]) / size[0] - 0.5) / near + 0.5) * (texture.shape[1] - 1)).astype(int)
    return Image.fromarray(texture[rows, columns])


def standing_before(ground: Image.Image, size: Size, wall: Image.Image, horizon: int) -> Image.Image:
    """A wall out of focus, and the ground before it."""
    scene = wall.reduce(4).filter(ImageFilter.GaussianBlur(0.8)).resize(size, Image.Resampling.BICUBIC)
    edge = dark(mean_colour(ground), 0.25)
    scene.paste(_tilted(ground, size, horizon), (0, horizon))
    ImageDraw.Draw(scene).line((0, horizon, size[0], horizon), fill=edge)
    return scene
